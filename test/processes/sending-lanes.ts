import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isClientError, openClient } from '@kafkaesque/client';
import { Kafka, logLevel } from 'kafkajs';
import type { Producer } from 'kafkajs';

/** A value for a partition. */
export interface SentRecord {
  readonly topic: string;
  readonly partition: number;
  readonly value: string;
}

/** What a client was told: it is there, it is not and never will be, or nobody knows. */
export type SendOutcome =
  | { readonly kind: 'ok'; readonly offset: number | undefined }
  | { readonly kind: 'fail' | 'info'; readonly why: string };

/** One idempotent producer of a library, which sends one record after the other with acks=all. */
export interface SendingLane {
  readonly library: string;
  send(record: SentRecord): Promise<SendOutcome>;
  close(): Promise<void>;
}

/** Beyond every client's own patience: what hangs for so long has no outcome. */
const LANE_PATIENCE_MS = 30_000;

/** How long a client waits for an answer before it asks again, unless a scenario says otherwise. */
const REQUEST_TIMEOUT_MS = 3000;

/** `givenUp`: what is still under way must have no successor in the same producer, which would use its numbers again. */
const withinPatience = async (work: Promise<SendOutcome>, givenUp: () => void): Promise<SendOutcome> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<SendOutcome>((resolve) => {
    timer = setTimeout(() => {
      givenUp();
      resolve({ kind: 'info', why: `the client said nothing for ${LANE_PATIENCE_MS} ms` });
    }, LANE_PATIENCE_MS);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
};

/** kafkajs retries by itself, so that no error says what became of the tries before it. */
export const kafkajsLane = (
  bootstrapServers: string,
  name: string,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): SendingLane => {
  let generation = 0;
  let producer: Promise<Producer> | undefined;
  const connect = async (): Promise<Producer> => {
    const kafka = new Kafka({
      clientId: `${name}-${generation++}`,
      brokers: bootstrapServers.split(','),
      logLevel: logLevel.NOTHING,
      ...{ requestTimeout: requestTimeoutMs, connectionTimeout: 1000 },
      retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 60 },
    });
    const connected = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    await connected.connect();
    return connected;
  };
  // Its sequence numbers would be used again for what comes next.
  const abandon = (left: Promise<Producer> | undefined): void => {
    if (producer === left) producer = undefined;
    void left?.then((one) => one.disconnect()).catch(() => undefined);
  };
  const send = async ({ topic, partition, value }: SentRecord): Promise<SendOutcome> => {
    producer ??= connect();
    const own = producer;
    try {
      const [answer] = await (await own).send({ topic, acks: -1, messages: [{ partition, value }] });
      const offset = Number(answer?.baseOffset ?? -1);
      return { kind: 'ok', offset: offset < 0 ? undefined : offset };
    } catch (error) {
      abandon(own);
      return { kind: 'info', why: String(error) };
    }
  };
  return {
    library: 'kafkajs',
    send: (record) => withinPatience(send(record), () => abandon(producer)),
    close: async () => {
      await (await producer?.catch(() => undefined))?.disconnect();
    },
  };
};

/** The SDK says of each failure whether it is certain. */
export const ownLane = (
  bootstrapServers: string,
  name: string,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): SendingLane => {
  const client = openClient({ bootstrapServers, clientId: name, requestTimeoutMs });
  const producer = client.producer({ idempotence: true, acks: -1 });
  const send = async ({ topic, partition, value }: SentRecord): Promise<SendOutcome> => {
    try {
      const { offset } = await producer.send({ topic, partition, value: Buffer.from(value) });
      return { kind: 'ok', offset };
    } catch (error) {
      const isCertain = isClientError(error) && error.effect === 'definite';
      return { kind: isCertain ? 'fail' : 'info', why: isClientError(error) ? error.code : String(error) };
    }
  };
  return {
    library: 'own',
    // One that is late keeps its place before those that follow it.
    send: (record) => withinPatience(send(record), () => undefined),
    close: async () => {
      await producer.close({ timeoutMs: 0 });
      await client.close();
    },
  };
};

interface Answer {
  readonly id: number;
  readonly offset?: number;
  readonly error?: string;
}

/** So many lanes of @platformatic/kafka, which share a process of their own. */
export const platformaticLanes = (
  bootstrapServers: string,
  count: number,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): readonly SendingLane[] => {
  // This module may have been built to another place; the program is where it always is.
  const program = [join(__dirname, 'clients'), join(process.cwd(), 'test/processes/clients')];
  const child = spawn(process.execPath, [programIn(program), bootstrapServers, String(requestTimeoutMs)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = new Map<number, (outcome: SendOutcome) => void>();
  let nextId = 0;
  let openCount = count;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, offset, error } = JSON.parse(line) as Answer;
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) answer?.({ kind: 'info', why: error });
    else answer?.({ kind: 'ok', offset: offset === undefined || offset < 0 ? undefined : offset });
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const answer of waiting.values()) answer({ kind: 'info', why: 'the client’s process ended' });
      waiting.clear();
      resolve();
    });
  });
  return Array.from({ length: count }, (_, lane): SendingLane => ({
    library: 'platformatic',
    send: (record) =>
      withinPatience(
        new Promise((resolve) => {
          const id = nextId++;
          waiting.set(id, resolve);
          child.stdin.write(`${JSON.stringify({ id, lane, ...record })}\n`);
        }),
        () => child.stdin.write(`${JSON.stringify({ lane, isGivenUp: true })}\n`),
      ),
    close: async () => {
      openCount -= 1;
      if (openCount > 0) return;
      child.stdin.end();
      await ended;
    },
  }));
};

const programIn = (directories: readonly string[]): string => {
  const found = directories
    .map((directory) => join(directory, 'platformatic-sender.mjs'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('run this from the root of the repository');
  return found;
};
