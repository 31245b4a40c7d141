import type { Socket } from 'node:net';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { healthDefinition, healthImplementation } from './health-service';
import type { ServingState } from './serving-state';

/** A service as grpc-js takes it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** What HTTP/2 connections of a port are answered with. */
export interface GrpcDoor {
  /** What `grpc.health.v1.Health` answers. */
  readonly serving: ServingState;
  /** Further services, loaded when the first HTTP/2 connection arrives. */
  readonly services?: () => Promise<readonly GrpcService[]>;
}

/** A grpc-js server that owns no port: connections are handed in. */
export interface OpenGrpcDoor {
  takeConnection(socket: Socket): void;
  close(): void;
}

const MAX_STREAMS_A_CONNECTION = 100;

/** Loads grpc-js and the services; costs some 50 ms and is done for the first HTTP/2 connection only. */
export const openGrpcDoor = async (door: GrpcDoor): Promise<OpenGrpcDoor> => {
  const [grpc, services] = await Promise.all([import('@grpc/grpc-js'), door.services?.() ?? []]);
  const server = new grpc.Server({ 'grpc.max_concurrent_streams': MAX_STREAMS_A_CONNECTION });
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

/** `package.Service` of `/package.Service/Method`. */
const serviceNames = (service: GrpcService): readonly string[] => {
  const [, name] = Object.values(service.definition)[0]?.path.split('/') ?? [];
  return name === undefined ? [] : [name];
};
