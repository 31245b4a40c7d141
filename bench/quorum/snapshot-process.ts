import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { BrokerId, LeaderEpoch, PartitionIndex, TopicId, silentLogger } from '@kafkaesque/kernel';
import type { MetadataRecord } from '@kafkaesque/metadata';
import { createController, encodeRecords } from '@kafkaesque/metadata';
import { loadSnapshot, openNodeDisk, writeSnapshot } from '@kafkaesque/storage';

const CLUSTER_ID = 'bench';
const PARTITIONS_A_TOPIC = 20;
const CHUNK_RECORDS = 1000;

const topicId = (index: number): TopicId => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(index + 1, 12);
  return TopicId(bytes.toString('base64url'));
};

function* records(partitions: number): Generator<MetadataRecord> {
  for (let topic = 0; topic * PARTITIONS_A_TOPIC < partitions; topic++) {
    const id = topicId(topic);
    yield { kind: 'TopicRecord', value: { name: `topic-${topic}`, topicId: id } };
    const count = Math.min(PARTITIONS_A_TOPIC, partitions - topic * PARTITIONS_A_TOPIC);
    for (let partition = 0; partition < count; partition++) {
      const replicas = [0, 1, 2].map((i) => BrokerId(((topic + partition + i) % 6) + 1));
      yield {
        kind: 'PartitionRecord',
        value: {
          partitionId: PartitionIndex(partition),
          topicId: id,
          replicas,
          isr: replicas,
          removingReplicas: [],
          addingReplicas: [],
          leader: replicas[0] ?? BrokerId(1),
          leaderRecoveryState: 0,
          leaderEpoch: LeaderEpoch(partition),
          partitionEpoch: partition,
          directories: replicas.map(() => 'AAAAAAAAAAAAAAAAAAAAAA'),
          eligibleLeaderReplicas: [],
          lastKnownElr: [],
        },
      };
    }
  }
}

function* chunks(partitions: number): Generator<Buffer> {
  let chunk: MetadataRecord[] = [];
  for (const record of records(partitions)) {
    chunk.push(record);
    if (chunk.length < CHUNK_RECORDS) continue;
    yield encodeRecords(chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield encodeRecords(chunk);
}

const rest = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

const load = async (directory: string): Promise<void> => {
  const disk = openNodeDisk();
  const { restoreState } = await import('@kafkaesque/server');
  const controller = createController({
    clusterId: CLUSTER_ID,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
    maxPartitionsPerRequest: 1,
    configs: {
      validate: () => undefined,
      isList: () => false,
      defaultValue: () => undefined,
      effectiveTopicConfigs: () => [],
      replication: () => ({ minInsyncReplicas: 1, allowsUncleanElection: false, flushPolicy: 'ack' }),
    },
    quorum: {
      nodeId: BrokerId(1),
      voterIds: [],
      kraftVersion: 1,
      supportedKraftVersions: { min: 0, max: 1 },
      refusesKraftVersion: () => undefined,
    },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await rest();
  delay.enable();
  const beganMs = performance.now();
  const snapshot = await loadSnapshot(
    { disk, directory, clusterId: CLUSTER_ID },
    { start: { index: 0, term: 0 }, lastIndex: 0 },
    silentLogger,
  );
  if (snapshot === undefined) throw new Error(`${directory} has no snapshot`);
  const clock = {
    monotonicMs: () => performance.now(),
    wallMs: () => 0,
    wakeAt: (_: number, wake: () => void) => {
      const timer = setTimeout(wake, 0);
      return () => clearTimeout(timer);
    },
  };
  await restoreState(
    {
      committed: () => undefined,
      restore: (offset, epoch) => controller.restore(offset, epoch, () => undefined),
      leadership: () => undefined,
      snapshot: () => controller.snapshot(),
    },
    snapshot,
    clock,
  );
  const loadMs = performance.now() - beganMs;
  delay.disable();
  const sample = {
    loadMs,
    residentMib: process.memoryUsage().rss / 2 ** 20,
    longestTurnMs: Math.max(0, delay.max / 1e6 - 1),
  };
  process.stdout.write(JSON.stringify(sample));
};

const [, , mode, directory = '', partitions = '0'] = process.argv;
const work =
  mode === 'write'
    ? writeSnapshot(
        { disk: openNodeDisk(), directory, clusterId: CLUSTER_ID },
        { index: 10, term: 1, voters: Buffer.alloc(0), chunks: chunks(Number(partitions)) },
      ).then(() => undefined)
    : load(directory);
work.catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
