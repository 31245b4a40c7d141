import type { ProducerId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 older than a duration (KIP-994) · v2 a pattern of ids (KIP-1152). */
export const ListTransactionsRequest = message({
  name: 'ListTransactionsRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    stateFilters: array(string),
    producerIdFilters: array(int64.as<ProducerId>()),
    durationFilter: wideInt64.versions('1+').default(-1),
    transactionalIdPattern: string.versions('2+').nullable().default(null),
  },
});
export type ListTransactionsRequest = Infer<typeof ListTransactionsRequest>;

export const ListTransactionsResponse = message({
  name: 'ListTransactionsResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: array({
      transactionalId: string,
      producerId: int64.as<ProducerId>(),
      transactionState: string,
    }),
  },
});
export type ListTransactionsResponse = Infer<typeof ListTransactionsResponse>;
