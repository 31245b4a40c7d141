import type { Terminal } from '@kafkaesque/cli';
import { runTool } from '@kafkaesque/cli';

/** What a tool printed, and how it ended. */
export interface ToolOutput {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs one of our tools in this process, under Kafka's name of it, until its end or until it is interrupted. A failure is
 * printed as the program prints it.
 */
export const runOwnTool = async (
  tool: string,
  args: readonly string[],
  interrupted: AbortSignal = new AbortController().signal,
): Promise<ToolOutput> => {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => void (out += text.toString()),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    input: (async function* (): AsyncGenerator<Buffer> {})(),
    isInteractive: false,
    interrupted,
  };
  try {
    const code = await runTool(args, `kafka-${tool}`, terminal);
    return { code, out, err };
  } catch (error) {
    if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
      throw error;
    return { code: 1, out, err: `${err}${String(error.code)}: ${String(error.message)}\n` };
  }
};

/**
 * The sentence of what went wrong, without the usage and stack that Java adds, the class or code in front, and the line
 * breaks of argparse4j.
 */
export const complaintIn = (err: string): string => {
  const lines = err.split('\n').filter((line) => line !== '' && !/^(WARN|Run ')/.test(line));
  const at = lines.findIndex((line) => /^kafka-[\w-]+: +error:/.test(line));
  const sentence = at < 0 ? (lines[0] ?? '') : lines.slice(at).join(' ');
  return sentence
    .replaceAll(/\s+/g, ' ')
    .replaceAll('-- ', '--')
    .replace(/^Exception in thread "main" [\w.]+: /, '')
    .replace(/^(org\.apache\.kafka|java)\.[\w.]+: /, '')
    .replace(/^[A-Z]+(_[A-Z]+)*: /, '')
    .trim();
};
