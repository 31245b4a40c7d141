import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './loopback-ports';

export type NodeRole = 'broker' | 'controller';

/** A node of a cluster on this host: what its `server.properties` says. */
export interface NodePlan {
  readonly nodeId: number;
  readonly roles: readonly NodeRole[];
  /** Of its `server.properties`. */
  readonly file: string;
  /** Where its data lies; made when it is formatted. */
  readonly directory: string;
  /** Where it listens. */
  readonly host: string;
  /** Undefined: it is no broker. */
  readonly clientPort: number | undefined;
  /** Undefined: it is no controller. */
  readonly controllerPort: number | undefined;
  readonly metricsPort: number;
}

/** A cluster of processes on this host, before any of it has started. */
export interface ClusterPlan {
  readonly clusterId: string;
  readonly nodes: readonly NodePlan[];
  /** `--initial-controllers`. */
  readonly initialControllers: string;
}

export type Layout = 'combined' | 'separate';

/** An id of a cluster or a directory, as `storage random-uuid` draws them, but never with a leading `-`. */
export const freshId = (): string =>
  Buffer.from(Array.from({ length: 16 }, () => Math.floor(Math.random() * 256)))
    .toString('base64url')
    .replace(/^-/, 'a');

const ROLES: Readonly<Record<Layout, readonly (readonly NodeRole[])[]>> = {
  combined: [
    ['broker', 'controller'],
    ['broker', 'controller'],
    ['broker', 'controller'],
  ],
  separate: [['controller'], ['controller'], ['controller'], ['broker'], ['broker'], ['broker']],
};

/** The ids of its nodes. */
export const nodeIdsOf = (layout: Layout): readonly number[] => ROLES[layout].map((_, index) => index + 1);

/**
 * Writes `server.properties` of three nodes that are both, or of three controllers and three brokers, on free ports of
 * the loopback, or of the host that each has, each in a directory of its own below `directory`.
 */
export const planCluster = async (
  directory: string,
  layout: Layout,
  settings: Readonly<Record<string, string | number>> = {},
  hostOf: (nodeId: number) => string = () => '127.0.0.1',
): Promise<ClusterPlan> => {
  const roles = ROLES[layout];
  const ports = await freePorts(3 * roles.length);
  const nodes = roles.map((own, index): NodePlan => {
    const nodeId = index + 1;
    const home = join(directory, `node-${nodeId}`);
    const [clientPort, controllerPort, metricsPort = 0] = ports.slice(3 * index);
    return {
      nodeId,
      roles: own,
      file: join(home, 'server.properties'),
      directory: join(home, 'data'),
      host: hostOf(nodeId),
      clientPort: own.includes('broker') ? clientPort : undefined,
      controllerPort: own.includes('controller') ? controllerPort : undefined,
      metricsPort,
    };
  });
  const plan: ClusterPlan = {
    clusterId: freshId(),
    nodes,
    initialControllers: nodes
      .filter((node) => node.controllerPort !== undefined)
      .map((node) => `${node.nodeId}@${node.host}:${node.controllerPort}:${freshId()}`)
      .join(','),
  };
  for (const node of nodes) writeProperties(plan, node, settings);
  return plan;
};

const writeProperties = (
  { nodes }: ClusterPlan,
  node: NodePlan,
  settings: Readonly<Record<string, string | number>>,
): void => {
  const { nodeId, roles, host, clientPort, controllerPort, metricsPort } = node;
  const listeners = [
    ...(clientPort === undefined ? [] : [`PLAINTEXT://${host}:${clientPort}`]),
    ...(controllerPort === undefined ? [] : [`CONTROLLER://${host}:${controllerPort}`]),
  ];
  const bootstrap = nodes.flatMap((one) =>
    one.controllerPort === undefined ? [] : [`${one.host}:${one.controllerPort}`],
  );
  const properties = {
    'process.roles': roles.join(','),
    'node.id': nodeId,
    'controller.quorum.bootstrap.servers': bootstrap.join(','),
    listeners: listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': node.directory,
    'metrics.host': host,
    'metrics.port': metricsPort,
    ...settings,
  };
  mkdirSync(join(node.file, '..'), { recursive: true });
  writeFileSync(
    node.file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
};

/** The directory id that a formatted node has. */
export const directoryIdOf = ({ directory }: Pick<NodePlan, 'directory'>): string =>
  /^directory\.id=(.*)$/m.exec(readFileSync(join(directory, 'meta.properties'), 'utf8'))?.[1] ?? '';
