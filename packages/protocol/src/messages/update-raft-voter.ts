import type { BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { array, int16, int32, string, struct, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** A voter tells its endpoints and the versions it can work with (KIP-853). */
export const UpdateRaftVoterRequest = message({
  name: 'UpdateRaftVoterRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    clusterId: string.nullable(),
    currentLeaderEpoch: int32.as<LeaderEpoch>(),
    voterId: int32.as<BrokerId>(),
    voterDirectoryId: uuid,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
    }),
    kRaftVersionFeature: struct({
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  },
});
export type UpdateRaftVoterRequest = Infer<typeof UpdateRaftVoterRequest>;

export const UpdateRaftVoterResponse = message({
  name: 'UpdateRaftVoterResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    currentLeader: struct({
      leaderId: int32.default(-1).as<BrokerId>(),
      leaderEpoch: int32.default(-1).as<LeaderEpoch>(),
      host: string,
      port: int32,
    }).tagged(0),
  },
});
export type UpdateRaftVoterResponse = Infer<typeof UpdateRaftVoterResponse>;
