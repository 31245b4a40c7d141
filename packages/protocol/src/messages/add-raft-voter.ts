import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Changes the voter set (KIP-853). v1 acknowledged once committed, or at once. */
export const AddRaftVoterRequest = message({
  name: 'AddRaftVoterRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string.nullable(),
    timeoutMs: int32,
    voterId: int32.as<BrokerId>(),
    voterDirectoryId: uuid,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
    }),
    ackWhenCommitted: bool.versions('1+').default(true),
  },
});
export type AddRaftVoterRequest = Infer<typeof AddRaftVoterRequest>;

export const AddRaftVoterResponse = message({
  name: 'AddRaftVoterResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().ignorable(),
  },
});
export type AddRaftVoterResponse = Infer<typeof AddRaftVoterResponse>;
