import { LeaderEpoch, NO_LEADER_EPOCH, Offset } from '@kafkaesque/kernel';
import type { BrokerId } from '@kafkaesque/kernel';
import type { ClientError } from '../errors';
import type { ConsumerRecord } from '../records';
import type { FetchStream } from '../wire/wire';
import type { FetchedChunk } from './fetched-chunk';

/** Where the next record is, or how to find out. */
export type Position =
  | { readonly kind: 'at'; readonly offset: Offset }
  | { readonly kind: 'unknown'; readonly reset: 'committed' | 'earliest' | 'latest' | 'policy' };

/** What was committed for a partition. */
export interface CommittedPosition {
  readonly offset: Offset;
  /** -1 when unknown. */
  readonly leaderEpoch: LeaderEpoch;
}

/** Chunks, with the stream that wants its credit back. */
interface Buffered {
  readonly chunk: FetchedChunk;
  readonly stream: FetchStream;
}

/** One partition of the assignment: its position, what is buffered ahead of it, and what went wrong. */
export class AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  #position: Position;
  #token: number;
  /** Where fetching starts under the current token. */
  #fetchFrom = Offset(0);
  readonly #buffered: Buffered[] = [];
  isPaused = false;
  isResolving = false;
  /** Thrown by the next poll, once. */
  failure: ClientError | undefined;
  /** How often metadata showed no leader in a row. */
  leaderlessLooks = 0;
  /** Metadata is being asked for before it is fetched again. */
  isWaiting = false;
  /** The node whose stream knows how far this was fetched; undefined: none does. */
  followedOn: BrokerId | undefined;
  /** A follower in the reader's rack, as its leader told (KIP-392). */
  readReplica: BrokerId | undefined;
  /** The epoch of the last record taken, or the one committed with the position; -1 when unknown. */
  leaderEpoch: LeaderEpoch = NO_LEADER_EPOCH;
  /** Another number each time that the partition is assigned. */
  readonly assignmentNumber: number;
  /** The token of the last `moveTo`: reading and fetching anew do not change it. */
  #positionToken: number;

  constructor(topic: string, partition: number, token: number, reset: 'committed' | 'policy') {
    this.topic = topic;
    this.partition = partition;
    this.#token = token;
    this.#positionToken = token;
    this.assignmentNumber = token;
    this.#position = { kind: 'unknown', reset };
  }

  get position(): Position {
    return this.#position;
  }

  get token(): number {
    return this.#token;
  }

  get positionToken(): number {
    return this.#positionToken;
  }

  get fetchFrom(): Offset {
    return this.#fetchFrom;
  }

  get hasRecords(): boolean {
    return this.#buffered.length > 0;
  }

  /** Sets the position by hand: what was buffered for another one is dropped. */
  moveTo(position: Position, token: number): void {
    this.release();
    this.#position = position;
    this.#token = token;
    this.#positionToken = token;
    this.failure = undefined;
    this.readReplica = undefined;
    this.leaderEpoch = NO_LEADER_EPOCH;
    if (position.kind === 'at') this.#fetchFrom = position.offset;
  }

  /** Fetches on from `offset` under a new token; what is buffered stays. */
  fetchAgain(offset: Offset, token: number): void {
    this.#fetchFrom = offset;
    this.#token = token;
  }

  /** As `fetchAgain`, from the end of what is buffered: no stream that goes on knows where the last one stood. */
  refetch(token: number): void {
    const last = this.#buffered.at(-1);
    const from =
      last?.chunk.endOffset ?? (this.#position.kind === 'at' ? this.#position.offset : this.#fetchFrom);
    this.fetchAgain(Offset(from), token);
  }

  buffer(chunk: FetchedChunk, stream: FetchStream): void {
    this.#buffered.push({ chunk, stream });
  }

  /** Moves records out until `into` holds `limit`; advances the position also over what nobody sees. */
  take(limit: number, into: ConsumerRecord[]): void {
    while (into.length < limit) {
      const first = this.#buffered[0];
      if (first === undefined) return;
      const { chunk, stream } = first;
      const before = into.length;
      try {
        chunk.take(limit, into);
      } finally {
        this.#position = { kind: 'at', offset: Offset(chunk.position) };
        const last = into.length > before ? into.at(-1) : undefined;
        if (last !== undefined) this.leaderEpoch = LeaderEpoch(last.leaderEpoch);
      }
      if (!chunk.isEmpty) return;
      this.#buffered.shift();
      stream.credit(chunk.creditBytes);
    }
  }

  /** Drops what is buffered; its credit goes back. */
  release(): void {
    for (const { chunk, stream } of this.#buffered.splice(0)) stream.credit(chunk.creditBytes);
  }
}
