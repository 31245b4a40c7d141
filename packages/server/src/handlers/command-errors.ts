import { ErrorCode } from '@kafkaesque/protocol';
import type { CommandOutcome } from '../controller/controller-host';

/** How a command that did not end in an answer of its own is told to the client. */
export const errorOfOutcome = (
  outcome: Exclude<CommandOutcome<unknown>, { kind: 'done' }>,
): { readonly errorCode: number; readonly errorMessage: string | null } => {
  switch (outcome.kind) {
    case 'refused':
      return { errorCode: outcome.errorCode, errorMessage: outcome.errorMessage };
    case 'not-controller':
      return {
        errorCode: ErrorCode.NOT_CONTROLLER,
        errorMessage: 'This is not the correct controller for this cluster.',
      };
    case 'unknown':
      // It may have happened: the error must leave that open.
      return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'The request timed out.' };
  }
};

/** The names that stand more than once. */
export const repeatedOf = (names: readonly string[]): ReadonlySet<string> => {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (seen.has(name) ? repeated : seen).add(name);
  return repeated;
};
