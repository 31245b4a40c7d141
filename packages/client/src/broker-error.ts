import { errorName, errorOf } from '@kafkaesque/protocol';
import { ClientError } from './errors';

/** The broker's answer as an error: Kafka's name, whether to try again, whether it may have happened all the same. */
export const brokerError = (errorCode: number, message?: string | null): ClientError => {
  const known = errorOf(errorCode);
  return new ClientError('broker', errorName(errorCode), message ?? known.message, {
    errorCode,
    retriable: known.retriable,
    effect: known.effect,
  });
};
