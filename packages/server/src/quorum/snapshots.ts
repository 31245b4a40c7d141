import type { Clock, Logger } from '@kafkaesque/kernel';
import { Failure, assert, hasCode } from '@kafkaesque/kernel';
import type { MetadataRecord, QuorumListener } from '@kafkaesque/metadata';
import { decodeRecords, encodeRecords } from '@kafkaesque/metadata';
import type { VoterSet } from '@kafkaesque/protocol';
import { encodeVoterSet } from '@kafkaesque/protocol';
import type { LogPosition, RaftInput } from '@kafkaesque/raft';
import type { IncomingSnapshot, LoadedSnapshot, SnapshotPlace } from '@kafkaesque/storage';
import { readSnapshotPart, receiveSnapshot, writeSnapshot } from '@kafkaesque/storage';
import { votersIn } from './static-voters';

/** Lets everything else that waits have its turn. */
export const rest = (clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    clock.wakeAt(clock.monotonicMs(), resolve);
  });

function* encodeChunks(chunks: Iterable<readonly MetadataRecord[]>): Iterable<Buffer> {
  for (const chunk of chunks) yield encodeRecords(chunk);
}

export interface SnapshotsOptions {
  readonly place: SnapshotPlace;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: QuorumListener;
  readonly configuredVoters: VoterSet;
  /** Into the machine. */
  readonly input: (input: RaftInput) => void;
  /** The disk failed: the process cannot go on. */
  readonly failed: (what: string, cause: unknown) => void;
}

/** Some bytes of a snapshot, and how many it has. */
interface SnapshotPart {
  readonly bytes: Buffer;
  readonly sizeBytes: number;
}

/** The snapshot files of one member: those it writes, those it receives, and those it hands on. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #incoming: Promise<IncomingSnapshot> | undefined;
  /** One operation on the incoming file after the other. */
  #work: Promise<void> = Promise.resolve();
  #position: LogPosition | undefined;
  /** Settles with the last piece that was asked for by others; keeps no bytes of it. */
  #handedOn: Promise<void> = Promise.resolve();
  #writing: Promise<void> | undefined;
  /** Received, and not yet taken over into the state; by index. */
  readonly #received = new Map<number, LoadedSnapshot>();

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    await this.#writing;
    await this.#work;
  }

  /** Writes the listener's state as of its last batch. Proposals go on meanwhile. */
  take(voters: VoterSet): void {
    if (this.#writing !== undefined) return;
    this.#writing = this.#take(voters)
      .catch((cause: unknown) => {
        // The log still has everything; the next snapshot is tried after as much again.
        this.#options.logger.error('a metadata snapshot failed', {
          directory: this.#options.place.directory,
          cause,
        });
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #take(voters: VoterSet): Promise<void> {
    const { listener, place, logger, input } = this.#options;
    const { offset: index, epoch: term, chunks } = listener.snapshot();
    const draft = { index, term, voters: encodeVoterSet(voters), chunks: encodeChunks(chunks) };
    const { sizeBytes } = await writeSnapshot(place, draft);
    logger.info('wrote a metadata snapshot', { offset: index, epoch: term, sizeBytes });
    input({ kind: 'snapshot-taken', index, term, sizeBytes });
  }

  begin(position: LogPosition): void {
    this.#giveUp();
    this.#position = position;
    const opened = this.#work.then(() => receiveSnapshot(this.#options.place, position));
    this.#incoming = opened;
    this.#work = opened.then(
      () => undefined,
      (cause: unknown) => this.#receivingFailed(opened, position, cause),
    );
  }

  store(position: LogPosition, at: number, bytes: Buffer, isLast: boolean): void {
    const incoming = this.#incoming;
    if (incoming === undefined || this.#position?.index !== position.index) return;
    const { index, term } = position;
    this.#work = this.#work
      .then(async () => {
        const file = await incoming;
        if (this.#incoming !== incoming) return;
        await file.write(at, bytes);
        this.#options.input({ kind: 'chunk-stored', index, term, endPosition: at + bytes.length });
        if (isLast) await this.#finish(incoming, file);
      })
      .catch((cause: unknown) => this.#receivingFailed(incoming, position, cause));
  }

  /** That snapshot is not wanted any more, whether it is still coming in or was received. */
  abandon(position: LogPosition): void {
    this.#received.delete(position.index);
    if (this.#position?.index === position.index) this.#giveUp();
  }

  #giveUp(): void {
    const incoming = this.#incoming;
    this.#incoming = undefined;
    this.#position = undefined;
    if (incoming === undefined) return;
    this.#work = this.#work.then(async () => {
      const file = await incoming.catch(() => undefined);
      await file?.abandon();
    });
  }

  /** Another one may be coming in by now: that goes on. */
  #forget(incoming: Promise<IncomingSnapshot>): void {
    if (this.#incoming !== incoming) return;
    this.#incoming = undefined;
    this.#position = undefined;
  }

  async #finish(incoming: Promise<IncomingSnapshot>, file: IncomingSnapshot): Promise<void> {
    const snapshot = await file.finish();
    const { index, term, sizeBytes } = snapshot;
    this.#forget(incoming);
    this.#received.set(index, snapshot);
    this.#options.logger.info('received a metadata snapshot', { offset: index, epoch: term, sizeBytes });
    const voters = votersIn(snapshot.voters, this.#options.configuredVoters);
    this.#options.input({ kind: 'snapshot-stored', index, term, sizeBytes, voters });
  }

  #receivingFailed(incoming: Promise<IncomingSnapshot>, position: LogPosition, cause: unknown): void {
    const { logger, input, failed, place } = this.#options;
    this.#forget(incoming);
    if (hasCode(cause, 'EIO')) {
      failed(`receiving a metadata snapshot in ${place.directory}`, cause);
      return;
    }
    logger.warn('a metadata snapshot could not be received', { offset: position.index, cause });
    input({ kind: 'snapshot-failed', index: position.index, term: position.term });
  }

  /**
   * A piece of the snapshot for another member; undefined when it is not here any more. Pieces come in the order in which
   * they were asked for, whichever is read first: who receives one too early passes it over, and waits before it asks again.
   */
  part(position: LogPosition, at: number, maxBytes: number): Promise<SnapshotPart | undefined> {
    const read = this.#read(position, at, maxBytes);
    const part = this.#handedOn.then(() => read);
    this.#handedOn = part.then(() => undefined);
    return part;
  }

  async #read(position: LogPosition, at: number, maxBytes: number): Promise<SnapshotPart | undefined> {
    try {
      return await readSnapshotPart(this.#options.place, position, at, maxBytes);
    } catch (cause) {
      this.#options.logger.error('a metadata snapshot cannot be read', { offset: position.index, cause });
      return undefined;
    }
  }

  /** The received snapshot that is to be taken over. */
  takeReceived(position: LogPosition): LoadedSnapshot {
    const received = this.#received.get(position.index);
    assert(received?.term === position.term, () => `snapshot ${position.index} was received`);
    for (const index of this.#received.keys()) if (index <= position.index) this.#received.delete(index);
    return received;
  }
}

/** Replaces the listener's state by a snapshot, in steps between which everything else goes on. */
export const restoreState = async (
  listener: QuorumListener,
  { index, term, chunks }: Pick<LoadedSnapshot, 'index' | 'term' | 'chunks'>,
  clock: Clock,
): Promise<void> => {
  const sink = listener.restore(index, term);
  for (const chunk of chunks) {
    sink.records(decodeRecords(chunk));
    await rest(clock);
  }
  for (const _ of sink.finish()) await rest(clock);
};

/** Refuses a log that ends before an entry that is known to have been committed. */
export const refuseLostLog = (directory: string, lastIndex: number, knownIndex: number): void => {
  if (lastIndex >= knownIndex) return;
  throw new Failure(
    'WRITE_AHEAD_LOG_LOST',
    `the metadata in ${directory} end at entry ${lastIndex}, and had ${knownIndex} at least: files are missing, cut ` +
      'off or unreadable. Restore that directory from a backup. Only if the cluster holds nothing of value, empty the ' +
      'log directories and start anew.',
  );
};
