import type { MetadataRecord } from '../records';
import type { RegisterControllerCommand } from './commands';
import type { Decision } from './decision';
import { endpointsOf, featuresOf } from './registrations';

/** Keeps where a controller is reached and what it can do (KIP-919); it registers anew at each start. */
export const decideRegisterController = (
  command: RegisterControllerCommand,
): Decision<Readonly<Record<string, never>>> => {
  const record: MetadataRecord = {
    kind: 'RegisterControllerRecord',
    value: {
      controllerId: command.controllerId,
      incarnationId: command.incarnationId,
      zkMigrationReady: false,
      endPoints: endpointsOf(command.listeners),
      features: featuresOf(command.features),
    },
  };
  return { kind: 'decided', records: [record], response: {} };
};
