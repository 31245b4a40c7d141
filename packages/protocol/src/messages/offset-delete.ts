import { array, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Forgets a group's offsets for topics it no longer reads (KIP-496). Never flexible. */
export const OffsetDeleteRequest = message({
  name: 'OffsetDeleteRequest',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
});
export type OffsetDeleteRequest = Infer<typeof OffsetDeleteRequest>;

export const OffsetDeleteResponse = message({
  name: 'OffsetDeleteResponse',
  versions: '0',
  flexible: 'none',
  fields: {
    errorCode: int16,
    throttleTimeMs: int32.default(0).ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type OffsetDeleteResponse = Infer<typeof OffsetDeleteResponse>;
