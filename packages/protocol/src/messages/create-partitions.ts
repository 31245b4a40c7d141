import type { BrokerId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v2 flexible · v3 THROTTLING_QUOTA_EXCEEDED (KIP-599). */
export const CreatePartitionsRequest = message({
  name: 'CreatePartitionsRequest',
  versions: '0-3',
  flexible: '2+',
  fields: {
    topics: array({
      name: string,
      count: int32,
      assignments: array({
        brokerIds: array(int32.as<BrokerId>()),
      }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
});
export type CreatePartitionsRequest = Infer<typeof CreatePartitionsRequest>;

export const CreatePartitionsResponse = message({
  name: 'CreatePartitionsResponse',
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    results: array({
      name: string,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
});
export type CreatePartitionsResponse = Infer<typeof CreatePartitionsResponse>;
