import { join } from 'node:path';

/** What a node does: `process.roles`. */
export type NodeRole = 'broker' | 'controller';

/** Settings of a node by Kafka’s names, as in `server.properties`. */
export type Properties = Readonly<Record<string, string | number | boolean>>;

/** A node of a cluster, before it is started. */
export interface NodePlan {
  readonly nodeId: number;
  readonly roles: readonly NodeRole[];
  /** Of its data. */
  readonly directory: string;
  /** Where clients reach it; 0: wherever it finds a free port. Undefined: it is no broker. */
  readonly clientPort: number | undefined;
  /** Where other members reach it as a controller. Undefined: it is none. */
  readonly controllerPort: number | undefined;
}

/** How many nodes there are, and of which kind. */
export interface ClusterShape {
  /** Default 1. */
  readonly brokers?: number;
  /** Default: brokers are controllers as well, up to three of them. */
  readonly controllers?: number;
  /** Whether the first brokers are the controllers, as they are where `controllers` is absent. */
  readonly combined?: boolean;
}

const MOST_CONTROLLERS = 3;

/** The roles of nodes 1, 2, 3 …: brokers first. */
export const rolesOf = ({ brokers = 1, controllers, combined }: ClusterShape): readonly NodeRole[][] => {
  const isCombined = combined ?? controllers === undefined;
  const controllerCount = controllers ?? Math.min(brokers, MOST_CONTROLLERS);
  if (brokers < 1 || controllerCount < 1)
    throw new Error('a cluster has at least one broker and one controller');
  // A server that is its own only controller does not listen for others.
  if (isCombined && controllerCount === 1 && brokers > 1)
    throw new Error('a broker that is the only controller is alone: take three, or one that is no broker');
  const count = isCombined ? Math.max(brokers, controllerCount) : brokers + controllerCount;
  return Array.from({ length: count }, (_, index): NodeRole[] => {
    const isBroker = index < brokers;
    const isController = isCombined ? index < controllerCount : !isBroker;
    return [...(isBroker ? (['broker'] as const) : []), ...(isController ? (['controller'] as const) : [])];
  });
};

/** Takes two ports for each node. */
export const planNodes = (
  shape: ClusterShape,
  directory: string,
  ports: readonly number[],
): readonly NodePlan[] =>
  rolesOf(shape).map((roles, index) => ({
    nodeId: index + 1,
    roles,
    directory: join(directory, `node-${index + 1}`),
    clientPort: roles.includes('broker') ? ports[2 * index] : undefined,
    controllerPort: roles.includes('controller') ? ports[2 * index + 1] : undefined,
  }));

/** The only node of a cluster: it finds a port by itself, and nobody reaches its controller. */
export const planOnlyNode = (directory: string): NodePlan => ({
  nodeId: 1,
  roles: ['broker', 'controller'],
  directory: join(directory, 'data'),
  clientPort: 0,
  controllerPort: 0,
});

/** `server.properties` of a node among the others. */
export const propertiesOf = (node: NodePlan, nodes: readonly NodePlan[], given: Properties = {}): string => {
  const voters = nodes.flatMap(({ nodeId, controllerPort }) =>
    // A node alone asks nobody, whatever the port.
    controllerPort === undefined
      ? []
      : [`${nodeId}@127.0.0.1:${controllerPort === 0 ? 9093 : controllerPort}`],
  );
  const listeners = [
    ...(node.clientPort === undefined ? [] : [`PLAINTEXT://127.0.0.1:${node.clientPort}`]),
    ...(node.controllerPort === undefined ? [] : [`CONTROLLER://127.0.0.1:${node.controllerPort}`]),
  ];
  return Object.entries({
    'node.id': node.nodeId,
    'process.roles': node.roles.join(','),
    listeners: listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': voters.join(','),
    'log.dirs': node.directory,
    ...given,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');
};
