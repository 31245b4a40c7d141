import { Failure } from '@kafkaesque/kernel';

/** Bytes that are not what they claim to be. The peer is answered INVALID_REQUEST, or its connection is closed. */
export type DecodeError = Failure<'INVALID_REQUEST'>;

export const decodeError = (why: string): DecodeError => new Failure('INVALID_REQUEST', why);

export const unsupportedVersion = (name: string, version: number): Failure<'UNSUPPORTED_VERSION'> =>
  new Failure('UNSUPPORTED_VERSION', `${name} has no version ${version}`);

/** The value says something that this version of the message cannot say. */
export const unsupportedField = (path: string, version: number): Failure<'UNSUPPORTED_FIELD'> =>
  new Failure('UNSUPPORTED_FIELD', `${path} is set, but version ${version} has no such field`);

/** The value does not fit its field: a mistake of the caller. */
export const invalidField = (path: string, value: unknown): Failure<'INVALID_FIELD'> => {
  const shown = typeof value === 'object' && value !== null ? 'an object' : String(value);
  return new Failure('INVALID_FIELD', `${path} cannot be ${shown.slice(0, 100)}`);
};
