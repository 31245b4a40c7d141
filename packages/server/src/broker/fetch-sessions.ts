import type { LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';

/** What a client wants of one partition; what a session remembers between two requests (KIP-227). */
export interface FetchWish {
  readonly topicId: TopicId;
  /** Empty when the client spoke in topic ids. */
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly fetchOffset: Offset;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: Offset;
  readonly maxBytes: number;
}

/** What the client was last told about a partition, so that an incremental answer can leave it out. */
export interface ToldState {
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

interface SessionEntry {
  wish: FetchWish;
  /** Undefined until the partition has been in an answer, and after one with an error. */
  told: ToldState | undefined;
}

export interface FetchSession {
  readonly id: number;
  readonly usesTopicIds: boolean;
  nextEpoch: number;
  lastUsedMs: number;
  /** In the order in which they are served: who got bytes moves to the end. */
  readonly entries: Map<string, SessionEntry>;
}

/** How a request is to be answered. `sessionless` ones carry session id 0. */
export type FetchContext =
  | { readonly kind: 'sessionless'; readonly wishes: readonly FetchWish[] }
  | { readonly kind: 'full'; readonly session: FetchSession; readonly wishes: readonly FetchWish[] }
  | { readonly kind: 'incremental'; readonly session: FetchSession; readonly wishes: readonly FetchWish[] }
  | { readonly kind: 'error'; readonly error: FetchSessionError };
export type FetchSessionError =
  'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' | 'FETCH_SESSION_TOPIC_ID_ERROR';

export interface FetchSessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly usesTopicIds: boolean;
  readonly wishes: readonly FetchWish[];
  readonly forgotten: readonly {
    readonly topicId: TopicId;
    readonly topic: string;
    readonly partition: PartitionIndex;
  }[];
}

const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const MAX_EPOCH = 0x7fffffff;
/** Kafka's `min.incremental.fetch.session.eviction.ms`. */
const SAFE_FROM_EVICTION_MS = 120_000;
/** Partitions that all sessions together may remember, some 60 MB. Slots alone bound nothing: a session may be of any size. */
const MAX_PARTITIONS = 200_000;

const keyOf = (of: {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: PartitionIndex;
}): string => `${of.topic === '' ? of.topicId : of.topic}/${of.partition}`;

/**
 * The cache of fetch sessions (KIP-227). A client that holds a session names only what changed since its last request
 * and is told only about partitions that changed since the last answer.
 */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>();
  readonly #slots: number;
  readonly #drawId: () => number;
  readonly #maxPartitions: number;
  #partitionCount = 0;
  #evictions = 0;

  /** `drawId` gives candidates for session ids: positive 32-bit integers, hard to guess. */
  constructor(slots: number, drawId: () => number, maxPartitions = MAX_PARTITIONS) {
    this.#slots = slots;
    this.#drawId = drawId;
    this.#maxPartitions = maxPartitions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions that had to make room for others since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Decides how the request is answered. Nothing that the client could see changes before `answered`. */
  open(request: FetchSessionRequest, nowMs: number): FetchContext {
    const { sessionId, sessionEpoch, wishes } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#remove(this.#sessions.get(sessionId));
      if (sessionEpoch === FINAL_EPOCH || wishes.length === 0) return { kind: 'sessionless', wishes };
      return this.#create(request, nowMs);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { kind: 'error', error: 'FETCH_SESSION_ID_NOT_FOUND' };
    if (session.nextEpoch !== sessionEpoch) return { kind: 'error', error: 'INVALID_FETCH_SESSION_EPOCH' };
    if (
      session.usesTopicIds !== request.usesTopicIds &&
      (wishes.length > 0 || request.forgotten.length > 0)
    ) {
      return { kind: 'error', error: 'FETCH_SESSION_TOPIC_ID_ERROR' };
    }
    const sizeBefore = session.entries.size;
    for (const wish of wishes) {
      const entry = session.entries.get(keyOf(wish));
      if (entry === undefined) session.entries.set(keyOf(wish), { wish, told: undefined });
      else entry.wish = wish;
    }
    for (const one of request.forgotten) session.entries.delete(keyOf(one));
    this.#partitionCount += session.entries.size - sizeBefore;
    if (this.#partitionCount > this.#maxPartitions) {
      // The client begins anew, and gets a session if there is room for one.
      this.#remove(session);
      return { kind: 'error', error: 'FETCH_SESSION_ID_NOT_FOUND' };
    }
    session.lastUsedMs = nowMs;
    session.nextEpoch = session.nextEpoch === MAX_EPOCH ? 1 : session.nextEpoch + 1;
    return { kind: 'incremental', session, wishes: [...session.entries.values()].map((entry) => entry.wish) };
  }

  /** Whether an incremental answer must name this partition. */
  mustTell(
    session: FetchSession,
    wish: FetchWish,
    now: ToldState & {
      readonly errorCode: number;
      readonly sizeBytes: number;
      readonly isElsewhere: boolean;
    },
  ): boolean {
    const told = session.entries.get(keyOf(wish))?.told;
    return (
      told === undefined ||
      now.sizeBytes > 0 ||
      now.errorCode !== 0 ||
      now.isElsewhere ||
      told.highWatermark !== now.highWatermark ||
      told.logStartOffset !== now.logStartOffset
    );
  }

  /** Remembers what an answer told the client; called when it is sent. Who got bytes is served last next time. */
  told(session: FetchSession, wish: FetchWish, state: ToldState | undefined, gotBytes: boolean): void {
    const key = keyOf(wish);
    const entry = session.entries.get(key);
    if (entry === undefined) return;
    entry.told = state;
    if (!gotBytes) return;
    session.entries.delete(key);
    session.entries.set(key, entry);
  }

  #create(request: FetchSessionRequest, nowMs: number): FetchContext {
    const entries = new Map<string, SessionEntry>(
      request.wishes.map((wish) => [keyOf(wish), { wish, told: undefined }]),
    );
    if (!this.#makeRoom(entries.size, nowMs)) return { kind: 'sessionless', wishes: request.wishes };
    let id = this.#drawId();
    while (id === 0 || this.#sessions.has(id)) id = this.#drawId();
    const session: FetchSession = {
      id,
      usesTopicIds: request.usesTopicIds,
      nextEpoch: 1,
      lastUsedMs: nowMs,
      entries,
    };
    this.#sessions.set(id, session);
    this.#partitionCount += entries.size;
    return { kind: 'full', session, wishes: request.wishes };
  }

  /** Gives up sessions that have not been used for long, until there is a slot and room for so many partitions. */
  #makeRoom(partitions: number, nowMs: number): boolean {
    if (partitions > this.#maxPartitions) return false;
    while (this.#sessions.size >= this.#slots || this.#partitionCount + partitions > this.#maxPartitions) {
      let oldest: FetchSession | undefined;
      for (const session of this.#sessions.values()) {
        if (oldest === undefined || session.lastUsedMs < oldest.lastUsedMs) oldest = session;
      }
      if (oldest === undefined || nowMs - oldest.lastUsedMs < SAFE_FROM_EVICTION_MS) return false;
      this.#remove(oldest);
      this.#evictions += 1;
    }
    return true;
  }

  #remove(session: FetchSession | undefined): void {
    if (session === undefined || !this.#sessions.delete(session.id)) return;
    this.#partitionCount -= session.entries.size;
  }
}
