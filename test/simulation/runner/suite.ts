import { messageOf } from '@kafkaesque/kernel';

/** What is asked of one seed. */
export interface SeedOptions {
  readonly seed: number;
  /** Events after which chaos ends, where a suite has phases, or the run; the suite's own number when left out. */
  readonly maximumEvents?: number;
  /** Families of faults that stay switched off. The rest of the world is drawn as if they were on. */
  readonly without?: ReadonlySet<string>;
  /** Number of nodes, where a suite would draw it. */
  readonly nodes?: number;
  /** Takes a readable line for whatever a node sees. */
  readonly trace?: (line: string) => void;
}

/** What one seed's world came to. */
export interface SeedReport {
  readonly events: number;
  readonly simulatedMs: number;
  /** Over all that happened, in order: two runs of one seed must agree. */
  readonly hash: string;
  /** Injections by family, zeros included. */
  readonly faults: Readonly<Record<string, number>>;
  /** What was done meanwhile, for people: commands, reads, elections … */
  readonly work: Readonly<Record<string, number>>;
  readonly violation?: { readonly invariant: string; readonly message: string };
}

/** Worlds of one kind, one for each seed. */
export interface Suite {
  readonly name: string;
  readonly run: (options: SeedOptions) => Promise<SeedReport>;
  /** Families that `without` can switch off. */
  readonly families: readonly string[];
}

/** What must never happen has happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly code = 'VIOLATION';
  /** For example `R6 state-machine safety`. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** A violation as a report tells it; whatever else was thrown is one of the code's own checks, or a crash. */
export const violationOf = (cause: unknown): { readonly invariant: string; readonly message: string } => {
  if (cause instanceof Violation) return { invariant: cause.invariant, message: cause.message };
  const name = typeof cause === 'object' && cause !== null && 'name' in cause ? String(cause.name) : 'thrown';
  const stack = typeof cause === 'object' && cause !== null && 'stack' in cause ? String(cause.stack) : '';
  return {
    invariant: name === 'InvariantError' ? 'an assertion' : name,
    message: `${messageOf(cause)}\n${stack}`,
  };
};
