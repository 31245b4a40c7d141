import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Controller to active controller (KIP-919). */
export const ControllerRegistrationRequest = message({
  name: 'ControllerRegistrationRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32.as<BrokerId>(),
    incarnationId: uuid,
    zkMigrationReady: bool,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  },
});
export type ControllerRegistrationRequest = Infer<typeof ControllerRegistrationRequest>;

export const ControllerRegistrationResponse = message({
  name: 'ControllerRegistrationResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
});
export type ControllerRegistrationResponse = Infer<typeof ControllerRegistrationResponse>;
