import type { AcceptChannel, BufferPool } from '@kafkaesque/kernel';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type {
  ConnectionLimits,
  Listener,
  ReadGarbage,
  RequestMemory,
  ServingState,
} from '@kafkaesque/transport';
import { membersService } from '@kafkaesque/transport';
import type { BrokerConfiguration, Endpoint } from '../configuration';
import { KafkaDoor } from '../doors/kafka-door';
import type { HandlerTable } from '../handlers/table';
import { observers } from '../metrics/completed-request';
import type { RequestLog } from '../metrics/request-log';
import { RequestMeters } from '../metrics/request-meters';
import { RequestTracer } from '../metrics/request-tracer';
import type { NodeLoggers } from './node-loggers';
import type { World } from './world';

export interface DoorsOptions {
  readonly configuration: BrokerConfiguration;
  readonly world: World;
  readonly loggers: NodeLoggers;
  readonly pool: BufferPool;
  readonly memory: RequestMemory;
  readonly limits: ConnectionLimits;
  readonly serving: ServingState;
  readonly requestLog: RequestLog;
  /** What is answered on the brokers' listeners; undefined where the node is no broker. */
  readonly broker: HandlerTable | undefined;
  /** What is answered on the controllers' listeners; undefined where it is no controller. */
  readonly controller: HandlerTable | undefined;
  /** Takes channels of other members; undefined: there are no others. */
  readonly accept: AcceptChannel | undefined;
  /** The same on the listener between brokers; undefined where the node is no broker, or alone. */
  readonly acceptFollower: AcceptChannel | undefined;
  readonly disconnected: (connectionId: number) => void;
}

/** A listener and what was configured of it. */
export interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly listener: Listener;
  readonly isController: boolean;
}

/** The doors of a node: one for clients of brokers, one for those of controllers, and the listeners that lead to them. */
export class Doors {
  readonly endpoints: readonly OpenEndpoint[];
  readonly #doors: readonly KafkaDoor[];

  constructor(endpoints: readonly OpenEndpoint[], doors: readonly KafkaDoor[]) {
    this.endpoints = endpoints;
    this.#doors = doors;
  }

  /** Requests are looked at from now on. */
  open(): void {
    for (const door of this.#doors) door.open();
  }

  async close(): Promise<void> {
    await Promise.all(this.endpoints.map(({ listener }) => listener.close()));
  }
}

/** Everything that either door answers, each API once. */
const together = ({ broker, controller }: DoorsOptions): Pick<HandlerTable, 'all'> => ({
  all: [
    ...(broker?.all ?? []),
    ...(controller?.all ?? []).filter(({ key }) => broker?.byKey(key) === undefined),
  ],
});

const doorOf = (options: DoorsOptions, handlers: HandlerTable, meters: RequestMeters): KafkaDoor => {
  const { world, loggers, requestLog, disconnected } = options;
  const { clock, faults, traces } = world;
  return new KafkaDoor({
    handlers,
    clock,
    faults,
    disconnected,
    logger: loggers.apis,
    observer: observers(
      meters,
      requestLog,
      ...(traces === undefined ? [] : [new RequestTracer(traces, clock)]),
    ),
  });
};

/** Opens every listener; connections wait until the doors are opened. Rejects with a Failure `CANNOT_LISTEN`. */
export const openDoors = async (options: DoorsOptions): Promise<Doors> => {
  const { configuration, world, loggers, pool, memory, limits, serving, accept, acceptFollower } = options;
  const meters = new RequestMeters(world.metrics, world.clock, together(options));
  const broker = options.broker === undefined ? undefined : doorOf(options, options.broker, meters);
  const controller =
    options.controller === undefined ? undefined : doorOf(options, options.controller, meters);
  const opened: OpenEndpoint[] = [];
  try {
    for (const endpoint of configuration.listeners) {
      const isController = configuration.controllerListenerNames.includes(endpoint.name);
      const door = isController ? controller : broker;
      // Without others, a listener for controllers has nobody to talk to.
      if (door === undefined || (isController && accept === undefined)) continue;
      const isForBrokers = !isController && endpoint.name === configuration.interBrokerListenerName;
      const accepts = isController ? accept : isForBrokers ? acceptFollower : undefined;
      const services =
        accepts === undefined
          ? undefined
          : async (garbage: ReadGarbage) => [
              await membersService(world.acceptMembers?.(accepts) ?? accepts, {}, garbage),
            ];
      const listener = await world
        .listen({
          name: endpoint.name,
          host: endpoint.host,
          port: endpoint.port,
          maxRequestBytes: configuration.socketRequestMaxBytes,
          clock: world.clock,
          logger: loggers.network,
          pool,
          memory,
          // However many clients there are, members of the quorum get through: a refusal looks like a death.
          ...(isController ? {} : { limits }),
          maxIdleMs: Number(configuration.get('connections.max.idle.ms')),
          onKafka: door.accept,
          grpc: { serving, ...(services === undefined ? {} : { services }) },
        })
        .catch((error: unknown) => {
          throw new Failure('CANNOT_LISTEN', cannotListen(endpoint, error), { cause: error });
        });
      opened.push({ endpoint, listener, isController });
    }
  } catch (error) {
    await Promise.all(opened.map(({ listener }) => listener.close()));
    throw error;
  }
  return new Doors(
    opened,
    [broker, controller].filter((door) => door !== undefined),
  );
};

const cannotListen = ({ name, host, port }: Endpoint, error: unknown): string =>
  `The listener ${name} cannot listen on ${host === '' ? '0.0.0.0' : host}:${port}: ${messageOf(error)}. ` +
  'Another process may have the port: stop it, or choose another one in `listeners`.';
