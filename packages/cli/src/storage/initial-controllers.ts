import { BrokerId } from '@kafkaesque/kernel';
import type { Voter } from '@kafkaesque/protocol';
import { parseUuid } from '../command-line/java-uuid';
import { UsageError } from '../command-line/usage-error';

const LARGEST_PORT = 65_535;
const LARGEST_ID = 2 ** 31 - 1;
/** The levels of `kraft.version` that every voter of this release can do. */
const KRAFT_VERSION_RANGE = { min: 0, max: 1 };

/** A voter as the quorum knows it, from what a command line or the node's own properties say. */
export const voterOf = (
  nodeId: number,
  directoryId: string,
  endpoint: { readonly name: string; readonly host: string; readonly port: number },
): Voter => ({
  nodeId: BrokerId(nodeId),
  directoryId,
  endpoints: [endpoint],
  kraftVersion: KRAFT_VERSION_RANGE,
});

/**
 * Reads `--initial-controllers`: `id@host:port:directoryId`, separated by commas, an IPv6 host in brackets.
 * `listenerName` is that of the controllers' listener. Fails with UsageError in Kafka's words.
 */
export const parseInitialControllers = (text: string, listenerName: string): readonly Voter[] => {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new UsageError('No voters given.');
  const voters = new Map<number, Voter>();
  for (const item of items) {
    const voter = parseVoter(item, listenerName);
    if (voters.has(voter.nodeId))
      throw new UsageError(`Node id ${voter.nodeId} was specified more than once.`);
    voters.set(voter.nodeId, voter);
  }
  return [...voters.values()].sort((a, b) => a.nodeId - b.nodeId);
};

const parseVoter = (item: string, listenerName: string): Voter => {
  const [idText, place] = halves(item, '@', 'No @ found in dynamic voter string.');
  if (idText === '') throw new UsageError('Invalid @ at beginning of dynamic voter string.');
  const nodeId = integer(idText, LARGEST_ID, 'node id');
  if (nodeId < 0) throw new UsageError(`Invalid negative node id ${nodeId} in dynamic voter string.`);
  const { host, rest } = parseHost(place);
  const [portText, directoryText] = halves(rest, ':', 'No colon following port could be found.');
  const port = integer(portText, LARGEST_ID, 'port');
  if (port < 0 || port > LARGEST_PORT) throw new UsageError(`Invalid port ${port} in dynamic voter string.`);
  const directory = parseUuid(directoryText);
  if (directory.kind === 'wrong')
    throw new UsageError('Failed to parse directory ID in dynamic voter string.');
  // Kafka formats with such an id, and then refuses to start.
  if (isReserved(directory.text))
    throw new UsageError(`Invalid reserved directory ID ${directory.text} in dynamic voter string.`);
  return voterOf(nodeId, directory.text, { name: listenerName, host, port });
};

/** The first hundred UUIDs stand for something else than a directory (KIP-858). */
const isReserved = (uuid: string): boolean => {
  const bytes = Buffer.from(uuid, 'base64url');
  return bytes.subarray(0, -1).every((byte) => byte === 0) && (bytes.at(-1) ?? 0) < 100;
};

const parseHost = (place: string): { readonly host: string; readonly rest: string } => {
  if (place === '') throw new UsageError('No hostname found after node id.');
  if (!place.startsWith('[')) {
    const [host, rest] = halves(place, ':', 'No colon following hostname could be found.');
    return { host, rest };
  }
  const end = place.indexOf(']');
  if (end < 0) throw new UsageError('Hostname began with left bracket, but no right bracket was found.');
  const rest = place.slice(end + 1);
  if (!rest.startsWith(':')) throw new UsageError('Port section must start with a colon.');
  return { host: place.slice(1, end), rest: rest.slice(1) };
};

/** What stands before and behind the first separator. */
const halves = (text: string, separator: string, complaint: string): readonly [string, string] => {
  const at = text.indexOf(separator);
  if (at < 0) throw new UsageError(complaint);
  return [text.slice(0, at), text.slice(at + 1)];
};

const integer = (text: string, max: number, what: string): number => {
  const number = Number(text);
  if (/^[-+]?\d+$/.test(text) && Math.abs(number) <= max) return number;
  throw new UsageError(`Failed to parse ${what} in dynamic voter string.`);
};
