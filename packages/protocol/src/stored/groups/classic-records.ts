import { array, bytes, int32, string, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** A group of the classic protocol. */
export const GroupMetadataKey = message({
  name: 'GroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { group: string },
});
export type GroupMetadataKey = Infer<typeof GroupMetadataKey>;

/** v1 rebalance timeout · v2 time of the last change of state · v3 static members (KIP-345) · v4 flexible. */
export const GroupMetadataValue = message({
  name: 'GroupMetadataValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string,
    generation: int32,
    protocol: string.nullable(),
    leader: string.nullable(),
    currentStateTimestamp: wideInt64.versions('2+').default(-1).ignorable(),
    members: array({
      memberId: string,
      groupInstanceId: string.versions('3+').nullable('3+').default(null).ignorable(),
      clientId: string,
      clientHost: string,
      rebalanceTimeout: int32.versions('1+').default(-1).ignorable(),
      sessionTimeout: int32,
      subscription: bytes,
      assignment: bytes,
    }),
  },
});
export type GroupMetadataValue = Infer<typeof GroupMetadataValue>;
