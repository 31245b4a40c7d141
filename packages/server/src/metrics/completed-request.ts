import type { RequestContext } from '../handlers/handler';
import type { Served } from '../handlers/table';

/** A request whose answer has left, with the moments of its way, in monotonic milliseconds. */
export interface CompletedRequest extends Omit<RequestContext, 'lease'> {
  readonly served: Served;
  /** `host:port` that was dialled. */
  readonly localAddress: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Its handler was called: until then it waited for earlier requests of its connection. */
  readonly startedAtMs: number;
  /** The handler returned: from here on it waited for a disk, for replicas or for records. */
  readonly returnedAtMs: number;
  /** Its answer was there. */
  readonly answeredAtMs: number;
  /** The answers of all earlier requests had left. */
  readonly leavingAtMs: number;
}

/** Kafka's phases of a request, in milliseconds. Their sum is the total. */
export interface Phases {
  readonly totalMs: number;
  readonly queueMs: number;
  readonly localMs: number;
  readonly remoteMs: number;
  readonly responseQueueMs: number;
  readonly sendMs: number;
}

export const phasesOf = (request: CompletedRequest, leftAtMs: number): Phases => ({
  totalMs: leftAtMs - request.arrivedAtMs,
  queueMs: request.startedAtMs - request.arrivedAtMs,
  localMs: request.returnedAtMs - request.startedAtMs,
  remoteMs: request.answeredAtMs - request.returnedAtMs,
  responseQueueMs: request.leavingAtMs - request.answeredAtMs,
  sendMs: leftAtMs - request.leavingAtMs,
});

/** Told of the requests that are over. */
export interface CompletionObserver {
  /** The answer of a request, or the end of its connection, left at `leftAtMs`. */
  completed(request: CompletedRequest, leftAtMs: number): void;
}

/** Told of every request of a door, in the turn in which it happens. */
export interface RequestObserver extends CompletionObserver {
  /** A client's connection was opened on a listener. */
  connected(listenerName: string): void;
  disconnected(listenerName: string): void;
  /** A request waits for earlier ones of its connection. */
  queued(): void;
  /** It waits no more: its handler is called, or its connection is gone. */
  unqueued(): void;
  /** Its answer is there. What follows is `completed` or `dropped`. */
  answered(): void;
  /** The answer will never leave: the connection is gone. */
  dropped(): void;
}

/** One observer for several: all are told of completions, in order. */
export const observers = (
  first: RequestObserver,
  ...others: readonly CompletionObserver[]
): RequestObserver => ({
  connected: (listenerName) => first.connected(listenerName),
  disconnected: (listenerName) => first.disconnected(listenerName),
  queued: () => first.queued(),
  unqueued: () => first.unqueued(),
  answered: () => first.answered(),
  dropped: () => first.dropped(),
  completed(request, leftAtMs) {
    first.completed(request, leftAtMs);
    for (const other of others) other.completed(request, leftAtMs);
  },
});
