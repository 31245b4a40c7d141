import type { BrokerId } from '@kafkaesque/kernel';
import { array, int16, int32, string, struct, uint16, uuid, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * What control batches hold: the type in the key, these in the value. LeaderChange: v1 directory ids (KIP-853).
 */
export const ControlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  versions: '0',
  flexible: 'none',
  fields: {
    type: int16,
  },
});
export type ControlRecordTypeSchema = Infer<typeof ControlRecordTypeSchema>;

export const EndTxnMarker = message({
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  fields: {
    coordinatorEpoch: int32,
  },
});
export type EndTxnMarker = Infer<typeof EndTxnMarker>;

const Voter = struct({
  voterId: int32.as<BrokerId>(),
  voterDirectoryId: uuid.versions('1+'),
});

export const LeaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16,
    leaderId: int32.as<BrokerId>(),
    voters: array(Voter),
    grantingVoters: array(Voter),
  },
});
export type LeaderChangeMessage = Infer<typeof LeaderChangeMessage>;

export const SnapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16,
    lastContainedLogTimestamp: wideInt64,
  },
});
export type SnapshotHeaderRecord = Infer<typeof SnapshotHeaderRecord>;

export const SnapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16,
  },
});
export type SnapshotFooterRecord = Infer<typeof SnapshotFooterRecord>;

export const KRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16,
    kRaftVersion: int16,
  },
});
export type KRaftVersionRecord = Infer<typeof KRaftVersionRecord>;

export const VotersRecord = message({
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16,
    voters: array({
      voterId: int32.as<BrokerId>(),
      voterDirectoryId: uuid,
      endpoints: array({
        name: string,
        host: string,
        port: uint16,
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16,
        maxSupportedVersion: int16,
      }),
    }),
  },
});
export type VotersRecord = Infer<typeof VotersRecord>;
