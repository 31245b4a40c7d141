import type { AlterPartitionAnswer, Effect, Partition } from '@kafkaesque/partition';
import type { Log } from '@kafkaesque/storage';
import type { Replica } from '../broker/replica';

/** What a leader wants of the controller for one partition. */
export type IsrChange = Extract<Effect, { readonly kind: 'alter-partition' }>;
/** What the controller made of it. */
export type IsrAnswer = AlterPartitionAnswer;

/** What replication needs of the rules of a partition. */
export type ReplicatedRules = Pick<
  Partition,
  | 'role'
  | 'leaderEpoch'
  | 'logStartOffset'
  | 'endOffset'
  | 'durableEndOffset'
  | 'highWatermark'
  | 'fullyReplicatedOffset'
  | 'subscribe'
  | 'unsubscribe'
  | 'replicaDurable'
  | 'fetchPosition'
  | 'appendAsFollower'
  | 'leaderSays'
  | 'divergedAt'
  | 'outOfRange'
>;

/** One replica, as the streams between brokers see it. */
export interface Replicated extends Pick<Replica, 'topicId' | 'topic' | 'partition'> {
  readonly machine: ReplicatedRules;
  readonly log: Pick<Log, 'read' | 'append'>;
}
