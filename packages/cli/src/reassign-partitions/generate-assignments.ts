import type { Random } from '@kafkaesque/kernel';
import type { Admin } from '@kafkaesque/client';
import type { PlacementBroker } from '@kafkaesque/metadata';
import { repeatedOf } from '../command-line/json-fields';
import { metadata } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { formatAssignments, parseTopics } from './assignment-file';
import type { Assignment } from './assignment-file';
import { assignmentsOfTopics, currentDirectories } from './current-assignments';
import { refused } from './refusal';

export interface GenerateWish {
  /** Of the `--topics-to-move-json-file`. */
  readonly text: string;
  readonly brokerList: string;
  readonly isRackAware: boolean;
  readonly random: Random;
}

/** Prints where the topics' partitions are, and where they might be instead. */
export const generateAssignments = async (
  admin: Admin,
  terminal: Terminal,
  { text, brokerList, isRackAware, random }: GenerateWish,
): Promise<void> => {
  const ids = brokerList.split(',').map(brokerId);
  const repeated = repeatedOf(ids);
  if (repeated.length > 0) throw refused(`Broker list contains duplicate entries: [${repeated.join(', ')}]`);
  const topics = parseTopics(text);
  const current = await assignmentsOfTopics(admin, topics);
  const brokers = await placementBrokers(admin, new Set(ids), isRackAware);
  const proposed = proposedAssignments(current, brokers, random);
  const directories = await currentDirectories(admin, current);
  terminal.out(`Current partition replica assignment\n${formatAssignments(current, directories)}\n\n`);
  terminal.out(`Proposed partition reassignment configuration\n${formatAssignments(proposed)}\n`);
};

const brokerId = (text: string): number => {
  if (!/^[-+]?\d+$/.test(text)) throw refused(`For input string: "${text}"`);
  return Number(text);
};

/** Those of the brokers that there are. */
const placementBrokers = async (
  admin: Admin,
  wanted: ReadonlySet<number>,
  isRackAware: boolean,
): Promise<readonly PlacementBroker[]> => {
  const { nodes } = await admin.describeCluster();
  const brokers = nodes
    .filter(({ id }) => wanted.has(id))
    .map(({ id, rack }) => ({ brokerId: id, rack: isRackAware ? rack : null, active: true }));
  const rackless = brokers.filter(({ rack }) => rack === null).length;
  if (rackless !== 0 && rackless !== brokers.length) {
    throw refused(
      'Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment ' +
        'without rack information.',
    );
  }
  return brokers;
};

/** Places each topic anew, as if it were created with as many partitions and replicas. */
export const proposedAssignments = (
  current: readonly Assignment[],
  brokers: readonly PlacementBroker[],
  random: Random,
): readonly Assignment[] => {
  const topics = [...new Set(current.map(({ topic }) => topic))];
  return topics.flatMap((topic) => {
    const own = current.filter((one) => one.topic === topic);
    const factor = own[0]?.replicas.length ?? 0;
    // Without any broker the placement would speak of fenced ones.
    const placement =
      brokers.length === 0
        ? { kind: 'impossible' as const, reason: noBrokers(factor) }
        : metadata().placeStriped(brokers, own.length, factor, random);
    if (placement.kind === 'impossible') throw refused(placement.reason);
    return placement.replicas.map((replicas, partition) => ({ topic, partition, replicas }));
  });
};

const noBrokers = (factor: number): string =>
  `The target replication factor of ${factor} cannot be reached because only 0 broker(s) are registered or some ` +
  'brokers have all their log directories cordoned.';
