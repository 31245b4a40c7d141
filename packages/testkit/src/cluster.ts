import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@kafkaesque/kernel';
import { silentLogger, silentMetrics } from '@kafkaesque/kernel';
import type { Node, World } from '@kafkaesque/server';
import { openWorld, readConfiguration, startNode } from '@kafkaesque/server';

/** How a test's cluster differs from the usual one. */
export interface ClusterOptions {
  /** One, in this release. */
  readonly brokers?: 1;
  /** `server.properties` keys that differ from the defaults of a test cluster. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Where data lies; absent: a temporary directory that `close` removes. */
  readonly directory?: string;
  readonly logger?: Logger;
  /** Parts of the world to replace, such as the disk. */
  readonly world?: Partial<World>;
}

/** A broken invariant that a node reported instead of ending the test's process. */
export interface ReportedFault {
  readonly what: string;
  readonly cause: unknown;
}

/** A cluster inside the caller's own process, on free ports of the loopback. */
export interface Cluster extends AsyncDisposable {
  /** `host:port`, for any client. */
  readonly bootstrapServers: string;
  readonly clusterId: string;
  readonly directory: string;
  /** The running node. */
  readonly node: Node;
  /** Broken invariants so far; a test expects none. */
  readonly faults: readonly ReportedFault[];
  /** Stops the node, cleanly or as a crash would, and starts it again on the same data and port. */
  restart(how?: 'clean' | 'crash'): Promise<void>;
  /** Stops the node and removes a temporary directory. Fails if an invariant broke. */
  close(): Promise<void>;
}

const propertiesOf = (directory: string, port: number, given: ClusterOptions['properties']): string =>
  Object.entries({
    'node.id': 1,
    'process.roles': 'broker,controller',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:0`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': '1@127.0.0.1:9093',
    'log.dirs': directory,
    ...given,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');

/** Starts a cluster. Ready when it resolves. */
export const createCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const isTemporary = options.directory === undefined;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'kafkaesque-')));
  const faults: ReportedFault[] = [];
  const start = async (port: number): Promise<Node> => {
    const outcome = readConfiguration({
      file: propertiesOf(join(directory, 'data'), port, options.properties),
      environment: {},
    });
    if (outcome.kind === 'invalid') throw new Error(outcome.errors.map(({ message }) => message).join('\n'));
    const world = await openWorld({
      logger: options.logger ?? silentLogger,
      metrics: silentMetrics,
      environment: {},
      faults: {
        fault: (what, cause) => {
          faults.push({ what, cause });
        },
      },
    });
    return startNode({ configuration: outcome.configuration, world: { ...world, ...options.world } });
  };
  let node = await start(0);
  const [listener] = node.listeners;
  if (listener === undefined) throw new Error('a test cluster has one listener');
  const close = async (): Promise<void> => {
    await node.close();
    if (isTemporary) await rm(directory, { recursive: true, force: true });
    const [first] = faults;
    if (first !== undefined) throw new Error(`an invariant broke: ${first.what}`, { cause: first.cause });
  };
  return {
    bootstrapServers: `127.0.0.1:${listener.port}`,
    clusterId: node.clusterId,
    directory,
    get node() {
      return node;
    },
    faults,
    async restart(how = 'clean') {
      await (how === 'clean' ? node.close() : node.crash());
      node = await start(listener.port);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
