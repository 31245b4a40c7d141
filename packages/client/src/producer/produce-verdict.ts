import { ErrorCode } from '@kafkaesque/protocol';
import type { ClientError } from '../errors';

/** What an unsuccessful attempt means for its batch. */
export type ProduceVerdict = 'written-before' | 'split' | 'out-of-order' | 'try-again' | 'give-up';

/** Facts about the batch and its producer that the verdict depends on. */
export interface AttemptFacts {
  readonly recordCount: number;
  readonly isIdempotent: boolean;
  readonly hasAttemptsLeft: boolean;
}

/** The producer's decision on an error of one partition, in the order in which Kafka's own client asks. */
export const judgeAttempt = (error: ClientError, facts: AttemptFacts): ProduceVerdict => {
  switch (error.errorCode) {
    case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
      return 'written-before';
    case ErrorCode.MESSAGE_TOO_LARGE:
      return facts.recordCount > 1 ? 'split' : 'give-up';
    case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
    case ErrorCode.UNKNOWN_PRODUCER_ID:
      return facts.isIdempotent && facts.hasAttemptsLeft ? 'out-of-order' : 'give-up';
    default:
      return error.retriable && facts.hasAttemptsLeft ? 'try-again' : 'give-up';
  }
};
