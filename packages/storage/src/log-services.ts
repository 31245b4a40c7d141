import type { CheckpointWriter } from './checkpoint-writer';
import type { DirectWrites } from './direct-writes';
import type { DirectoryContext } from './directory-context';
import type { JournalKeeper } from './journal-keeper';
import type { LogState } from './log-state';
import type { Rounds } from './rounds';

/** What a log asks of the directory it lives in. */
export interface LogServices {
  /** Nothing new is taken on. */
  readonly isClosing: boolean;
  readonly context: DirectoryContext;
  readonly rounds: Rounds;
  readonly direct: DirectWrites;
  readonly checkpoints: CheckpointWriter;
  readonly keeper: JournalKeeper;
  /** Unlinks a file that nobody names any more, after the delay of `file.delete.delay.ms`. */
  removeLater(path: string, delayMs: number): void;
  /** Does work in the background when its time has come, unless the directory is closed by then. */
  afterDelay(work: () => Promise<void>, delayMs: number): void;
  /** Waits a while before something is tried again. False: the directory is being closed, give up. */
  pause(delayMs: number): Promise<boolean>;
  /** Appends of the log failed: it takes no more until it is repaired. */
  failed(log: LogState, cause: unknown): void;
  /** Work that nobody waits for but the closing of the directory. For lack of space it may fail, for nothing else. */
  inBackground(work: Promise<void>): void;
  /** A pass of compaction: it may wait for a round, so rounds go on until it has ended, which it does soon. */
  cleans(work: Promise<unknown>): void;
  /** Lets appends through that waited at the log's gate. */
  openGate(log: LogState): void;
}
