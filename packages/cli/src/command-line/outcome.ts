import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Terminal } from './terminal';

/** Whether the client calls it a mistake of its caller; asked without loading the client. */
const isMistakenCall = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'kind' in error && error.kind === 'usage';

/**
 * Runs a tool's work; a wrong command line ends with its sentence and exit code 1. `program` is what Kafka's tool calls
 * itself in front of such a sentence, where it does.
 */
export const withUsage = async (
  terminal: Terminal,
  calledAs: string,
  work: () => Promise<number>,
  program?: string,
): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'USAGE') && !isMistakenCall(error)) throw error;
    const prefix = program === undefined ? '' : `${program}: error: `;
    terminal.err(`${prefix}${messageOf(error)}\nRun '${calledAs} --help' for the options.\n`);
    return 1;
  }
};
