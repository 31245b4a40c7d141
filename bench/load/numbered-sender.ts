import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import type { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { apis, decodeResponse, encodeBatch, errorName, errorOf, recordsOf } from '@kafkaesque/protocol';
import { PRODUCE_VERSION, produceFrame } from './batch';
import { LoadConnection } from './connection';
import { fetchFrame, visitBatches } from './fetch';
import { endOffset } from './open-loop';
import { within } from './patience';

/** Where the leader of the sender's partition listens; undefined while nobody knows one. */
export type FindLeader = (besidePort: number | undefined) => Promise<number | undefined>;

export interface NumberedSenderOptions {
  readonly topic: string;
  readonly rate: number;
  readonly findLeader: FindLeader;
  /** Any broker, for the producer's id. */
  readonly port: number;
}

const INIT_PRODUCER_ID_VERSION = 4;
/** A request that is not answered for so long is sent again, to whoever leads then. */
const REQUEST_TIMEOUT_MS = 1000;
const RETRY_MS = 10;
/** So long is one record tried. */
const PATIENCE_MS = 120_000;
const RECORD_BYTES = 100;
const ALL = -1;
/** A retry whose first attempt had its effect. */
const DUPLICATE_SEQUENCE_NUMBER = 46;

/**
 * An idempotent producer of numbered records, one after the other at a steady rate, acks=all, to partition 0. Each is
 * tried until it is acknowledged, wherever the leader is by then, so that none may be missing at the end and none may
 * be there twice.
 */
export class NumberedSender {
  /** When each number was acknowledged. */
  readonly atMs: number[] = [];
  readonly #options: NumberedSenderOptions;
  readonly #producerId: ProducerId;
  readonly #producerEpoch: ProducerEpoch;
  #connection: LoadConnection | undefined;
  #port: number | undefined;
  #isOver = false;

  private constructor(
    options: NumberedSenderOptions,
    id: { readonly producerId: ProducerId; readonly producerEpoch: ProducerEpoch },
  ) {
    this.#options = options;
    this.#producerId = id.producerId;
    this.#producerEpoch = id.producerEpoch;
  }

  static async open(options: NumberedSenderOptions): Promise<NumberedSender> {
    const connection = await LoadConnection.open(options.port);
    try {
      const deadlineMs = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = await connection.request(apis.InitProducerId, INIT_PRODUCER_ID_VERSION, {
          transactionalId: null,
          transactionTimeoutMs: 60_000,
        });
        if (answer.errorCode === 0) return new NumberedSender(options, answer);
        if (!errorOf(answer.errorCode).retriable || performance.now() > deadlineMs)
          throw new Error(`InitProducerId failed with ${errorName(answer.errorCode)}`);
        await sleep(RETRY_MS);
      }
    } finally {
      connection.close();
    }
  }

  /** Sends until `end` is called. Fails when a record is refused for good, or is not taken for two minutes. */
  async run(): Promise<void> {
    const beganMs = performance.now();
    try {
      for (let number = 0; !this.#isOver; number += 1) {
        const dueMs = beganMs + (number * 1000) / this.#options.rate;
        const leftMs = dueMs - performance.now();
        if (leftMs > 0) await sleep(leftMs);
        await this.#sendUntilTaken(number);
        this.atMs.push(performance.now());
      }
    } finally {
      this.#hangUp();
    }
  }

  /** After the record under way. */
  end(): void {
    this.#isOver = true;
  }

  async #sendUntilTaken(number: number): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    const frame = produceFrame(
      { topic: this.#options.topic, partitions: [0], acks: ALL },
      encodeBatch({
        producerId: this.#producerId,
        producerEpoch: this.#producerEpoch,
        baseSequence: number,
        timestampMs: Date.now(),
        records: [{ value: Buffer.from(String(number).padStart(RECORD_BYTES, '0')) }],
      }),
    );
    for (;;) {
      const errorCode = await this.#attempt(frame).catch(() => undefined);
      if (errorCode === 0 || errorCode === DUPLICATE_SEQUENCE_NUMBER) return;
      if (errorCode !== undefined && !errorOf(errorCode).retriable)
        throw new Error(`record ${number} was refused: ${errorName(errorCode)}`);
      if (performance.now() > deadlineMs) throw new Error(`record ${number} was not taken for two minutes`);
      this.#hangUp();
      await sleep(RETRY_MS);
    }
  }

  async #attempt(frame: Buffer): Promise<number> {
    if (this.#connection === undefined) {
      const port = await this.#options.findLeader(this.#port);
      this.#port = port;
      if (port === undefined) throw new Error('nobody leads');
      this.#connection = await LoadConnection.open(port);
    }
    const connection = this.#connection;
    const answered = new Promise<number>((resolve) =>
      connection.send(frame, (answer) => {
        const { responses } = decodeResponse(apis.Produce, PRODUCE_VERSION, answer).body;
        resolve(responses[0]?.partitionResponses[0]?.errorCode ?? -1);
      }),
    );
    return within(REQUEST_TIMEOUT_MS, 'no answer', Promise.race([answered, connection.failed]));
  }

  #hangUp(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** The numbers that a consumer finds in partition 0, in their order there. */
export const readNumbers = async (port: number, topic: string): Promise<readonly number[]> => {
  const connection = await LoadConnection.open(port);
  try {
    const numbers: number[] = [];
    const end = await endOffset(connection, topic);
    for (let next = 0; next < end;) {
      const question = { topic, partition: 0, fromOffset: next, maxBytes: 1 << 20, maxWaitMs: 100 };
      const answered = new Promise<void>((resolve) =>
        connection.send(fetchFrame(question), (answer) => {
          visitBatches(answer, (bytes, at) => {
            for (const { offset, value } of recordsOf(bytes, at)) {
              numbers.push(Number(value?.toString()));
              next = offset + 1;
            }
          });
          resolve();
        }),
      );
      await Promise.race([answered, connection.failed]);
    }
    return numbers;
  } finally {
    connection.close();
  }
};
