import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int8, string, uint16, uuid } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** Controllers, and the feature levels that the cluster has agreed on. */
export const RegisterControllerRecord = message({
  name: 'RegisterControllerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32.as<BrokerId>(),
    incarnationId: uuid,
    zkMigrationReady: bool,
    endPoints: array({
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
export type RegisterControllerRecord = Infer<typeof RegisterControllerRecord>;

export const FeatureLevelRecord = message({
  name: 'FeatureLevelRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string,
    featureLevel: int16,
  },
});
export type FeatureLevelRecord = Infer<typeof FeatureLevelRecord>;

export const ZkMigrationStateRecord = message({
  name: 'ZkMigrationStateRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: int8,
  },
});
export type ZkMigrationStateRecord = Infer<typeof ZkMigrationStateRecord>;
