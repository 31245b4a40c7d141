import type { Offset } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible. Offset -1 means the high watermark (KIP-107). */
export const DeleteRecordsRequest = message({
  name: 'DeleteRecordsRequest',
  versions: '0-2',
  flexible: '2+',
  fields: {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        offset: int64.as<Offset>(),
      }),
    }),
    timeoutMs: int32,
  },
});
export type DeleteRecordsRequest = Infer<typeof DeleteRecordsRequest>;

export const DeleteRecordsResponse = message({
  name: 'DeleteRecordsResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        lowWatermark: int64.as<Offset>(),
        errorCode: int16,
      }),
    }),
  },
});
export type DeleteRecordsResponse = Infer<typeof DeleteRecordsResponse>;
