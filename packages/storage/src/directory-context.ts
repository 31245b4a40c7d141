import type { BufferPool, Clock, Disk, Logger, Random } from '@kafkaesque/kernel';
import type { Exclusive } from './exclusive';
import type { IndexCache } from './index-cache';
import type { LogDirectoryLimits } from './log-directory';
import type { OpenFiles } from './open-files';
import type { SpaceReserve } from './space-reserve';
import type { StorageMetrics } from './storage-metrics';
import type { BatchMemory } from './tail-memory';

/** What the parts of one open log directory share. */
export interface DirectoryContext {
  readonly disk: Disk;
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pool: BufferPool;
  readonly memory: BatchMemory;
  readonly limits: LogDirectoryLimits;
  readonly metrics: StorageMetrics;
  readonly files: OpenFiles;
  readonly indexes: IndexCache;
  readonly reserve: SpaceReserve;
  /** Bytes written to segments so far, for guessing what the page cache still holds. */
  writtenBytes: number;
  /** Partition directories whose names are known to be durable, by topic directory. */
  readonly topicNames: Map<string, TopicNames>;
  /** Takes the directory offline: nothing is written any more. */
  readonly fail: (cause: unknown) => void;
  /** Why the directory is offline. */
  failure: unknown;
  offline: boolean;
}

/** Names that must be durable before a log of the topic counts as settled. */
export interface TopicNames {
  /** The topic's directory was made since `topics` was synced. */
  madeUnsynced: boolean;
  /** A partition directory was made or renamed since the topic's directory was synced. */
  changedUnsynced: boolean;
  readonly exclusive: Exclusive;
}
