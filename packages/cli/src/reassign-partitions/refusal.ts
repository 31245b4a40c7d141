import { Failure } from '@kafkaesque/kernel';

/** What the cluster, or the request itself, does not allow; told behind "Error: ". */
export const refused = (message: string): Failure<'REFUSED'> => new Failure('REFUSED', message);

/** The same, where the sentence stands alone. */
export const notStarted = (message: string): Failure<'NOT_STARTED'> => new Failure('NOT_STARTED', message);
