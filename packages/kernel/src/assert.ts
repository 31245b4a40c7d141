/** A broken invariant: a mistake in the program, never an outcome. It travels up to the process's FaultHandler. */
export class InvariantError extends Error {
  readonly code = 'INVARIANT_BROKEN';
  override readonly name = 'InvariantError';
}

/** Stops when `condition` does not hold. `why` is a sentence a reader can check, made only when it is needed. */
export function assert(condition: boolean, why: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof why === 'string' ? why : why());
}

/** Ends every switch over a union: a case that the compiler can name does not compile. */
export const assertNever = (value: never): never => {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
};
