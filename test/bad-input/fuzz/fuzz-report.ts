import { apis } from '@kafkaesque/protocol';
import { apisOf, readRecordings } from './recordings';

/** What a run of the fuzzer saw. */
export interface FuzzReport {
  /** Executions done, those before `from` included. */
  readonly done: number;
  /** Mutants whose body was understood, and of these, those that had another spelling. */
  readonly accepted: number;
  readonly respelled: number;
  /** Connections that ended for what they sent. */
  readonly closed: number;
  readonly answeredBytes: number;
  readonly largestAnswerBytes: number;
  /** The longest that one mutant kept the process, and between two turns of the event loop, by the clock. */
  readonly longestMs: number;
  /** The same of long mutants in processor time, other threads included; of what took long, the best of several. */
  readonly longest: LongestTurn;
  /** Memory in use behind a full collection, against that after the first node's first executions. */
  readonly grownBytes: number;
  /** By API name and version: how many mutants were understood. */
  readonly understood: ReadonlyMap<string, number>;
}

/** A turn of the event loop, and the mutant that came in it. */
export interface LongestTurn {
  readonly processorMs: number;
  readonly execution: number;
  /** API, version and length. */
  readonly mutant: string;
}

const MIB = 1024 * 1024;
const MOST_GROWN_BYTES = 64 * MIB;

/** A report in one line. */
export const told = ({ longest, ...report }: FuzzReport): string =>
  `${report.done} executions: ${report.accepted} understood (${report.respelled} respelled), ` +
  `${report.closed} connections closed, largest answer ${report.largestAnswerBytes} bytes, ` +
  `longest turn ${report.longestMs.toFixed(1)} ms (of processor time ${longest.processorMs.toFixed(1)} ms: ` +
  `execution ${longest.execution}, ${longest.mutant}), memory ${(report.grownBytes / MIB).toFixed(1)} MiB`;

/** What a run that met no failure leaves to be desired: memory that grew, or mutants that tried nothing. */
export const shortcomings = (report: FuzzReport, from: number): readonly string[] => {
  const tried = report.done - from;
  const { accepted, closed, grownBytes, understood } = report;
  const kinds = [...understood.keys()];
  const untried = apisOf(readRecordings()).filter(
    (name) => !kinds.some((kind) => kind.startsWith(`${apis[name].key}.`)),
  );
  return [
    ...(grownBytes < MOST_GROWN_BYTES ? [] : [`memory grew by ${(grownBytes / MIB).toFixed(1)} MiB`]),
    // A fuzzer whose mutants are all refused, or all understood, tries nothing.
    ...(accepted > tried / 10 ? [] : [`only ${accepted} of ${tried} mutants were understood`]),
    ...(closed > tried / 100 ? [] : [`only ${closed} of ${tried} connections were closed`]),
    ...untried.map((name) => `no mutant of ${name} was understood`),
  ];
};
