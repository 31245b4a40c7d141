import type { BufferPool, Clock, Logger } from '@kafkaesque/kernel';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServingState } from '../grpc/serving-state';
import type { KafkaConnection } from './kafka-connection';
import type { RequestMemory } from './request-memory';

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface GrpcDoor {
  /** What `grpc.health.v1.Health` answers. */
  readonly serving: ServingState;
  /** Further services, loaded when the first HTTP/2 connection arrives. */
  readonly services?: () => Promise<readonly GrpcService[]>;
}

export interface ListenOptions {
  /** The listener's name, `PLAINTEXT` and the like. */
  readonly name: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** `socket.request.max.bytes`; must stay below 0x47455420 (`GET `). */
  readonly maxRequestBytes: number;
  /** Default 30,000. */
  readonly firstByteDeadlineMs?: number;
  /** Default 30,000. */
  readonly incompleteFrameDeadlineMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pool: BufferPool;
  /** Shared by all listeners of the process. */
  readonly memory: RequestMemory;
  readonly onKafka: (connection: KafkaConnection) => void;
  /** Without it, HTTP/2 connections are closed. */
  readonly grpc?: GrpcDoor;
}

export interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly connectionCount: number;
  /** Accepts no more, resets what is open, resolves when every connection has ended. */
  close(): Promise<void>;
}

/** Opens one port for both protocols. Rejects with the system's error, `EADDRINUSE` and the like. */
export const listen = (options: ListenOptions): Promise<Listener> =>
  Promise.reject(new Error(`not written yet: ${options.name}`));
