/** Codes of the operating system that the rules of storage and transport distinguish. */
export type SystemCode =
  | 'ENOENT'
  | 'EEXIST'
  | 'ENOSPC'
  | 'EIO'
  | 'EACCES'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EMFILE'
  | 'EROFS'
  | 'EADDRINUSE'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EPIPE'
  | 'ETIMEDOUT';

/**
 * Whether `error` carries this `code`. Ask for the code, never `instanceof`: errors cross realms (jest) and packages.
 */
export const hasCode = <Code extends string>(
  error: unknown,
  code: Code,
): error is Error & { readonly code: Code } =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

/** The text of whatever was thrown, for people. */
export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

/** A failure with a literal `code`; whether trying again may help is data, and the cause is kept. */
export class Failure<Code extends string = string> extends Error {
  override readonly name: string = 'Failure';
  readonly code: Code;
  readonly retriable: boolean;
  constructor(
    code: Code,
    message: string,
    options: { readonly retriable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? false;
  }
}

/** Where broken invariants and unrecoverable failures end: in production it logs and exits, in tests it collects. */
export interface FaultHandler {
  fault(what: string, cause: unknown): void;
}

/** Whatever was thrown, as an error: itself when it is one (of any realm), otherwise one with its text. */
export const thrownError = (thrown: unknown): Error =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown
    ? (thrown as Error)
    : new Error(messageOf(thrown));
