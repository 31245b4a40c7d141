import type { Lease } from '@kafkaesque/kernel';

/** Who asks, as the listener established it. */
export interface Principal {
  readonly type: string;
  readonly name: string;
}
/** What everybody is on a listener without authentication. */
export const ANONYMOUS: Principal = { type: 'User', name: 'ANONYMOUS' };

/** One request and where it came from. */
export interface RequestContext {
  readonly connectionId: number;
  readonly listenerName: string;
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  readonly principal: Principal;
  readonly apiKey: number;
  /** The version that the answer has. */
  readonly apiVersion: number;
  /** The client asked in a version that is not known here (ApiVersions only): the body was not read. */
  readonly isUnknownVersion: boolean;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Client name and version as ApiVersions told them (KIP-511). */
  readonly clientSoftware: { name: string; version: string };
  readonly arrivedAtMs: number;
  /** How long the client agreed to wait for something to happen: said by the handler that begins such a wait. */
  patienceMs: number;
  /** Bytes that the handler took beside those that arrived, to compress records anew. */
  temporaryBytes: number;
  /** Traces that the request's records belong to; only looked for when spans are made. */
  traceparents: readonly string[] | undefined;
  /** Holds the frame that the request's views point into; a holder while the handler runs. */
  readonly lease: Lease | undefined;
  /** Whether the client is gone. */
  readonly isClosed: () => boolean;
  /**
   * What the handler needs of the request is copied: the frame counts no more against the memory of requests, which a request
   * that waits for long would take from others.
   */
  readonly letGo: () => void;
}

/**
 * How a request ends. `sent` is called once the answer has left, or can no longer leave. `unsent`: what would have been
 * answered, had the client asked for an answer.
 */
export type Reply<Response> =
  | { readonly kind: 'answer'; readonly response: Response; readonly sent?: () => void }
  | { readonly kind: 'none' }
  | { readonly kind: 'close'; readonly why: string; readonly unsent?: Response };

/** Kafka's operations, as authorization knows them (`AclOperation`). */
export type Operation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE';
export type ResourceType = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID';

/**
 * What a request needs permission for. `open`: anyone may ask, before authentication too. `each`: the handler asks for
 * each resource that the request names, with exactly these operations.
 */
export type AuthorizationNeed =
  | { readonly kind: 'open' }
  | { readonly kind: 'each'; readonly operations: readonly `${Operation} ${ResourceType}`[] };

/** Which quota a request counts against (FEATURES section 2.7). */
export type QuotaClass = 'produce' | 'fetch' | 'request' | 'controller-mutation' | 'exempt';

/** Answers whether a principal may do something. */
export interface Authorizer {
  isAllowed(context: RequestContext, operation: Operation, resource: ResourceType, name: string): boolean;
}

/** Kafka without `authorizer.class.name`: everybody may do everything. */
export const allowEverything: Authorizer = { isAllowed: () => true };
