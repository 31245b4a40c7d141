import { Failure, messageOf } from '@kafkaesque/kernel';
import { sdk } from '../command-line/loaded-on-demand';
import { javaMessageOf, javaTextOf } from '../command-line/java-errors';

/** What ends a command, in the words in which Kafka's tool tells it. */
export type GroupFailure = Failure<'GROUP_COMMAND'>;

/**
 * A failure of the cluster as Kafka's tool tells it. Where it waits for an answer it prints the exception with its class,
 * and `wrapped` where such an exception was caught once more; where it is told of one, only the sentence.
 */
export const groupFailure = (
  error: unknown,
  form: 'sentence' | 'exception' | 'wrapped' = 'exception',
): GroupFailure => {
  if (!sdk().isClientError(error)) return new Failure('GROUP_COMMAND', messageOf(error), { cause: error });
  const text = form === 'sentence' ? javaMessageOf(error) : javaTextOf(error);
  const prefix = form === 'wrapped' ? 'java.util.concurrent.ExecutionException: ' : '';
  return new Failure('GROUP_COMMAND', `${prefix}${text}`, { cause: error });
};
