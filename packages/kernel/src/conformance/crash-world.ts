import type { Disk } from '../world/disk';

/** A machine whose processes die and whose power fails, as chance has it. `directory` exists, durable and empty. */
export interface CrashWorld {
  readonly directory: string;
  /** The disk as a new process sees it. */
  mount(): Promise<Disk>;
  /** The process dies; what it wrote stays readable, durable or not. */
  kill(): Promise<void>;
  /** Every process dies, and what is not durable is kept, lost or torn, each operation on its own. */
  losePower(): Promise<void>;
}

/** One promise of a disk that can lose. `run` fails when the worlds of many seeds do not keep it. */
export interface CrashCase {
  readonly name: string;
  /** Whether the case kills processes without a loss of power. */
  readonly needsKill: boolean;
  readonly run: (worldOf: (seed: number) => CrashWorld) => Promise<void>;
}
