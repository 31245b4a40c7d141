import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import type { Random } from '@kafkaesque/kernel';
import type { RecoveryReport } from '@kafkaesque/storage';
import type { Cluster, ClusterOptions } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { checkPartition, combineReports } from '../durability/acknowledged';
import type { SentValue, Violation } from '../durability/acknowledged';
import { History } from '../durability/history';
import { readPartitions } from '../durability/reading';
import type { KnownTopic } from '../durability/topic-states';
import { valueOf } from '../durability/values';

const PARTITIONS = 2;
const TOPIC = 'staged';

/** A node whose disk is meddled with between two of its lives, and what it was heard to acknowledge. */
export interface StagedCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly topicId: string;
  /** Sends so many records, in turn to each partition, one batch at a time, and waits for the acknowledgements. */
  send(records: number, sizeBytes: number): Promise<void>;
  /** Everything that was promised and is not so, and every refusal to answer. */
  check(): Promise<{ readonly violations: readonly Violation[]; readonly refusals: readonly string[] }>;
  /** Ends the node, hands its log directory over, and starts it again. */
  meanwhile(how: 'clean' | 'crash', meddle: (directory: string) => void): Promise<RecoveryReport>;
}

export const stageCluster = async (options: ClusterOptions = {}): Promise<StagedCluster> => {
  const directory = mkdtempSync(join(tmpdir(), 'chaos-'));
  const cluster = await createCluster({ ...options, directory });
  const history = new History();
  const topic = await createTopic(cluster, history);
  const { topicId } = topic;
  let sequence = 0;
  return {
    cluster,
    topicId,
    async send(records, sizeBytes) {
      await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
      await using producer = client.producer({
        lingerMs: 0,
        deliveryTimeoutMs: 20_000,
        requestTimeoutMs: 10_000,
      });
      for (let left = records; left > 0; left--) {
        const partition = sequence % PARTITIONS;
        const sent: SentValue = { producer: 'stage', sequence: sequence++, isIdempotent: true };
        const value = valueOf(sent, { topic: TOPIC, partition }, sizeBytes);
        const { offset } = await producer.send({ topic: TOPIC, partition, value });
        history.acknowledge(topicId, partition, offset, sent);
      }
    },
    async check() {
      await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
      const targets = Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic: TOPIC,
        topicId,
        partition,
      }));
      const readings = await readPartitions(client, targets);
      const reports = readings.map((reading, partition) =>
        checkPartition(history.of(topic.known, topicId, partition), reading),
      );
      return {
        violations: combineReports(reports).violations,
        refusals: readings.flatMap(({ refusal }) => refusal ?? []),
      };
    },
    async meanwhile(how, meddle) {
      await (how === 'clean' ? cluster.node.close() : cluster.node.crash());
      meddle(join(directory, 'data'));
      await cluster.restart(how);
      const [report] = cluster.node.recoveries;
      if (report === undefined) throw new Error('a node has a log directory');
      return report;
    },
    async [Symbol.asyncDispose]() {
      await cluster.node.crash();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const createTopic = async (
  cluster: Cluster,
  history: History,
): Promise<{ readonly topicId: string; readonly known: KnownTopic }> => {
  await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
  await using admin = client.admin();
  const [outcome] = await admin.createTopics([
    { name: TOPIC, partitions: PARTITIONS, replicationFactor: 1, configs: { 'segment.bytes': '1048576' } },
  ]);
  if (outcome?.kind !== 'done') throw new Error(`no topic: ${outcome?.error.message}`);
  const { topicId } = outcome.value;
  const known: KnownTopic = {
    ...{ name: TOPIC, partitions: PARTITIONS, keepsBytes: undefined },
    state: { kind: 'live', topicId },
  };
  history.note(known);
  return { topicId, known };
};

/** Files below a directory whose names end so, in order, with their sizes. */
export const filesBelow = (
  directory: string,
  ending: string,
): readonly { readonly path: string; readonly sizeBytes: number }[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => ({ path, sizeBytes: readFileSync(path).length }))
    : [];

/** Changes a file's bytes in place, cuts or extends it. */
export const meddleWith = (path: string, change: (bytes: Buffer) => Buffer): void => {
  writeFileSync(path, change(readFileSync(path)));
};

export const flipBit = (bytes: Buffer, bit: number): Buffer => {
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return bytes;
};

/** A random bit of the bytes from `from` to `to`. */
export const bitBetween = (random: Random, from: number, to: number): number =>
  random.below((to - from) * 8) + from * 8;
