import { performance } from 'node:perf_hooks';
import type { Offset } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  apis,
  batchSizeBytes,
  decodeResponse,
  lastOffsetOf,
  recordCountOf,
} from '@kafkaesque/protocol';
import { LoadConnection, requestFrame } from './connection';
import type { Outcome } from './outcome';
import { latencyHistogram, percentiles, recordMs } from './outcome';

/** The newest version that names topics by name. */
export const FETCH_VERSION = 12;

const NO_RECORDS = Buffer.alloc(0);

export interface FetchQuestion {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

/** A whole Fetch request for one partition, outside any session. */
export const fetchFrame = (question: FetchQuestion): Buffer =>
  requestFrame(apis.Fetch, FETCH_VERSION, {
    maxWaitMs: question.maxWaitMs,
    minBytes: 1,
    maxBytes: question.maxBytes,
    topics: [
      {
        topic: question.topic,
        partitions: [
          {
            partition: question.partition,
            fetchOffset: question.fromOffset as Offset,
            partitionMaxBytes: question.maxBytes,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
  });

/** Calls `visit` for each whole batch in an answer to `fetchFrame`; the last one may be cut. Fails if the broker refused. */
export const visitBatches = (frame: Buffer, visit: (bytes: Buffer, at: number) => void): void => {
  const { body } = decodeResponse(apis.Fetch, FETCH_VERSION, frame);
  const partition = body.responses[0]?.partitions[0];
  const errorCode = body.errorCode === 0 ? (partition?.errorCode ?? 0) : body.errorCode;
  if (errorCode !== 0) throw new Error(`Fetch failed with error ${errorCode}`);
  const records = partition?.records ?? NO_RECORDS;
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= records.length && at + batchSizeBytes(records, at) <= records.length) {
    visit(records, at);
    at += batchSizeBytes(records, at);
  }
};

/** Reads a topic from its first offset in answers of 1 MiB, again and again, for so many seconds. */
export const fetchFor = async (port: number, topic: string, seconds: number): Promise<Outcome> => {
  const connection = await LoadConnection.open(port);
  try {
    const latency = latencyHistogram();
    const beganMs = performance.now();
    const endMs = beganMs + seconds * 1000;
    const question = { topic, partition: 0, maxBytes: 1 << 20, maxWaitMs: 100 };
    let requests = 0;
    let records = 0;
    let bytes = 0;
    const ended = new Promise<void>((resolve) => {
      const next = (fromOffset: number): void => {
        const sentMs = performance.now();
        if (sentMs >= endMs) {
          resolve();
          return;
        }
        connection.send(fetchFrame({ ...question, fromOffset }), (answer) => {
          recordMs(latency, performance.now() - sentMs);
          requests += 1;
          let nextOffset = 0;
          visitBatches(answer, (batches, at) => {
            records += recordCountOf(batches, at);
            bytes += batchSizeBytes(batches, at);
            nextOffset = lastOffsetOf(batches, at) + 1;
          });
          next(nextOffset);
        });
      };
      next(0);
    });
    await Promise.race([ended, connection.failed]);
    return {
      records,
      bytes,
      requests,
      seconds: (performance.now() - beganMs) / 1000,
      ...percentiles(latency),
    };
  } finally {
    connection.close();
  }
};
