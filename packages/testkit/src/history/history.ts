/** One record that a poll brought. */
export interface PolledRecord {
  readonly offset: number;
  readonly value: string;
}

/** A part of an operation on records. Logs are named by the caller, as `topic/partition` for instance. */
export type RecordAction =
  /** Values are unique within a log. The offset is known once it was acknowledged, if the client tells it. */
  | { readonly kind: 'send'; readonly log: string; readonly value: string; readonly offset?: number }
  /** In the order in which the client was given them. */
  | { readonly kind: 'poll'; readonly log: string; readonly records: readonly PolledRecord[] };

/** What a process asked for, and in the event that ends it also what came of it. */
export type Call =
  /** Sends and polls, one after the other; in a transaction if there are both, and then all of them or none. */
  | {
      readonly kind: 'records';
      readonly actions: readonly RecordAction[];
      /** Logs that the process lost or got while this went on: nothing is promised about where its polls go on. */
      readonly rebalanced?: readonly string[];
    }
  /** From now on the process polls these logs: where it was before, or from their beginning. */
  | { readonly kind: 'assign'; readonly logs: readonly string[]; readonly from: 'position' | 'beginning' }
  /** From now on the group tells the process what to poll, and positions come from commits. */
  | { readonly kind: 'subscribe' }
  /** The process's clients are gone, and their positions with them. */
  | { readonly kind: 'crash' };

/**
 * `invoke`: a process asks. `ok`: it was done. `fail`: it was not, and never will be. `info`: it may have been, may be
 * later, or never: a timeout, a lost connection, NOT_LEADER_OR_FOLLOWER, UNKNOWN_SERVER_ERROR, a fencing.
 */
export type EventType = 'invoke' | 'ok' | 'fail' | 'info';

/**
 * One event of a history, which is in the order in which it happened. A process does one thing at a time; whoever has
 * several under way is several processes. What was never answered is as `info` at the end.
 */
export interface HistoryEvent {
  readonly type: EventType;
  readonly process: number;
  readonly timeMs: number;
  readonly call: Call;
}

/** An invocation and what became of it. */
export interface Operation {
  readonly outcome: Exclude<EventType, 'invoke'>;
  readonly process: number;
  readonly invokedMs: number;
  /** Infinity: it was never answered. */
  readonly completedMs: number;
  /** As it was completed. */
  readonly call: Call;
}

type RecordsCall = Extract<Call, { kind: 'records' }>;
type Send = Extract<RecordAction, { kind: 'send' }>;
type Poll = Extract<RecordAction, { kind: 'poll' }>;

const NOTHING: RecordsCall = { kind: 'records', actions: [] };
const recordsOf = ({ call }: Operation): RecordsCall => (call.kind === 'records' ? call : NOTHING);

export const sendsOf = (operation: Operation): readonly Send[] =>
  recordsOf(operation).actions.filter((action): action is Send => action.kind === 'send');

export const pollsOf = (operation: Operation): readonly Poll[] =>
  recordsOf(operation).actions.filter((action): action is Poll => action.kind === 'poll');

export const rebalancedIn = (operation: Operation): readonly string[] =>
  recordsOf(operation).rebalanced ?? [];
