import type { BrokerId } from '@kafkaesque/kernel';
import { apis, lastOffsetOf } from '@kafkaesque/protocol';
import { makeBatch, produceFrame } from './batch';
import { LoadConnection } from './connection';
import { fetchFrame, visitBatches } from './fetch';
import { keepTime, sharedClockMs } from './metronome';
import type { Outcome } from './outcome';
import { latencyHistogram, percentiles, recordMs } from './outcome';
import { within } from './patience';
import { checkProduced } from './produce';

/** One record at a time, on schedule, from its due moment until a waiting consumer has it. */
export interface LatencyLoad {
  readonly kind: 'latency';
  readonly acks: number;
  readonly rate: number;
  readonly recordBytes: number;
}

/** One batch a second for each of many partitions, on schedule, from its due moment until it is acknowledged. */
export interface SpreadLoad {
  readonly kind: 'spread';
  readonly acks: number;
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

/** Where a partition ends for consumers. */
export const endOffset = async (connection: LoadConnection, topic: string): Promise<number> => {
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
    const frame = produceFrame({ topic, partitions: [0], acks: load.acks }, batch);
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

/** Partitions that one broker leads, and where it listens. */
export interface Led {
  readonly port: number;
  readonly partitions: readonly number[];
}

/** Requests of `together` partitions each; what is left over goes without. */
const chunked = (partitions: readonly number[], together: number): readonly (readonly number[])[] =>
  Array.from({ length: Math.floor(partitions.length / together) }, (_, request) =>
    partitions.slice(request * together, (request + 1) * together),
  );

/** Produces over ten connections to each broker, each with its share of the partitions. Fails if not everything is acknowledged. */
export const spreadFor = async (
  led: readonly Led[],
  topic: string,
  load: SpreadLoad,
  seconds: number,
): Promise<Outcome> => {
  const connections: LoadConnection[] = [];
  try {
    const batch = makeBatch({ recordCount: 1, recordBytes: load.recordBytes, codec: 'none' });
    const together = Math.min(load.together, ...led.map(({ partitions }) => partitions.length));
    const lanes: { readonly turn: number; readonly connection: LoadConnection; readonly frame: Buffer }[] =
      [];
    for (const { port, partitions } of led) {
      const own: LoadConnection[] = [];
      for (let index = 0; index < Math.min(SPREAD_CONNECTIONS, partitions.length); index += 1)
        own.push(await LoadConnection.open(port));
      connections.push(...own);
      for (const [turn, some] of chunked(partitions, together).entries()) {
        const frame = produceFrame({ topic, partitions: some, acks: load.acks }, batch);
        lanes.push({ turn, connection: own[turn % own.length] as LoadConnection, frame });
      }
    }
    // The brokers in turn.
    lanes.sort((a, b) => a.turn - b.turn);
    const total = Math.round(lanes.length * seconds);
    const latency = latencyHistogram();
    const beganMs = sharedClockMs();
    let acknowledged = 0;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const failed = Promise.race(connections.map((connection) => connection.failed));
    const sent = keepTime(lanes.length, seconds, (index, dueMs) => {
      const lane = lanes[index % lanes.length];
      lane?.connection.send(lane.frame, (answer) => {
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
