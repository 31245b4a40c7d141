import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import type {
  ComparedReplica,
  FileFinding,
  InspectedDirectory,
  ReplicaComparison,
} from '@kafkaesque/storage';
import { storage } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { topicNames } from './topic-names';

/** One directory: what was found in it, or why it cannot be looked into. */
interface CheckedDirectory {
  readonly path: string;
  readonly inspected: InspectedDirectory | undefined;
  /** Of its metadata log, if it has one. */
  readonly metadata: readonly FileFinding[];
  /** What a start would refuse it for. */
  readonly refusal: string | undefined;
}

/** A partition of which several directories have a replica. */
interface CheckedPartition extends ReplicaComparison {
  readonly topicId: string;
  readonly partition: number;
  readonly nodes: readonly number[];
}

/** What makes a start fail, and is damage: a finding, not a reason to stop looking. */
const REFUSALS = ['DAMAGED_META_PROPERTIES', 'UNSUPPORTED_FORMAT', 'MISPLACED_FILES'] as const;

/** Of topics by id, as far as the metadata in the directories tell them. */
type TopicNames = ReadonlyMap<string, string>;

/** Checks and prints. Resolves with 1 when anything is damaged or replicas differ. */
export const checkDirectories = async (
  paths: readonly string[],
  terminal: Terminal,
  isJson: boolean,
): Promise<number> => {
  const disk = storage().openNodeDisk();
  const directories: CheckedDirectory[] = [];
  try {
    for (const path of paths) directories.push(await check(disk, path));
    refuseMixture(directories);
    const partitions = await comparePartitions(directories);
    const isFine = directories.every(isUndamaged) && partitions.every(isSame);
    const names: TopicNames = new Map(
      (await Promise.all(paths.map((path) => topicNames(disk, path)))).flatMap((known) => [...known]),
    );
    if (isJson) terminal.out(`${JSON.stringify(forScripts(directories, partitions, names, isFine))}\n`);
    else for (const line of lines(directories, partitions, names)) terminal.out(`${line}\n`);
    return isFine ? 0 : 1;
  } finally {
    for (const { inspected } of directories) await inspected?.[Symbol.asyncDispose]();
  }
};

const check = async (disk: Disk, path: string): Promise<CheckedDirectory> => {
  const names = new Set((await disk.list(path)).map(({ name }) => name));
  const holdsMetadata = names.has('metadata');
  const metadata = holdsMetadata ? await storage().verifyMetadata(disk, `${path}/metadata`) : [];
  try {
    const inspected = await storage().inspectLogDirectory({ disk, path });
    return { path, inspected, metadata, refusal: undefined };
  } catch (error) {
    if (!REFUSALS.some((code) => hasCode(error, code))) throw error;
    return { path, inspected: undefined, metadata, refusal: messageOf(error) };
  }
};

const refuseMixture = (directories: readonly CheckedDirectory[]): void => {
  const [first, ...others] = directories.flatMap(({ inspected }) => inspected ?? []);
  const other = others.find(({ clusterId }) => clusterId !== first?.clusterId);
  if (first === undefined || other === undefined) return;
  throw new Failure(
    'MIXED_CLUSTERS',
    `${first.path} belongs to cluster ${first.clusterId}, ${other.path} to ${other.clusterId}: check them one cluster at a time`,
  );
};

const comparePartitions = async (
  directories: readonly CheckedDirectory[],
): Promise<readonly CheckedPartition[]> => {
  const replicas = new Map<string, ComparedReplica[]>();
  for (const { inspected } of directories) {
    for (const log of inspected?.logs ?? []) {
      const key = `${log.topicId}-${log.partition}`;
      const known = replicas.get(key) ?? [];
      replicas.set(key, known);
      known.push({ nodeId: inspected?.nodeId ?? -1, log });
    }
  }
  const compared: CheckedPartition[] = [];
  for (const several of replicas.values()) {
    const [first] = several;
    if (first === undefined || several.length < 2) continue;
    const { topicId, partition } = first.log;
    const nodes = several.map(({ nodeId }) => nodeId);
    compared.push({ topicId, partition, nodes, ...(await storage().compareReplicas(several)) });
  }
  return compared;
};

const isUndamaged = ({ inspected, metadata, refusal }: CheckedDirectory): boolean =>
  refusal === undefined &&
  metadata.every(({ kind }) => kind !== 'corrupt') &&
  inspected !== undefined &&
  inspected.report.corruption.length === 0 &&
  inspected.logs.every(({ findings }) =>
    findings.every(({ kind }) => kind !== 'corrupt' && kind !== 'suspect'),
  );

const isSame = ({ differences }: CheckedPartition): boolean =>
  differences.every(({ kind }) => kind !== 'different');

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** A partition as a user knows it: by its topic's name where that is known. */
const partitionName = (names: TopicNames, topicId: string, partition: number): string =>
  `${names.get(topicId) ?? topicId}-${partition}`;

const lines = (
  directories: readonly CheckedDirectory[],
  partitions: readonly CheckedPartition[],
  names: TopicNames,
): readonly string[] => [
  ...directories.flatMap((directory) => directoryLines(directory, names)),
  ...partitions.flatMap(({ topicId, partition, differences }) =>
    differences.map(
      ({ kind, offset, message }) =>
        `${partitionName(names, topicId, partition)}: ${kind} from offset ${offset} on: ${message}`,
    ),
  ),
  ...(directories.length > 1 ? [comparisonLine(partitions)] : []),
];

const directoryLines = (
  { path, inspected, metadata, refusal }: CheckedDirectory,
  names: TopicNames,
): readonly string[] => [
  ...metadata.map(({ message }) => message),
  ...(refusal === undefined ? [] : [`corrupt: ${refusal}`]),
  ...(inspected === undefined ? [] : [summaryLine(inspected)]),
  ...(inspected?.report.corruption ?? []).map((message) => `corrupt: ${path}: ${message}`),
  ...(inspected?.logs ?? []).flatMap(({ topicId, partition, findings }) =>
    findings.map(({ kind, message }) =>
      // Its directory has the topic's id for a name.
      names.has(topicId)
        ? `${kind}: ${partitionName(names, topicId, partition)}: ${message}`
        : `${kind}: ${message}`,
    ),
  ),
];

const summaryLine = ({ path, nodeId, clusterId, report, logs }: InspectedDirectory): string => {
  const sum = (of: (log: InspectedDirectory['logs'][number]) => number): number =>
    logs.reduce((total, log) => total + of(log), 0);
  const stop = report.cleanShutdown ? 'stopped cleanly' : 'not stopped cleanly';
  const { rounds } = report.journal;
  return (
    `${path}: node ${nodeId} of cluster ${clusterId}, ${stop}: ${counted(logs.length, 'partition')}, ` +
    `${counted(
      sum(({ segments }) => segments),
      'segment',
    )}, ` +
    `${sum(({ batches }) => batches)} batches, ${sum(({ sizeBytes }) => sizeBytes)} bytes` +
    (rounds === 0 ? '' : `, of which the journal has ${counted(rounds, 'round')}`)
  );
};

const comparisonLine = (partitions: readonly CheckedPartition[]): string => {
  const differing = partitions.filter(({ differences }) => differences.length > 0).length;
  const result = differing === 0 ? 'no differences' : `differences in ${differing}`;
  return `compared the replicas of ${counted(partitions.length, 'partition')}: ${result}`;
};

const forScripts = (
  directories: readonly CheckedDirectory[],
  partitions: readonly CheckedPartition[],
  names: TopicNames,
  isFine: boolean,
): object => ({
  fine: isFine,
  directories: directories.map(({ path, inspected, metadata, refusal }) => ({
    path,
    refusal: refusal ?? null,
    clusterId: inspected?.clusterId ?? null,
    nodeId: inspected?.nodeId ?? null,
    directoryId: inspected?.directoryId ?? null,
    cleanShutdown: inspected?.report.cleanShutdown ?? null,
    corruption: inspected?.report.corruption ?? [],
    metadata,
    logs: (inspected?.logs ?? []).map(
      ({ topicId, partition, logStart, endOffset, segments, batches, sizeBytes, findings }) => ({
        ...{ topic: names.get(topicId) ?? null, topicId, partition },
        ...{ logStart, endOffset, segments, batches, sizeBytes, findings },
      }),
    ),
  })),
  partitions: partitions.map((one) => ({ topic: names.get(one.topicId) ?? null, ...one })),
});
