import type { BrokerId } from '@kafkaesque/kernel';
import { apis, lastOffsetOf } from '@kafkaesque/protocol';
import { makeBatch, produceFrame } from './batch';
import { LoadConnection } from './connection';
import { fetchFrame, visitBatches } from './fetch';
import { keepTime, sharedClockMs } from './metronome';
import type { Outcome } from './outcome';
import { latencyHistogram, percentiles, recordMs } from './outcome';
import { checkProduced } from './produce';

/** One record at a time, on schedule, from its due moment until a waiting consumer has it. */
export interface LatencyLoad {
  readonly kind: 'latency';
  readonly rate: number;
  readonly recordBytes: number;
}

/** One batch a second for each of many partitions, on schedule, from its due moment until it is acknowledged. */
export interface SpreadLoad {
  readonly kind: 'spread';
  readonly partitions: number;
  /** How many partitions' batches share a request. */
  readonly together: number;
  readonly recordBytes: number;
}

const LIST_OFFSETS_VERSION = 5;
const LATEST = -1;
const NO_REPLICA = -1 as BrokerId;
const SPREAD_CONNECTIONS = 10;
/** How long a server that is behind may take to catch up: what it costs counts, however late. */
const BEHIND_MS = 60_000;

const endOffset = async (connection: LoadConnection, topic: string): Promise<number> => {
  const { topics } = await connection.request(apis.ListOffsets, LIST_OFFSETS_VERSION, {
    replicaId: NO_REPLICA,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: LATEST }] }],
  });
  const found = topics[0]?.partitions[0];
  if (found === undefined || found.errorCode !== 0)
    throw new Error(`ListOffsets failed with error ${found?.errorCode ?? 'none'}`);
  return found.offset;
};

const within = async (ms: number, what: string, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** Produces and consumes on two connections. Fails if not every record arrives. */
export const latencyFor = async (
  port: number,
  topic: string,
  load: LatencyLoad,
  seconds: number,
): Promise<Outcome> => {
  const producer = await LoadConnection.open(port);
  const consumer = await LoadConnection.open(port);
  try {
    const total = Math.round(load.rate * seconds);
    const batch = makeBatch({ recordCount: 1, recordBytes: load.recordBytes, codec: 'none' });
    const frame = produceFrame({ topic, partitions: [0], acks: 1 }, batch);
    const firstOffset = await endOffset(consumer, topic);
    const latency = latencyHistogram();
    const due: number[] = [];
    const beganMs = sharedClockMs();
    const arrived = new Promise<void>((resolve) => {
      const fetchFrom = (fromOffset: number): void => {
        const question = { topic, partition: 0, fromOffset, maxBytes: 1 << 20, maxWaitMs: 500 };
        consumer.send(fetchFrame(question), (answer) => {
          const nowMs = sharedClockMs();
          let nextOffset = fromOffset;
          visitBatches(answer, (batches, at) => {
            const dueMs = due[lastOffsetOf(batches, at) - firstOffset];
            if (dueMs === undefined) throw new Error('a record arrived that had not been sent');
            recordMs(latency, nowMs - dueMs);
            nextOffset = lastOffsetOf(batches, at) + 1;
          });
          if (nextOffset - firstOffset < total) fetchFrom(nextOffset);
          else resolve();
        });
      };
      fetchFrom(firstOffset);
    });
    const failed = Promise.race([producer.failed, consumer.failed]);
    const sent = keepTime(load.rate, seconds, (index, dueMs) => {
      due[index] = dueMs;
      producer.send(frame, checkProduced);
    });
    await Promise.race([sent, failed]);
    await within(BEHIND_MS, `${total - due.length} records did not arrive`, Promise.race([arrived, failed]));
    const elapsed = (sharedClockMs() - beganMs) / 1000;
    return {
      records: total,
      bytes: total * batch.length,
      requests: total,
      seconds: elapsed,
      ...percentiles(latency),
    };
  } finally {
    producer.close();
    consumer.close();
  }
};

/** Produces over ten connections, each with its share of the partitions. Fails if not everything is acknowledged. */
export const spreadFor = async (
  port: number,
  topic: string,
  load: SpreadLoad,
  seconds: number,
): Promise<Outcome> => {
  const connections: LoadConnection[] = [];
  try {
    for (let index = 0; index < Math.min(SPREAD_CONNECTIONS, load.partitions); index += 1)
      connections.push(await LoadConnection.open(port));
    const batch = makeBatch({ recordCount: 1, recordBytes: load.recordBytes, codec: 'none' });
    const together = Math.min(load.together, load.partitions);
    const frames = Array.from({ length: Math.floor(load.partitions / together) }, (_, request) => {
      const partitions = Array.from({ length: together }, (_, index) => request * together + index);
      return produceFrame({ topic, partitions, acks: 1 }, batch);
    });
    const total = Math.round(frames.length * seconds);
    const latency = latencyHistogram();
    const beganMs = sharedClockMs();
    let acknowledged = 0;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const failed = Promise.race(connections.map((connection) => connection.failed));
    const sent = keepTime(frames.length, seconds, (index, dueMs) => {
      const frame = frames[index % frames.length] as Buffer;
      connections[index % connections.length]?.send(frame, (answer) => {
        checkProduced(answer);
        recordMs(latency, sharedClockMs() - dueMs);
        acknowledged += 1;
        if (acknowledged === total) finish();
      });
    });
    await Promise.race([sent, failed]);
    await within(BEHIND_MS, 'not every batch was acknowledged', Promise.race([finished, failed]));
    const elapsed = (sharedClockMs() - beganMs) / 1000;
    return {
      records: total * together,
      bytes: total * together * batch.length,
      requests: total,
      seconds: elapsed,
      ...percentiles(latency),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
};
