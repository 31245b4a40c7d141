import type { TopicPartition } from '@kafkaesque/client';
import {
  arrayOf,
  fieldOf,
  integerOf,
  objectOf,
  parsedJson,
  repeatedOf,
  textOf,
  unreadable,
} from '../command-line/json-fields';
import type { JsonObject } from '../command-line/json-fields';

/** Where a partition is to be, or is. */
export interface Assignment extends TopicPartition {
  readonly replicas: readonly number[];
}

/** One replica: a partition on a broker. */
export interface Replica extends TopicPartition {
  readonly broker: number;
}

/** A replica, and the log directory that it is to be in. */
export interface Placement extends Replica {
  readonly path: string;
}

/** What a reassignment file says. */
export interface AssignmentFile {
  readonly assignments: readonly Assignment[];
  /** Only replicas whose directory is named. */
  readonly placements: readonly Placement[];
}

/** A replica of which it does not matter in which directory it is. */
const ANY_DIRECTORY = 'any';
const VERSION = 1;

export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;
export const replicaName = (replica: Replica): string => `${partitionName(replica)}-${replica.broker}`;

/** By topic, then by number. */
export const byPartition = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
/** By broker, then by partition. */
export const byReplica = (a: Replica, b: Replica): number => a.broker - b.broker || byPartition(a, b);

/** Fails with UNREADABLE_FILE for another version than the one that there is. */
const checkVersion = ({ version }: JsonObject): void => {
  const number = version === undefined ? VERSION : integerOf(version);
  if (number !== VERSION) throw unreadable(`Not supported version field value ${number}`);
};

const fileOf = (text: string): JsonObject => {
  const parsed = parsedJson(text);
  if (parsed === undefined) throw unreadable('The input string is not a valid JSON');
  const file = objectOf(parsed);
  checkVersion(file);
  return file;
};

/** A reassignment file's text. Fails with UNREADABLE_FILE and Kafka's sentence. */
export const parseAssignments = (text: string): AssignmentFile => {
  const { partitions = [] } = fileOf(text);
  const assignments: Assignment[] = [];
  const placements: Placement[] = [];
  for (const one of arrayOf(partitions)) {
    const fields = objectOf(one);
    const topic = textOf(fieldOf(fields, 'topic'));
    const partition = integerOf(fieldOf(fields, 'partition'));
    const replicas = arrayOf(fieldOf(fields, 'replicas')).map(integerOf);
    const { log_dirs: named } = fields;
    const paths = named === undefined ? replicas.map(() => ANY_DIRECTORY) : arrayOf(named).map(textOf);
    if (paths.length !== replicas.length) {
      throw unreadable(
        `Size of replicas list [${replicas.join(', ')}] is different from size of log dirs list ` +
          `[${paths.join(', ')}] for partition ${topic}-${partition}`,
      );
    }
    assignments.push({ topic, partition, replicas });
    replicas.forEach((broker, index) => {
      const path = paths[index] ?? ANY_DIRECTORY;
      if (path !== ANY_DIRECTORY) placements.push({ topic, partition, broker, path });
    });
  }
  return { assignments, placements };
};

/** The same for `--execute`, which wants each partition once and each replica once. */
export const parseNewAssignments = (text: string): AssignmentFile => {
  const file = parseAssignments(text);
  const { assignments } = file;
  if (assignments.length === 0) throw unreadable('Partition reassignment list cannot be empty');
  if (assignments.some(({ replicas }) => replicas.length === 0))
    throw unreadable('Partition replica list cannot be empty');
  const repeated = repeatedOf(assignments.map(partitionName));
  if (repeated.length > 0)
    throw unreadable(`Partition reassignment contains duplicate topic partitions: ${repeated.join(',')}`);
  const twice = assignments.flatMap((one) => {
    const brokers = repeatedOf(one.replicas);
    return brokers.length === 0
      ? []
      : [`${partitionName(one)} contains multiple entries for ${brokers.join(',')}`];
  });
  if (twice.length > 0)
    throw unreadable(`Partition replica lists may not contain duplicate entries: ${twice.join('. ')}`);
  return file;
};

/** The topics of a `--topics-to-move-json-file`. */
export const parseTopics = (text: string): readonly string[] => {
  const { topics = [] } = fileOf(text);
  const names = arrayOf(topics).map((one) => textOf(fieldOf(objectOf(one), 'topic')));
  const repeated = repeatedOf(names);
  if (repeated.length > 0)
    throw unreadable(`List of topics to reassign contains duplicate entries: [${repeated.join(', ')}]`);
  return names;
};

/** Assignments as a reassignment file; `directories` names those that are known, by `replicaName`. */
export const formatAssignments = (
  assignments: readonly Assignment[],
  directories: ReadonlyMap<string, string> = new Map(),
): string =>
  JSON.stringify({
    version: VERSION,
    partitions: [...assignments].sort(byPartition).map(({ topic, partition, replicas }) => ({
      ...{ topic, partition, replicas },
      log_dirs: replicas.map(
        (broker) => directories.get(replicaName({ topic, partition, broker })) ?? ANY_DIRECTORY,
      ),
    })),
  });
