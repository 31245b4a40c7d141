import type { BrokerId, CancelWake, Clock, Disk, FaultHandler, Logger, Random } from '@kafkaesque/kernel';
import { Failure, assert } from '@kafkaesque/kernel';
import type {
  CommittedBatch,
  Leadership,
  MetadataRecord,
  Proposal,
  ProposalOutcome,
  Quorum,
  QuorumListener,
} from '@kafkaesque/metadata';
import { MAX_BATCH_BYTES, decodeRecords, encodeRecords } from '@kafkaesque/metadata';
import type { LoadedSnapshot, SnapshotPlace, WriteAheadLog, WriteAheadLogEntry } from '@kafkaesque/storage';
import { loadSnapshot, openWriteAheadLog, writeSnapshot } from '@kafkaesque/storage';

export interface SingleVoterQuorumOptions {
  readonly disk: Disk;
  /** `<metadata.log.dir>/metadata`; its parent exists. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told when the log fails: the process cannot go on. */
  readonly faults: FaultHandler;
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  readonly listener: QuorumListener;
  /** Told of every batch that was proposed here and is committed. */
  readonly committed?: (latencyMs: number, recordCount: number) => void;
  /** An offset known from elsewhere to have been committed: metadata that end before it have lost something. */
  readonly knownOffset?: number;
  /** Entries that make a snapshot worth its while (`metadata.log.max.record.bytes.between.snapshots`, 20 MiB). */
  readonly snapshotAfterBytes?: number;
  /** How often what is new since the last snapshot is worth one (`metadata.log.max.snapshot.interval.ms`, 1 hour). */
  readonly snapshotIntervalMs?: number;
  /** Asked when the disk has no room for metadata: true, to try again. Without it, the log has failed. */
  readonly outOfSpace?: () => Promise<boolean>;
}

/** A quorum whose only voter is this node. */
export interface SingleVoterQuorum extends Quorum, AsyncDisposable {
  /** Waits for what was proposed. */
  close(): Promise<void>;
}

/** What an entry of the log is; kept in the files. */
const entryTypes = { records: 0, leaderChange: 1 } as const;

const DEFAULT_SNAPSHOT_AFTER_BYTES = 20 * 1024 * 1024;
/** Every start begins a file; so many of them are worth a snapshot at the next start, however little is in them. */
const SNAPSHOT_AFTER_FILES = 16;
const DEFAULT_SNAPSHOT_INTERVAL_MS = 60 * 60 * 1000;
/** Work without a pause while the state is loaded. */
const REPLAY_ENTRIES = 256;
const REPLAY_BYTES = 256 * 1024;
const MAX_PROPOSALS_IN_FLIGHT = 10_000;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

const pause = (clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    clock.wakeAt(clock.monotonicMs(), resolve);
  });

const batchOf = ({ index, term, type, bytes }: WriteAheadLogEntry): CommittedBatch => ({
  offset: index,
  epoch: term,
  records: type === entryTypes.records ? decodeRecords(bytes) : [],
});

class OneVoter implements SingleVoterQuorum {
  readonly #options: SingleVoterQuorumOptions;
  readonly #log: WriteAheadLog;
  readonly #place: SnapshotPlace;
  #leadership: Leadership = { kind: 'unattached', epoch: 0 };
  #committedOffset: number;
  #inFlightCount = 0;
  #inFlightBytes = 0;
  /** Entries since the last snapshot. */
  #bytesSinceSnapshot = 0;
  #snapshotting: Promise<void> | undefined;
  #cancelSnapshot: CancelWake | undefined;
  #closing = false;

  constructor(options: SingleVoterQuorumOptions, log: WriteAheadLog, place: SnapshotPlace) {
    this.#options = options;
    this.#log = log;
    this.#place = place;
    this.#committedOffset = log.start.index;
  }

  get leadership(): Leadership {
    return this.#leadership;
  }
  get nextOffset(): number {
    return this.#log.lastIndex + 1;
  }
  get committedOffset(): number {
    return this.#committedOffset;
  }

  /** Loads the state, takes the lead in a new term, and shows everything once that is durable. */
  async begin(snapshot: LoadedSnapshot | undefined): Promise<void> {
    if (snapshot !== undefined) await this.#restore(snapshot);
    const epoch = this.#log.hardState.term + 1;
    const offset = this.nextOffset;
    const leaderChange = {
      index: offset,
      term: epoch,
      type: entryTypes.leaderChange,
      bytes: Buffer.alloc(0),
    };
    // What an earlier term left is committed with the first entry of this one.
    await this.#log.append({ hardState: { term: epoch, votedFor: null }, entries: [leaderChange] });
    await this.#deliver(offset);
    this.#lead({ kind: 'leader', epoch });
    if (this.#log.fileCount > SNAPSHOT_AFTER_FILES) this.#takeSnapshot();
    this.#scheduleSnapshot();
  }

  propose(records: readonly MetadataRecord[], epoch: number): Proposal {
    if (this.#leadership.kind !== 'leader' || this.#leadership.epoch !== epoch || this.#closing)
      return { kind: 'refused', reason: 'not-leader' };
    const bytes = encodeRecords(records);
    if (bytes.length > MAX_BATCH_BYTES) return { kind: 'refused', reason: 'too-large' };
    if (this.#inFlightCount >= MAX_PROPOSALS_IN_FLIGHT || this.#inFlightBytes >= MAX_BYTES_IN_FLIGHT)
      return { kind: 'refused', reason: 'too-many-in-flight' };
    const offset = this.nextOffset;
    const proposedAtMs = this.#options.clock.monotonicMs();
    const durable = this.#log.append({
      entries: [{ index: offset, term: epoch, type: entryTypes.records, bytes }],
    });
    this.#inFlightCount += 1;
    this.#inFlightBytes += bytes.length;
    return {
      kind: 'appended',
      offset,
      outcome: this.#outcomeOf(durable, { offset, epoch, records }, bytes.length, proposedAtMs),
    };
  }

  readBarrier(): Promise<number> {
    return this.#leadership.kind === 'leader'
      ? Promise.resolve(this.#committedOffset)
      : Promise.reject(
          new Failure('NOT_LEADER', 'this node does not lead the metadata quorum', { retriable: true }),
        );
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#cancelSnapshot?.();
    await this.#snapshotting;
    await this.#log.close();
    this.#lead({ kind: 'closed', epoch: this.#leadership.epoch });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #outcomeOf(
    durable: Promise<unknown>,
    batch: CommittedBatch,
    sizeBytes: number,
    proposedAtMs: number,
  ): Promise<ProposalOutcome> {
    try {
      await durable;
    } catch (cause) {
      this.#failed(cause);
      return { kind: 'unknown', cause };
    } finally {
      this.#inFlightCount -= 1;
      this.#inFlightBytes -= sizeBytes;
    }
    // Appends become durable in order, so this is the next batch: nothing is between it and the last one delivered.
    assert(batch.offset === this.#committedOffset + 1, 'batches are committed in order, each once');
    this.#committedOffset = batch.offset;
    this.#options.committed?.(this.#options.clock.monotonicMs() - proposedAtMs, batch.records.length);
    try {
      this.#options.listener.committed([batch]);
    } catch (cause) {
      this.#options.faults.fault(`applying metadata offset ${batch.offset}`, cause);
      return { kind: 'unknown', cause };
    }
    this.#bytesSinceSnapshot += sizeBytes;
    if (this.#bytesSinceSnapshot >= (this.#options.snapshotAfterBytes ?? DEFAULT_SNAPSHOT_AFTER_BYTES))
      this.#takeSnapshot();
    return { kind: 'committed', offset: batch.offset };
  }

  async #restore({ index, term, chunks }: LoadedSnapshot): Promise<void> {
    const sink = this.#options.listener.restore(index, term);
    for (const chunk of chunks) {
      sink.records(decodeRecords(chunk));
      await pause(this.#options.clock);
    }
    for (const _ of sink.finish()) await pause(this.#options.clock);
    this.#committedOffset = index;
  }

  /** Shows the log's entries up to `offset` that were not shown yet. */
  async #deliver(offset: number): Promise<void> {
    while (this.#committedOffset < offset) {
      const from = this.#committedOffset + 1;
      const entries = this.#log.entries(from, Math.min(from + REPLAY_ENTRIES, offset + 1), REPLAY_BYTES);
      const last = entries.at(-1);
      assert(last !== undefined, () => `the log has entry ${from}`);
      this.#committedOffset = last.index;
      for (const { bytes } of entries) this.#bytesSinceSnapshot += bytes.length;
      this.#options.listener.committed(entries.map(batchOf));
      if (last.index < offset) await pause(this.#options.clock);
    }
  }

  #lead(state: Leadership): void {
    this.#leadership = state;
    this.#options.listener.leadership(state);
  }

  #failed(cause: unknown): void {
    if (this.#leadership.kind !== 'leader') return;
    this.#lead({ kind: 'unattached', epoch: this.#leadership.epoch });
    // Whoever is closing has stopped waiting for room: that nothing was committed is all there is to say.
    if (this.#closing) return;
    this.#options.faults.fault(`the metadata log in ${this.#options.directory} failed`, cause);
  }

  #scheduleSnapshot(): void {
    const { clock, snapshotIntervalMs = DEFAULT_SNAPSHOT_INTERVAL_MS } = this.#options;
    this.#cancelSnapshot = clock.wakeAt(clock.monotonicMs() + snapshotIntervalMs, () => {
      if (this.#bytesSinceSnapshot > 0) this.#takeSnapshot();
      this.#scheduleSnapshot();
    });
  }

  /** Writes the state as it is now, and then drops the log before it. Proposals go on meanwhile. */
  #takeSnapshot(): void {
    if (this.#snapshotting !== undefined || this.#closing) return;
    this.#bytesSinceSnapshot = 0;
    this.#snapshotting = this.#writeSnapshot()
      .catch((cause: unknown) => {
        // The log still has everything; the next snapshot is tried after as much again.
        this.#options.logger.error('a metadata snapshot failed', {
          directory: this.#options.directory,
          cause,
        });
      })
      .finally(() => {
        this.#snapshotting = undefined;
      });
  }

  async #writeSnapshot(): Promise<void> {
    const { offset, epoch, chunks } = this.#options.listener.snapshot();
    assert(offset === this.#committedOffset, 'the listener has seen everything that is committed');
    const draft = { index: offset, term: epoch, voters: this.#log.voters, chunks: encodeChunks(chunks) };
    const { sizeBytes } = await writeSnapshot(this.#place, draft);
    await this.#log.append({ start: { index: offset, term: epoch } });
    this.#options.logger.info('wrote a metadata snapshot', { offset, epoch, sizeBytes });
  }
}

function* encodeChunks(chunks: Iterable<readonly MetadataRecord[]>): Iterable<Buffer> {
  for (const chunk of chunks) yield encodeRecords(chunk);
}

/**
 * Opens the metadata of a node that is the only controller: loads snapshot and log into `listener`, begins a term of
 * its own, and leads. When it resolves, the listener has everything that was ever committed. Rejects with the Failures
 * of `openWriteAheadLog` and `loadSnapshot`.
 */
export const openSingleVoterQuorum = async (
  options: SingleVoterQuorumOptions,
): Promise<SingleVoterQuorum> => {
  const { disk, directory, clock, random, logger, clusterId, knownOffset = 0 } = options;
  const log = await openWriteAheadLog({
    disk,
    directory,
    clock,
    random,
    logger,
    clusterId,
    knownIndex: knownOffset,
    ...(options.outOfSpace === undefined ? {} : { outOfSpace: options.outOfSpace }),
  });
  try {
    const place: SnapshotPlace = { disk, directory, clusterId };
    const snapshot = await loadSnapshot(place, log.start, logger);
    if (snapshot !== undefined && snapshot.index > log.start.index) {
      // The process ended between the snapshot and the word to the log that it starts behind it.
      await log.append({ start: { index: snapshot.index, term: snapshot.term } });
    }
    const quorum = new OneVoter(options, log, place);
    await quorum.begin(snapshot);
    return quorum;
  } catch (error) {
    await log.close();
    throw error;
  }
};
