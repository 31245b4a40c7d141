import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { BrokerId } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import { LoadConnection } from '../load/connection';

/** What an acknowledgement promises: the operating system has it (Kafka as it comes), or the disk has. */
export type Durability = 'system' | 'disk';

export type ServerName = 'kafkaesque' | 'floor' | 'kafka';

export interface StartOptions {
  /** Its data goes here; exists. What an earlier server of the same name left there is found again. */
  readonly directory: string;
  readonly durability: Durability;
  /** The file that V8's processor profile goes to when the server stops, if one is wanted and it runs on V8. */
  readonly profile?: string | undefined;
}

/** The flags that make Node write a profile. */
export const profileFlags = (profile: string | undefined): readonly string[] =>
  profile === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`];

/** A server that answers. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** From the start of the process to its first answer to ApiVersions. */
  readonly startMs: number;
  createTopic(name: string, partitions: number): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  /** A clean stop. */
  stop(): Promise<void>;
}

/** A kind of server that can be measured. */
export interface ServerKind {
  readonly name: ServerName;
  /** Started once for a scenario's rounds, because it has to warm up; others start anew for each. */
  readonly isKept: boolean;
  /** Load before the first counted round, and before each one. */
  readonly warmSeconds: { readonly first: number; readonly each: number };
  start(options: StartOptions): Promise<RunningServer>;
}

const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 2;
const CREATE_TOPICS_VERSION = 5;
const DELETE_TOPICS_VERSION = 4;
const TOPIC_TIMEOUT_MS = 60_000;

/** Below what systems give to outgoing connections: nothing takes a port while the server that has it is down. */
const LOWEST_PORT = 12_000;
const PORTS = 20_000;
const PORT_ATTEMPTS = 1000;

/** A port of 127.0.0.1 that is free now, and so are those at the distances given from it. */
export const freePort = async (distances: readonly number[] = []): Promise<number> => {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    const free = await Promise.all([0, ...distances].map((distance) => isFree(port + distance)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('there are no free ports on the loopback');
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });

/** Waits for the first answer to ApiVersions. Fails if `isOver` says that the server has ended, or after a minute. */
export const firstAnswer = async (port: number, isOver: () => string | undefined): Promise<void> => {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const over = isOver();
    if (over !== undefined) throw new Error(over);
    try {
      const connection = await LoadConnection.open(port);
      try {
        await connection.versions();
        return;
      } finally {
        connection.close();
      }
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(RETRY_MS);
    }
  }
};

export const createTopic = (
  port: number,
  name: string,
  partitions: number,
  configs: Readonly<Record<string, string>>,
): Promise<void> =>
  withConnection(port, async (connection) => {
    const { topics } = await connection.request(apis.CreateTopics, CREATE_TOPICS_VERSION, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: TOPIC_TIMEOUT_MS,
    });
    const { errorCode, errorMessage } = topics[0] ?? { errorCode: -1, errorMessage: 'no answer' };
    if (errorCode !== 0) throw new Error(`topic ${name} was not created: ${errorMessage ?? errorCode}`);
    await untilLed(
      connection,
      name,
      Array.from({ length: partitions }, (_, index) => index),
    );
  });

export const deleteTopic = (port: number, name: string): Promise<void> =>
  withConnection(port, async (connection) => {
    const { responses } = await connection.request(apis.DeleteTopics, DELETE_TOPICS_VERSION, {
      topicNames: [name],
      timeoutMs: TOPIC_TIMEOUT_MS,
    });
    const errorCode = responses[0]?.errorCode ?? -1;
    if (errorCode !== 0) throw new Error(`topic ${name} was not deleted: error ${errorCode}`);
  });

const LIST_OFFSETS_VERSION = 7;
const LATEST = -1;
const LEADER_TIMEOUT_MS = 60_000;

/** A topic is there at once; until its leader knows that it leads may take a moment. Only leaders answer for offsets. */
export const untilLed = async (
  connection: LoadConnection,
  name: string,
  partitions: readonly number[],
): Promise<void> => {
  const deadlineMs = performance.now() + LEADER_TIMEOUT_MS;
  const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp: LATEST }));
  for (;;) {
    const { topics } = await connection.request(apis.ListOffsets, LIST_OFFSETS_VERSION, {
      replicaId: BrokerId(-1),
      isolationLevel: 0,
      topics: [{ name, partitions: asked }],
    });
    const led = topics[0]?.partitions.filter(({ errorCode }) => errorCode === 0) ?? [];
    if (led.length === partitions.length) return;
    if (performance.now() > deadlineMs)
      throw new Error(`${partitions.length - led.length} partitions have no leader`);
    await sleep(50);
  }
};

const withConnection = async (
  port: number,
  work: (connection: LoadConnection) => Promise<void>,
): Promise<void> => {
  const connection = await LoadConnection.open(port);
  try {
    await work(connection);
  } finally {
    connection.close();
  }
};

const KEPT_CHARACTERS = 4000;

/** Starts a program whose complaints are kept for the message should it end by itself. */
export const startProcess = async (
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  port: number,
): Promise<{ readonly child: ChildProcess; readonly pid: number; readonly startMs: number }> => {
  const beganMs = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-KEPT_CHARACTERS);
  });
  let over: string | undefined;
  child.on('exit', (code, signal) => {
    over = `${program} ended with ${signal ?? String(code)}: ${complaints}`;
  });
  child.on('error', (error) => {
    over = error.message;
  });
  try {
    await firstAnswer(port, () => over);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { child, pid: child.pid ?? 0, startMs: performance.now() - beganMs };
};

const STOP_TIMEOUT_MS = 30_000;

/** Asks the process to end; fails if it does not. */
export const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_, signal) => resolve(signal)),
  );
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  const signal = await ended;
  clearTimeout(timer);
  if (signal === 'SIGKILL') throw new Error('the server did not end when it was asked to');
};
