import type { Socket } from 'node:net';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ReadGarbage } from '../tcp/read-garbage';
import { widenWindows } from './grpc-js-insides';
import { healthDefinition, healthImplementation } from './health-service';
import type { ServingState } from './serving-state';

/** A service as grpc-js takes it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** What the service asks of the connections it is reached through. */
  readonly connections?: GrpcConnectionNeeds;
}

/** Of each, the largest that a service of the port asks for holds for all of them. */
export interface GrpcConnectionNeeds {
  /** Of a message in either direction. Default: grpc-js's, which receives up to 4 MiB. */
  readonly maxMessageBytes: number;
  /** What a client may have on the way before it is read. Default: HTTP/2's, which is 64 KiB. */
  readonly windowBytes: number;
}

/** What HTTP/2 connections of a port are answered with. */
export interface GrpcDoor {
  /** What `grpc.health.v1.Health` answers. */
  readonly serving: ServingState;
  /** Further services, loaded when the first HTTP/2 connection arrives. */
  readonly services?: (garbage: ReadGarbage) => Promise<readonly GrpcService[]>;
}

/** A grpc-js server that owns no port: connections are handed in. */
export interface OpenGrpcDoor {
  takeConnection(socket: Socket): void;
  close(): void;
}

const MAX_STREAMS_A_CONNECTION = 100;

/** Loads grpc-js and the services; costs some 50 ms and is done for the first HTTP/2 connection only. */
export const openGrpcDoor = async (door: GrpcDoor, garbage: ReadGarbage): Promise<OpenGrpcDoor> => {
  const [grpc, services] = await Promise.all([import('@grpc/grpc-js'), door.services?.(garbage) ?? []]);
  const needs = needsOf(services);
  const server = new grpc.Server({
    'grpc.max_concurrent_streams': MAX_STREAMS_A_CONNECTION,
    ...(needs && {
      'grpc.max_receive_message_length': needs.maxMessageBytes,
      'grpc.max_send_message_length': needs.maxMessageBytes,
    }),
  });
  if (needs !== undefined) widenWindows(server, needs.windowBytes);
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  server.addService(
    healthDefinition,
    healthImplementation(door.serving, services.flatMap(serviceNames), grpc.status.NOT_FOUND),
  );
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return {
    takeConnection: (socket) => injector.injectConnection(socket),
    close: () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
};

const needsOf = (services: readonly GrpcService[]): GrpcConnectionNeeds | undefined =>
  services
    .flatMap((service) => service.connections ?? [])
    .reduce<GrpcConnectionNeeds | undefined>(
      (most, needs) => ({
        maxMessageBytes: Math.max(most?.maxMessageBytes ?? 0, needs.maxMessageBytes),
        windowBytes: Math.max(most?.windowBytes ?? 0, needs.windowBytes),
      }),
      undefined,
    );

/** `package.Service` of `/package.Service/Method`. */
const serviceNames = (service: GrpcService): readonly string[] => {
  const [, name] = Object.values(service.definition)[0]?.path.split('/') ?? [];
  return name === undefined ? [] : [name];
};
