import { performance } from 'node:perf_hooks';
import { apis, decodeResponse } from '@kafkaesque/protocol';
import type { BatchShape } from './batch';
import { PRODUCE_VERSION, makeBatch, produceFrame } from './batch';
import { LoadConnection } from './connection';
import type { Outcome } from './outcome';
import { latencyHistogram, percentiles, recordMs } from './outcome';

export interface ProduceLoad extends BatchShape {
  readonly kind: 'produce';
  readonly acks: number;
  /** Requests on their way at any time. */
  readonly inFlight: number;
}

/** Fails unless the broker took the batch. */
export const checkProduced = (frame: Buffer): void => {
  for (const { partitionResponses } of decodeResponse(apis.Produce, PRODUCE_VERSION, frame).body.responses)
    for (const { errorCode } of partitionResponses)
      if (errorCode !== 0) throw new Error(`Produce failed with error ${errorCode}`);
};

/** Closed loop: one request, encoded once, is sent again whenever an answer comes, for so many seconds. */
export const produceFor = async (
  port: number,
  topic: string,
  load: ProduceLoad,
  seconds: number,
  partition = 0,
): Promise<Outcome> => {
  const connection = await LoadConnection.open(port);
  try {
    const batch = makeBatch(load);
    const frame = produceFrame({ topic, partitions: [partition], acks: load.acks }, batch);
    const latency = latencyHistogram();
    const beganMs = performance.now();
    const endMs = beganMs + seconds * 1000;
    let requests = 0;
    const drained = new Promise<void>((resolve) => {
      const next = (): void => {
        const sentMs = performance.now();
        if (sentMs >= endMs) {
          if (connection.inFlight === 0) resolve();
          return;
        }
        connection.send(frame, (answer) => {
          checkProduced(answer);
          recordMs(latency, performance.now() - sentMs);
          requests += 1;
          next();
        });
      };
      for (let index = 0; index < load.inFlight; index += 1) next();
    });
    await Promise.race([drained, connection.failed]);
    const elapsed = (performance.now() - beganMs) / 1000;
    return {
      records: requests * load.recordCount,
      bytes: requests * batch.length,
      requests,
      seconds: elapsed,
      ...percentiles(latency),
    };
  } finally {
    connection.close();
  }
};

const FILL_RECORD_BYTES = 1000;
const FILL_BATCH_RECORDS = 65;
const FILL_IN_FLIGHT = 20;

/** The partitions of a topic of so many. */
export const allPartitions = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, partition) => partition);

/** Spreads `bytes` evenly over the partitions in batches of up to 64 KB, at least one each. Gives the bytes of all batches. */
export const fillPartitions = async (
  port: number,
  topic: string,
  partitions: readonly number[],
  bytes: number,
): Promise<number> => {
  const connection = await LoadConnection.open(port);
  try {
    const recordCount = Math.min(
      FILL_BATCH_RECORDS,
      Math.ceil(bytes / partitions.length / FILL_RECORD_BYTES),
    );
    const batch = makeBatch({ recordCount, recordBytes: FILL_RECORD_BYTES, codec: 'none' });
    const total = Math.ceil(bytes / batch.length / partitions.length) * partitions.length;
    let sent = 0;
    const filled = new Promise<void>((resolve) => {
      const next = (): void => {
        if (sent === total) {
          if (connection.inFlight === 0) resolve();
          return;
        }
        const partition = partitions[sent % partitions.length] ?? 0;
        const frame = produceFrame({ topic, partitions: [partition], acks: 1 }, batch);
        sent += 1;
        connection.send(frame, (answer) => {
          checkProduced(answer);
          next();
        });
      };
      for (let index = 0; index < FILL_IN_FLIGHT; index += 1) next();
    });
    await Promise.race([filled, connection.failed]);
    return total * batch.length;
  } finally {
    connection.close();
  }
};
