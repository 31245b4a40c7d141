import type {
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
  sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  SERVING_STATUS,
  decodeHealthCheckRequest,
  decodeHealthCheckResponse,
  encodeHealthCheckRequest,
  encodeHealthCheckResponse,
} from './health-codec';
import type { HealthCheckRequest, HealthCheckResponse, ServingStatus } from './health-codec';
import type { ServingState } from './serving-state';

const methodOf = (name: string, responseStream: boolean) =>
  ({
    path: `/grpc.health.v1.Health/${name}`,
    originalName: name.toLowerCase(),
    requestStream: false,
    responseStream,
    requestSerialize: encodeHealthCheckRequest,
    requestDeserialize: decodeHealthCheckRequest,
    responseSerialize: encodeHealthCheckResponse,
    responseDeserialize: decodeHealthCheckResponse,
  }) as const;

/** `grpc.health.v1.Health` of https://github.com/grpc/grpc/blob/master/doc/health-checking.md: Check and Watch. */
export const healthDefinition = {
  Check: methodOf('Check', false),
  Watch: methodOf('Watch', true),
} as const satisfies ServiceDefinition;

/** Answers for the whole server (the empty name) and each of `services`; they serve together. `notFound` is grpc-js's. */
export const healthImplementation = (
  serving: ServingState,
  services: readonly string[],
  notFound: status.NOT_FOUND,
): UntypedServiceImplementation => {
  const isKnown = (service: string): boolean => service === '' || services.includes(service);
  const statusOf = (isServing: boolean): ServingStatus =>
    isServing ? SERVING_STATUS.SERVING : SERVING_STATUS.NOT_SERVING;
  return {
    Check: (
      call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      answer: sendUnaryData<HealthCheckResponse>,
    ): void => {
      if (isKnown(call.request.service)) answer(null, { status: statusOf(serving.isServing) });
      else answer({ code: notFound, details: 'unknown service' });
    },
    Watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void => {
      if (!isKnown(call.request.service)) {
        call.write({ status: SERVING_STATUS.SERVICE_UNKNOWN });
        return;
      }
      call.write({ status: statusOf(serving.isServing) });
      const stop = serving.watch((isServing) => {
        call.write({ status: statusOf(isServing) });
      });
      call.on('cancelled', stop);
      call.on('close', stop);
    },
  };
};
