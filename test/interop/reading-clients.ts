import { askProgram } from './client-programs';
import { found } from './found-clients';
import { linesOf, runToSuccess } from './program';
import { ownReader } from './own-client';
import type { PackedRow, ReadRow, Starts } from './rows';
import { fromTheBeginning, unpackRow } from './rows';
import { readStored } from './stored-batches';

export interface ReadingClient {
  readonly name: string;
  /** Reads assigned partitions from where it is told to their ends; within a partition in the order of the log. */
  read(bootstrap: string, topic: string, starts?: Starts): Promise<readonly ReadRow[]>;
}

const inProcess =
  (command: string, program: string) =>
  async (
    bootstrap: string,
    topic: string,
    starts: Starts = fromTheBeginning,
  ): Promise<readonly ReadRow[]> => {
    const question = { ask: 'consume', topic, starts: Object.fromEntries(starts) };
    const read = (await askProgram(command, program, bootstrap, question)) as readonly PackedRow[];
    return read.map(unpackRow);
  };

interface KcatEnvelope {
  readonly partition: number;
  readonly offset: number;
  readonly tstype: string;
  readonly ts: number;
  readonly headers?: readonly (string | null)[];
  readonly key: string | null;
  readonly payload: string | null;
}

/** kcat writes bytes as they are into its JSON: read as Latin-1, every byte survives as one character. */
const kcatRow = (line: string): ReadRow => {
  const envelope = JSON.parse(line) as KcatEnvelope;
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'latin1'));
  const parts = envelope.headers ?? [];
  return {
    partition: envelope.partition,
    offset: envelope.offset,
    key: bytes(envelope.key),
    value: bytes(envelope.payload),
    timestampMs: envelope.ts,
    timestampType: envelope.tstype === 'logappend' ? 'append' : envelope.tstype,
    headers: parts.flatMap((part, at) =>
      at % 2 === 0 ? [[bytes(part)?.toString() ?? '', bytes(parts[at + 1] ?? null)] as const] : [],
    ),
  };
};

const kcat = (command: string): ReadingClient => ({
  name: 'kcat',
  async read(bootstrap, topic, starts = fromTheBeginning) {
    const settings = ['-e', '-q', '-J', '-m', '60', '-X', 'check.crcs=true', '-X', 'fetch.wait.max.ms=50'];
    // Without a partition it assigns itself all of them: one process instead of one for each.
    const wholes = starts === fromTheBeginning;
    const places = wholes
      ? [['-o', 'beginning']]
      : [...starts].map(([partition, offset]) => [
          '-p',
          String(partition),
          '-o',
          String(offset ?? 'beginning'),
        ]);
    const parts = await Promise.all(
      places.map((place) =>
        runToSuccess(command, ['-C', '-b', bootstrap, '-t', topic, ...place, ...settings]),
      ),
    );
    return parts.flatMap((output) => linesOf(output, 'latin1').map(kcatRow));
  },
});

/** What the server stores, fetched and opened with this project's own protocol package. */
export const stored: ReadingClient = {
  name: 'the stored batches',
  async read(bootstrap, topic, starts = fromTheBeginning) {
    const batches = await readStored(bootstrap, topic, [...starts.keys()]);
    return batches.flatMap(({ partition, header, records }) =>
      records
        .filter(({ offset }) => offset >= (starts.get(partition) ?? 0))
        .map((record) => ({
          partition,
          offset: record.offset,
          key: record.key,
          value: record.value,
          timestampMs: record.timestampMs,
          timestampType: header.timestampType === 'CreateTime' ? 'create' : 'append',
          headers: record.headers.map(({ key, value }) => [key, value] as const),
        })),
    );
  },
};

/** Every client that can read assigned partitions on this machine. */
export const readingClients: readonly ReadingClient[] = [
  stored,
  ownReader,
  ...(found.kcat === undefined ? [] : [kcat(found.kcat)]),
  ...(found.confluent === undefined
    ? []
    : [{ name: 'confluent-kafka', read: inProcess(found.confluent, 'confluent.py') }]),
  ...(found.aiokafka === undefined ? [] : [{ name: 'aiokafka', read: inProcess(found.aiokafka, 'aio.py') }]),
];
