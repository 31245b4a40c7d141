import { Failure } from '@kafkaesque/kernel';

/** The command line says something that cannot be: the message stands alone, without a stack. */
export class UsageError extends Failure<'USAGE'> {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super('USAGE', message);
  }
}
