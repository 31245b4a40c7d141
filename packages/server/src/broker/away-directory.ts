import { Failure, messageOf } from '@kafkaesque/kernel';
import { LOST_DIRECTORY } from '@kafkaesque/metadata';
import type { LogDirectory, MoveMarks } from '@kafkaesque/storage';
import { NO_BROKER_EPOCH } from '@kafkaesque/storage';

/** Errors of the process's own limits: they say nothing about a disk. */
const OF_THE_PROCESS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/**
 * Whether a directory cannot be used for a reason of its disk (KIP-112): a system error, or that no lock could be taken in
 * it, which is none of ours. What this software refuses by itself, an operator must look into.
 */
export const isOfTheDisk = (error: unknown): boolean => {
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : '';
  return code === 'CANNOT_LOCK' || (/^E[A-Z0-9]+$/.test(code) && !OF_THE_PROCESS.has(code));
};

const noMarks: MoveMarks = {
  find: () => undefined,
  set: () => Promise.reject(new Failure('LOG_DIR_AWAY', 'the log directory could not be opened')),
  clear: () => Promise.resolve(),
  [Symbol.iterator]: () => [].values(),
};

/** Stands for an entry of `log.dirs` that could not be opened: offline from the beginning, whatever is in it. */
export const awayDirectory = (path: string, cause: unknown): LogDirectory => {
  const refused = (): Failure =>
    new Failure('LOG_DIR_AWAY', `${path} could not be opened: ${messageOf(cause)}`, { cause });
  const close = (): Promise<void> => Promise.resolve();
  return {
    path,
    // Whose it is nobody knows; no log is ever looked for under this id.
    directoryId: LOST_DIRECTORY,
    previousBrokerEpoch: NO_BROKER_EPOCH,
    recorded: { brokerEpoch: NO_BROKER_EPOCH, members: undefined },
    report: {
      cleanShutdown: false,
      scannedBytes: 0,
      logs: 0,
      tornLogs: 0,
      cutBytes: 0,
      suspectLogs: 0,
      journal: { files: 0, rounds: 0, entries: 0, tornBytes: 0, unsealedTails: 0 },
      corruption: [],
    },
    offlineReason: cause,
    isFull: false,
    moves: noMarks,
    logs: () => [],
    log: () => undefined,
    createLog: () => {
      throw refused();
    },
    deleteLog: () => Promise.reject(refused()),
    makeRoom: () => Promise.resolve(false),
    record: () => Promise.reject(refused()),
    close,
    [Symbol.asyncDispose]: close,
  };
};
