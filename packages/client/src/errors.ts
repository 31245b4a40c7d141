import { Failure, messageOf } from '@kafkaesque/kernel';

/**
 * What kind of thing went wrong, for code that reacts; `code` says which one.
 *
 * - `broker`: the broker answered with an error; `code` is Kafka's name of it, `errorCode` its number.
 * - `connection`: nobody could be reached, or the connection ended before the answer.
 * - `timeout`: the time given ran out.
 * - `aborted`: the caller's `AbortSignal` fired.
 * - `closed`: the client was closed first.
 * - `unsupported`: the broker does not offer the API, or no version that can carry the request.
 * - `protocol`: what came back is not an answer to what was asked.
 * - `usage`: the call or an option is wrong; the message says what is right.
 * - `limit`: a bound of the client was reached (buffer memory, record size).
 */
export type ClientErrorKind =
  'broker' | 'connection' | 'timeout' | 'aborted' | 'closed' | 'unsupported' | 'protocol' | 'usage' | 'limit';

/** Whether what was asked may have happened all the same: `definite`, it has not; `indefinite`, nobody here knows. */
export type ErrorEffect = 'definite' | 'indefinite';

/**
 * What a `ClientError` knows besides its kind and sentence. Without `effect` nobody knows whether the request took
 * effect.
 */
export interface ClientErrorOptions {
  readonly effect?: ErrorEffect;
  readonly retriable?: boolean;
  readonly errorCode?: number;
  readonly cause?: unknown;
}

/** Every failure that the client hands to its caller. Ask for `kind` or `code`, never `instanceof`. */
export class ClientError extends Failure {
  override readonly name = 'ClientError';
  readonly kind: ClientErrorKind;
  readonly effect: ErrorEffect;
  /** Kafka's number, when the broker answered with one. */
  readonly errorCode: number | undefined;

  constructor(kind: ClientErrorKind, code: string, message: string, options: ClientErrorOptions = {}) {
    super(code, message, {
      retriable: options.retriable ?? false,
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.kind = kind;
    this.effect = options.effect ?? 'definite';
    this.errorCode = options.errorCode;
  }
}

/** Anything thrown, as the client's own error. */
export const asClientError = (error: unknown): ClientError =>
  isClientError(error)
    ? error
    : new ClientError('protocol', 'UNEXPECTED', messageOf(error), { effect: 'indefinite', cause: error });

/** Whether `error` is the client's own, of this kind. */
export const isClientError = (error: unknown, kind?: ClientErrorKind): error is ClientError =>
  typeof error === 'object' &&
  error !== null &&
  'kind' in error &&
  'effect' in error &&
  'code' in error &&
  (kind === undefined || error.kind === kind);
