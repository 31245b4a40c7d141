import type { Logger } from '@kafkaesque/kernel';
import { silentLogger, silentMetrics } from '@kafkaesque/kernel';
import { readConfiguration, startNode } from '@kafkaesque/server';
import type { BrokerConfiguration, Node, NodeView, World } from '@kafkaesque/server';
import type { ProcessWorld } from '@kafkaesque/sim';
import { ReadGarbage } from '@kafkaesque/transport';
import type { AcceptChannel } from '@kafkaesque/kernel';
import { ServedChannel } from './served-channel';
import type { ClusterShape } from './shape';

export const CLUSTER = 'simulatedClusterAAAAAAA';
export const DATA = '/data';
const SECOND_DATA = '/data2';
export const BROKER_PORT = 9092;
export const CONTROLLER_PORT = 9093;
/** Clients dial another port than members: which of both protocols a connection speaks is not simulated. */
export const CLIENT_PORT = 19_092;

export type NodeRole = 'broker' | 'controller';

export const hostOf = (nodeId: number): string => `n${nodeId}`;

/** The log directories of a node. */
export const directoriesOf = (
  roles: readonly NodeRole[],
  { directoryCount }: Pick<ClusterShape, 'directoryCount'>,
): readonly string[] => (roles.includes('broker') && directoryCount > 1 ? [DATA, SECOND_DATA] : [DATA]);

export interface ClusterNodeOptions {
  readonly nodeId: number;
  readonly roles: readonly NodeRole[];
  /** Ids of all controllers. */
  readonly voters: readonly number[];
  readonly process: ProcessWorld;
  readonly shape: ClusterShape;
  readonly fault: (what: string, cause: unknown) => void;
  readonly watch: (view: NodeView) => void;
  readonly logger?: Logger;
}

/** What an operator would write into `server.properties`. */
const configurationOf = ({ nodeId, roles, voters, shape }: ClusterNodeOptions): BrokerConfiguration => {
  const host = hostOf(nodeId);
  const listeners = [
    ...(roles.includes('broker') ? [`PLAINTEXT://${host}:${BROKER_PORT}`] : []),
    ...(roles.includes('controller') ? [`CONTROLLER://${host}:${CONTROLLER_PORT}`] : []),
  ];
  const outcome = readConfiguration({
    file: [
      `process.roles=${roles.join(',')}`,
      `node.id=${nodeId}`,
      `controller.quorum.voters=${voters.map((id) => `${id}@${hostOf(id)}:${CONTROLLER_PORT}`).join(',')}`,
      `listeners=${listeners.join(',')}`,
      'controller.listener.names=CONTROLLER',
      `log.dirs=${directoriesOf(roles, shape).join(',')}`,
      'initial.broker.registration.timeout.ms=3600000',
      'min.insync.replicas=2',
      // Wall clocks jump by hours here, and a refusal because of one says nothing about replication.
      `log.message.timestamp.after.max.ms=${Number.MAX_SAFE_INTEGER}`,
      ...Object.entries(shape.settings).map(([key, value]) => `${key}=${value}`),
    ].join('\n'),
  });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors.map(({ message }) => message).join('\n'));
  return outcome.configuration;
};

/** Everything that the product's node touches, made of one process's simulated machine. */
const worldOf = ({ nodeId, process, fault, logger = silentLogger }: ClusterNodeOptions): World => {
  const { disk, clock, random, network } = process;
  const accepts: AcceptChannel[] = [];
  let lastConnection = 0;
  return {
    ...{ disk, clock, random, logger, metrics: silentMetrics },
    faults: { fault },
    lock: () => Promise.resolve(() => Promise.resolve()),
    hostName: hostOf(nodeId),
    loadModule: (specifier) => {
      throw new Error(`there is no module ${specifier} here`);
    },
    dialMembers: () => ({ dial: (address) => network.dial(address), close: () => undefined }),
    acceptMembers: (accept) => {
      accepts.push(accept);
      return accept;
    },
    listen: async ({ name, host, port, onKafka, grpc }) => {
      // Asking for the services shows who takes the members' channels.
      await grpc?.services?.(new ReadGarbage(() => undefined));
      const accept = accepts.pop();
      const stops = [
        ...(accept === undefined ? [] : [network.listen(port, accept)]),
        ...(port === BROKER_PORT
          ? [
              network.listen(CLIENT_PORT, (channel) =>
                onKafka(new ServedChannel(channel, ++lastConnection, name, `${host}:${port}`)),
              ),
            ]
          : []),
      ];
      const close = (): Promise<void> => {
        for (const stop of stops) stop();
        return Promise.resolve();
      };
      return {
        ...{ address: host, port, connectionCount: 0, traffic: { bytesRead: 0, bytesWritten: 0 }, close },
        [Symbol.asyncDispose]: close,
      };
    },
  };
};

/** Starts the product's own node on a simulated machine. */
export const startClusterNode = (options: ClusterNodeOptions): Promise<Node> =>
  startNode({
    configuration: configurationOf(options),
    world: worldOf(options),
    watch: options.watch,
  });
