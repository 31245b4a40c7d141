import type { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import type { ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';

/** Where a broker listens, as metadata tells it. */
export interface NodeAddress {
  readonly id: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** Bounds of one request. */
export interface RequestOptions {
  /** Milliseconds for this one request, connecting included. Default: the wire's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The lowest version that can carry the request's meaning; below it the call fails with kind `unsupported`. */
  readonly minVersion?: number | undefined;
  readonly maxVersion?: number | undefined;
  /** False: the broker answers nothing (Produce with acks=0); resolves with the empty response once the bytes left. */
  readonly answered?: boolean | undefined;
}

/** What a node can do. */
export interface Capabilities {
  /** Version ranges by API key. */
  readonly apis: ReadonlyMap<number, { readonly min: number; readonly max: number }>;
  readonly finalizedFeatures: ReadonlyMap<string, number>;
  readonly supportedFeatures: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
}

/** One partition that a fetch stream follows. */
export interface FetchTarget {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  /** Where to start. A target that is already followed under the same `token` keeps the stream's own position. */
  readonly fetchOffset: Offset;
  /** The leader epoch the caller's metadata knows, -1 if unknown. */
  readonly currentLeaderEpoch: LeaderEpoch;
  /** Epoch of the last record consumed, -1 if unknown. */
  readonly lastFetchedEpoch: LeaderEpoch;
  /** Chosen anew by the caller whenever the position is set by hand; comes back with every answer. */
  readonly token: number;
}

/** What one partition answered. `records` may start before `fetchOffset`: whole batches come. */
export interface FetchedPartition {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly token: number;
  readonly fetchOffset: Offset;
  readonly errorCode: number;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
  readonly abortedTransactions: readonly { readonly producerId: number; readonly firstOffset: number }[];
  readonly preferredReadReplica: BrokerId;
  readonly records: Buffer | null;
  /** Bytes to give back with `credit` once the records are used up. */
  readonly creditBytes: number;
}

/** What holds for every fetch of a stream; the fields are Fetch's own. */
export interface FetchOptions {
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly rackId: string;
  /** Bytes that may be delivered before the first `credit`. */
  readonly initialCreditBytes: number;
}

/** A running fetch from one node. Iterating ends after `close` and throws what broke the stream. */
export interface FetchStream extends AsyncIterable<readonly FetchedPartition[]>, AsyncDisposable {
  /** Replaces the set of partitions that are followed. */
  update(partitions: readonly FetchTarget[]): void;
  /** Lets so many more bytes be delivered. */
  credit(bytes: number): void;
  /** Ends the iteration, and fetches nothing more. */
  close(): Promise<void>;
}

/** A draft, or how to write one when the same thing is said differently in different versions. */
export type DraftFor<Name extends ApiName> =
  RequestDraftOf<Name> | ((version: number) => RequestDraftOf<Name>);

/** Requests to one node over a connection that nobody else has: what waits long on it holds up no other caller. */
export interface RequestLine {
  /** As `Wire.request`. Connects when there is no connection, or the last one has ended. */
  request<Name extends ApiName>(
    api: Name,
    draft: DraftFor<Name>,
    options?: RequestOptions,
  ): Promise<ResponseOf<Name>>;
  /** Ends the connection; what waits for an answer fails. */
  close(): void;
}

/**
 * How the SDK talks to a cluster; everything above does not know which protocol carries it.
 * Requests to one node leave in the order of the calls. Bootstrap addresses are nodes with ids below -1.
 */
export interface Wire extends AsyncDisposable {
  readonly bootstrapNodes: readonly NodeAddress[];
  /** Tells the wire where nodes listen; a changed address takes effect with the next connection. */
  learn(nodes: readonly NodeAddress[]): void;
  /** Sends one request in the newest version that both sides speak. Requests to one node leave in call order. */
  request<Name extends ApiName>(
    node: BrokerId,
    api: Name,
    draft: DraftFor<Name>,
    options?: RequestOptions,
  ): Promise<ResponseOf<Name>>;
  /** Opens nothing yet. */
  line(node: BrokerId): RequestLine;
  /** Opens a stream of fetches from one node; it follows nothing until `update`. */
  fetch(node: BrokerId, options: FetchOptions): FetchStream;
  /** What a node answers, asked once for each connection. */
  capabilities(node: BrokerId, options?: RequestOptions): Promise<Capabilities>;
  /** Calls `listener` whenever an open connection to `node` ended. Returns how to stop listening. */
  onClosed(node: BrokerId, listener: () => void): () => void;
  /** Ends every connection; what waits for an answer fails. */
  close(): Promise<void>;
}
