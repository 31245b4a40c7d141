import { Failure } from '@kafkaesque/kernel';

/** The bytes are not what the codec writes: cut off, damaged, or made to deceive. */
export const corrupt = (message: string, cause?: unknown): Failure<'CORRUPT_COMPRESSION'> =>
  new Failure('CORRUPT_COMPRESSION', message, { cause });

/** The plain bytes would be more than the limit. */
export const tooLarge = (limitBytes: number): Failure<'OUTPUT_TOO_LARGE'> =>
  new Failure('OUTPUT_TOO_LARGE', `The compressed bytes hold more than ${limitBytes} bytes.`);
