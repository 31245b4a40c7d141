/** Jepsen's classes for Kafka, and one of our own: what was read although nobody sent it. */
export type AnomalyClass =
  | 'lost-write'
  | 'aborted-read'
  | 'precommitted-read'
  | 'unwritten-read'
  | 'duplicate'
  | 'unseen'
  | 'inconsistent-offsets'
  | 'int-nonmonotonic-poll'
  | 'nonmonotonic-poll'
  | 'int-poll-skip'
  | 'poll-skip'
  | 'int-nonmonotonic-send'
  | 'nonmonotonic-send';

/** Something in a history that a log which keeps its promises does not do. */
export interface Anomaly {
  readonly class: AnomalyClass;
  readonly log: string;
  readonly values: readonly string[];
  /** What happened, as a sentence. */
  readonly what: string;
  /** Whether this process had subscribed: its group may have moved its position. */
  readonly isOfSubscriber?: boolean;
}
