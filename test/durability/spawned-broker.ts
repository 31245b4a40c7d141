import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '@kafkaesque/server';

/** What a process tells once it serves. */
export interface Ready {
  readonly port: number;
  readonly recoveries: Node['recoveries'];
}

export interface SpawnOptions {
  /** Where the node's data lies; its parent exists. */
  readonly directory: string;
  /** 0: a free one. */
  readonly port: number;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** A node in a process of its own. */
export interface SpawnedBroker {
  readonly pid: number;
  /** The process is about to touch its disk. */
  readonly starting: Promise<void>;
  /** Fails if the process ends first, with the reason that it gave. */
  readonly ready: Promise<Ready>;
  readonly hasEnded: boolean;
  /** `kill -9`. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** A clean stop. Fails if the process ends otherwise. */
  stop(): Promise<void>;
  /** What the process wrote last, and why it ended if it said so. */
  testimony(): string;
}

type Message =
  | { readonly kind: 'starting' }
  | { readonly kind: 'stopped' }
  | ({ readonly kind: 'ready' } & Ready)
  | { readonly kind: 'failed'; readonly what: string; readonly cause: string };

const KEPT_CHARACTERS = 16_384;

/** This module may have been built to another place; the program and the packages' builds are where they always are. */
const root = [join(__dirname, '../..'), process.cwd()].find((path) =>
  existsSync(join(path, 'test/durability/broker-process.mjs')),
);

const propertiesOf = ({ directory, port, properties }: SpawnOptions): string =>
  Object.entries({
    'node.id': 1,
    'process.roles': 'broker,controller',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:0`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': '1@127.0.0.1:9093',
    'log.dirs': directory,
    ...properties,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');

export const spawnBroker = (options: SpawnOptions): SpawnedBroker => {
  if (root === undefined) throw new Error('run this from the root of the repository');
  if (!existsSync(join(root, 'packages/server/dist/index.js')))
    throw new Error('packages/server is not built: npx tsc -b packages/server');
  const child = fork(join(root, 'test/durability/broker-process.mjs'), [propertiesOf(options)], {
    env: { PATH: process.env['PATH'] ?? '', ...options.environment },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return watched(child);
};

const watched = (child: ChildProcess): SpawnedBroker => {
  let text = '';
  let hasEnded = false;
  let hasStopped = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-KEPT_CHARACTERS);
  });
  const starting = deferred<undefined>();
  const ready = deferred<Ready>();
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      hasEnded = true;
      resolve();
      const reason = new Error(`the broker ended (${signal ?? `exit ${code}`}): ${text}`);
      starting.reject(reason);
      ready.reject(reason);
    });
  });
  child.on('message', (message: Message) => {
    if (message.kind === 'starting') starting.resolve(undefined);
    else if (message.kind === 'ready') ready.resolve(message);
    else if (message.kind === 'stopped') hasStopped = true;
    else text += `\n${message.what}: ${message.cause}\n`;
  });
  return {
    pid: child.pid ?? -1,
    starting: starting.promise,
    ready: ready.promise,
    get hasEnded() {
      return hasEnded;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      if (!hasEnded) child.send('stop');
      await ended;
      if (!hasStopped) throw new Error(`the broker did not stop cleanly: ${text}`);
    },
    testimony: () => text,
  };
};

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (cause: Error) => void;
}

const deferred = <Value>(): Deferred<Value> => {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (cause: Error) => void = () => undefined;
  const promise = new Promise<Value>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  // Who does not wait for it is not to be ended by it.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
};
