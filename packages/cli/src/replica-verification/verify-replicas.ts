import { BrokerId, Offset } from '@kafkaesque/kernel';
import type { Clock, TopicId } from '@kafkaesque/kernel';
import type { Client, OffsetSpec } from '@kafkaesque/client';
import { protocol, sdk } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { pause } from '../command-line/throttle';
import { dateFormat } from '../consumer-perf-test/date-format';
import { compareAnswers } from './replica-comparison';
import type { ComparedBatch, ReplicaAnswer } from './replica-comparison';

export interface VerificationWish {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly isWanted: (topic: string) => boolean;
  readonly from: OffsetSpec;
  readonly fetchSizeBytes: number;
  readonly maxWaitMs: number;
  readonly reportIntervalMs: number;
}

/** One partition on its way: everything below `offset` was found the same in all replicas. */
interface Verified {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly replicas: readonly BrokerId[];
  offset: number;
}

/** Where the verification is furthest behind. */
interface Lag {
  readonly records: number;
  readonly partition: string;
  readonly offset: number;
}

const EXIT_INTERRUPTED = 130;
/** Kafka's number for whoever compares replicas: each of them answers, not the leader alone. */
const COMPARING_REPLICAS = BrokerId(-2);
/** Since then a request says so in another field. */
const REPLICA_STATE_VERSION = 15;
/** What a broker takes beyond `maxWaitMs` until it counts as gone. */
const PATIENCE_MS = 30_000;

const time = dateFormat('yyyy-MM-dd HH:mm:ss,SSS');
const nameOf = ({ topic, partition }: Verified): string => `${topic}-${partition}`;

/** Reads all replicas round after round, and says what differs. Resolves with 1 when nothing can be compared any more. */
export const verifyReplicas = async (wish: VerificationWish): Promise<number> => {
  const { terminal, clock, reportIntervalMs } = wish;
  const partitions = await chosenPartitions(wish);
  if (partitions.length === 0) {
    terminal.err(
      'ERROR No topics found. [topics-include] if specified, is either filtering out all topics or there is no topic.\n',
    );
    return 1;
  }
  const tell = (line: string): void => terminal.out(`${time(new Date(clock.wallMs()))}: ${line}\n`);
  tell('verification process is started');
  let reportedMs = clock.monotonicMs();
  const isOver = (): boolean => terminal.interrupted.aborted;
  while (!isOver()) {
    const answers = await askAll(wish, partitions);
    if (isOver()) break;
    const { findings, isBroken, lag } = takeIn(partitions, answers);
    for (const finding of findings) tell(finding);
    if (isBroken) return 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - reportedMs <= reportIntervalMs) continue;
    reportedMs = nowMs;
    tell(
      `max lag is ${lag.records} for partition ${lag.partition} at offset ${lag.offset} among ${partitions.length} partitions`,
    );
  }
  return EXIT_INTERRUPTED;
};

const chosenPartitions = async ({
  client,
  isWanted,
  from,
}: VerificationWish): Promise<readonly Verified[]> => {
  const admin = client.admin();
  const listed = await admin.listTopics({ includeInternal: true });
  const described = await admin.describeTopics(listed.map(({ name }) => name).filter(isWanted));
  const chosen = described.flatMap((outcome) => {
    if (outcome.kind === 'failed') throw outcome.error;
    const { name, topicId, partitions } = outcome.value;
    return partitions.map(({ partition, replicas }) => ({
      ...{ topic: name, topicId, partition, replicas, offset: 0 },
    }));
  });
  if (chosen.length === 0) return [];
  const offsets = await admin.listOffsets(
    chosen.map(({ topic, partition }) => ({ topic, partition, spec: from })),
  );
  return chosen.map((one, index) => {
    const outcome = offsets[index];
    if (outcome?.kind === 'failed') throw outcome.error;
    return { ...one, offset: Math.max(0, Number(outcome?.value.offset ?? 0)) };
  });
};

/** Asks each broker once for all that it has replicas of; by broker and partition. */
const askAll = async (
  wish: VerificationWish,
  partitions: readonly Verified[],
): Promise<ReadonlyMap<string, ReplicaAnswer>> => {
  const answers = new Map<string, ReplicaAnswer>();
  const brokers = [...new Set(partitions.flatMap(({ replicas }) => replicas))].sort((a, b) => a - b);
  await Promise.all(
    brokers.map(async (broker) => {
      const own = partitions.filter(({ replicas }) => replicas.includes(broker));
      try {
        for (const [name, answer] of await askOne(wish, broker, own))
          answers.set(`${broker} ${name}`, answer);
      } catch (error) {
        if (!sdk().isClientError(error)) throw error;
        // What it has replicas of waits until it is there again.
        await pause(wish.clock, wish.maxWaitMs, wish.terminal.interrupted);
      }
    }),
  );
  return answers;
};

const askOne = async (
  { client, fetchSizeBytes, maxWaitMs, terminal }: VerificationWish,
  broker: BrokerId,
  partitions: readonly Verified[],
): Promise<ReadonlyMap<string, ReplicaAnswer>> => {
  const names = new Map(partitions.map(({ topic, topicId }) => [topicId, topic]));
  const topics = [...names].map(([topicId, topic]) => ({
    ...{ topic, topicId },
    partitions: partitions
      .filter((one) => one.topicId === topicId)
      .map(({ partition, offset }) => ({
        ...{ partition, fetchOffset: Offset(offset), logStartOffset: Offset(0) },
        partitionMaxBytes: fetchSizeBytes,
      })),
  }));
  const { responses } = await client.wire.request(
    broker,
    'Fetch',
    (version) => ({
      ...(version < REPLICA_STATE_VERSION
        ? { replicaId: COMPARING_REPLICAS }
        : { replicaState: { replicaId: COMPARING_REPLICAS } }),
      ...{ maxWaitMs, minBytes: 1, topics },
    }),
    { timeoutMs: maxWaitMs + PATIENCE_MS, signal: terminal.interrupted },
  );
  return new Map(
    responses.flatMap(({ topic, topicId, partitions: answered }) =>
      answered.map(({ partitionIndex, highWatermark, records }) => [
        `${topic === '' ? (names.get(topicId) ?? '') : topic}-${partitionIndex}`,
        { replica: broker, highWatermark: Number(highWatermark), batches: batchesOf(records) },
      ]),
    ),
  );
};

const batchesOf = (records: Buffer | null): readonly ComparedBatch[] => {
  if (records === null) return [];
  const { splitBatches, lastOffsetOf, crcOf } = protocol();
  const split = splitBatches(records);
  if (split.kind === 'malformed') return [];
  return split.positions.map((at) => ({
    lastOffset: Number(lastOffsetOf(records, at)),
    checksum: crcOf(records, at),
  }));
};

/** Moves the partitions on by what a round brought. */
const takeIn = (
  partitions: readonly Verified[],
  answers: ReadonlyMap<string, ReplicaAnswer>,
): { readonly findings: readonly string[]; readonly isBroken: boolean; readonly lag: Lag } => {
  const findings: string[] = [];
  let lag: Lag = { records: -1, partition: '', offset: -1 };
  for (const one of partitions) {
    const name = nameOf(one);
    const round = compareAnswers(
      name,
      one.replicas.map(
        (replica) => answers.get(`${replica} ${name}`) ?? { replica, highWatermark: -1, batches: [] },
      ),
    );
    findings.push(...round.findings);
    if (round.isBroken) return { findings, isBroken: true, lag };
    one.offset = round.verifiedTo ?? one.offset;
    const behind = round.highWatermark - one.offset;
    if (behind > lag.records) lag = { records: behind, partition: name, offset: one.offset };
  }
  return { findings, isBroken: false, lag };
};
