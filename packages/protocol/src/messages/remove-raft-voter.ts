import type { BrokerId } from '@kafkaesque/kernel';
import { int16, int32, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Changes the voter set (KIP-853). */
export const RemoveRaftVoterRequest = message({
  name: 'RemoveRaftVoterRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    clusterId: string.nullable(),
    voterId: int32.as<BrokerId>(),
    voterDirectoryId: uuid,
  },
});
export type RemoveRaftVoterRequest = Infer<typeof RemoveRaftVoterRequest>;

export const RemoveRaftVoterResponse = message({
  name: 'RemoveRaftVoterResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().ignorable(),
  },
});
export type RemoveRaftVoterResponse = Infer<typeof RemoveRaftVoterResponse>;
