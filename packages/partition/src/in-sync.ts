import { BrokerEpoch } from '@kafkaesque/kernel';
import type { BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect, InSyncReplica } from './effects';
import { NEVER, isCaughtUp, newProgress } from './replica-progress';
import type { ReplicaProgress } from './replica-progress';
import { advance } from './replica-state';
import type { ReplicaState } from './replica-state';
import type { LeaderRecoveryState, Role } from './roles';

type Leader = Extract<Role, { readonly kind: 'leader' }>;

/**
 * A change of the in-sync set that the controller was asked for. Until it is known what became of it, it may have been
 * committed, so everybody it adds counts as in sync, and everybody it removes still does.
 */
export interface Proposal {
  /**
   * `asked`: an answer will come. `unsettled`: one came that does not say what became of it; the same is asked again at
   * the next tick, unless the image tells before. `refused`: nothing was changed, and nothing is asked before the next
   * tick, because whatever stood against it takes its time to pass.
   */
  readonly kind: 'asked' | 'unsettled' | 'refused';
  /** The one it was made against: the controller takes it for no other (KIP-497). */
  readonly partitionEpoch: number;
  readonly isr: readonly InSyncReplica[];
  readonly added: readonly BrokerId[];
  readonly leaderRecoveryState: LeaderRecoveryState;
}

/** The controller's answer to an `alter-partition`, or the host's word that none will come. */
export type AlterPartitionAnswer =
  | {
      readonly kind: 'committed';
      readonly leaderEpoch: LeaderEpoch;
      readonly partitionEpoch: number;
      readonly isr: readonly BrokerId[];
      readonly leaderRecoveryState: LeaderRecoveryState;
    }
  | {
      readonly kind: 'refused';
      /** Of the question that is answered. */
      readonly leaderEpoch: LeaderEpoch;
      /** Of the question that is answered. */
      readonly partitionEpoch: number;
      /** A code of the protocol's error table; REQUEST_TIMED_OUT or NETWORK_EXCEPTION when there is no answer. */
      readonly error: number;
    };

/** These say that nothing was changed, in the partition epoch that was named. */
const definiteRefusals: ReadonlySet<number> = new Set([
  ErrorCode.OPERATION_NOT_ATTEMPTED,
  ErrorCode.INELIGIBLE_REPLICA,
  ErrorCode.INVALID_REQUEST,
]);

const NOTHING: readonly Effect[] = [];

/**
 * Asks for a better in-sync set where there is one and no other question is open: with everybody in it who has come as
 * far as the high watermark and this epoch's start, and without those who were last caught up too long ago. Only a tick
 * tells the time: without it nobody is removed.
 */
export function propose(state: ReplicaState, nowMs?: number): readonly Effect[] {
  const { role } = state;
  if (role.kind !== 'leader' || role.proposal !== undefined) return NOTHING;
  const added = role.replicas.filter((replica) => mayJoin(state, role, replica));
  const staying =
    nowMs === undefined
      ? role.inSyncReplicas
      : role.inSyncReplicas.filter((replica) => !isLagging(state, role, replica, nowMs));
  const isChanged = added.length > 0 || staying.length < role.inSyncReplicas.length;
  // After an unclean election the first word of the leader is that it has recovered (KIP-704): nothing is missing here.
  if (!isChanged && role.leaderRecoveryState === 0) return NOTHING;
  const isr = [...staying, ...added].map((brokerId) => ({
    brokerId,
    brokerEpoch: brokerEpochOf(state, role, brokerId),
  }));
  return ask(state, role, {
    kind: 'asked',
    partitionEpoch: role.partitionEpoch,
    isr,
    added,
    leaderRecoveryState: 0,
  });
}

function ask(state: ReplicaState, role: Leader, proposal: Proposal): readonly Effect[] {
  state.role = { ...role, proposal };
  const { topicId, partition, leaderEpoch } = state;
  const { partitionEpoch, isr, leaderRecoveryState } = proposal;
  return [
    { kind: 'alter-partition', topicId, partition, leaderEpoch, partitionEpoch, isr, leaderRecoveryState },
  ];
}

/** Looks at the time: who lags, who keeps up, what has to be asked again. */
export function tick(state: ReplicaState, nowMs: number): readonly Effect[] {
  const { role } = state;
  if (role.kind !== 'leader') return NOTHING;
  beginGrace(state, role, nowMs);
  if (role.proposal?.kind === 'refused') state.role = { ...role, proposal: undefined };
  for (const [replica, progress] of state.followers)
    progress.isJoining = isKeepingUp(state, role, replica, progress, nowMs);
  const effects = advanceIfPossible(state);
  if (role.proposal?.kind === 'unsettled')
    return [...effects, ...ask(state, role, { ...role.proposal, kind: 'asked' })];
  return [...effects, ...propose(state, nowMs)];
}

/** What became of a question. Whatever the image has overtaken meanwhile is not news any more. */
export function alterPartitionAnswered(
  state: ReplicaState,
  answer: AlterPartitionAnswer,
  nowMs: number,
): readonly Effect[] {
  const { role } = state;
  if (role.kind !== 'leader' || answer.leaderEpoch !== state.leaderEpoch) return NOTHING;
  if (answer.kind === 'committed') {
    // The image has told this before. What has been asked since is open still, and counts.
    if (answer.partitionEpoch <= role.partitionEpoch) return NOTHING;
    const { partitionEpoch, isr, leaderRecoveryState } = answer;
    return inSyncSetIs(state, { ...role, partitionEpoch, inSyncReplicas: isr, leaderRecoveryState }, nowMs);
  }
  const { proposal } = role;
  if (proposal === undefined || answer.partitionEpoch !== proposal.partitionEpoch) return NOTHING;
  if (!definiteRefusals.has(answer.error)) {
    // Perhaps it was committed, by an earlier attempt even where a later one says otherwise: the image will tell.
    state.role = { ...role, proposal: { ...proposal, kind: 'unsettled' } };
    return NOTHING;
  }
  state.role = { ...role, proposal: { ...proposal, kind: 'refused', added: [] } };
  return advanceIfPossible(state);
}

/** A committed in-sync set: it settles what was open, and may call for the next change. */
export function inSyncSetIs(state: ReplicaState, role: Leader, nowMs?: number): readonly Effect[] {
  const before = state.role.kind === 'leader' ? state.role.inSyncReplicas : [];
  state.role = { ...role, proposal: undefined };
  for (const replica of role.inSyncReplicas) {
    const progress = state.followers.get(replica);
    if (progress === undefined) continue;
    progress.isJoining = false;
    // Whoever got in has as long as anybody to show that it keeps up; without a time its time begins at the next tick.
    if (!before.includes(replica)) progress.caughtUpMs = nowMs ?? NEVER;
  }
  forgetOtherThan(state, role.replicas);
  // An image may have told before, without a time: whoever got in by it must not be judged as if it had never kept up.
  if (nowMs !== undefined) beginGrace(state, role, nowMs);
  return [advance(state), ...propose(state, nowMs)];
}

/** Other replicas of the same partition epoch: what has been asked in it stays open. */
export function replicasAre(
  state: ReplicaState,
  role: Leader,
  replicas: readonly BrokerId[],
): readonly Effect[] {
  state.role = { ...role, replicas };
  forgetOtherThan(state, replicas);
  return [advance(state), ...propose(state)];
}

function forgetOtherThan({ followers }: ReplicaState, replicas: readonly BrokerId[]): void {
  for (const replica of followers.keys()) if (!replicas.includes(replica)) followers.delete(replica);
}

/** Appointments bring no time: that of whoever is in sync and silent runs from the first time that is told. */
export function beginGrace(state: ReplicaState, role: Leader, nowMs: number): void {
  for (const replica of role.inSyncReplicas) {
    if (replica === role.self) continue;
    const progress = state.followers.get(replica);
    if (progress === undefined) state.followers.set(replica, newProgress(nowMs));
    else if (progress.caughtUpMs === NEVER) progress.caughtUpMs = nowMs;
  }
}

/** Says so only if the high watermark moves. */
export function advanceIfPossible(state: ReplicaState): readonly Effect[] {
  const before = state.highWatermark;
  const effect = advance(state);
  return state.highWatermark === before ? NOTHING : [effect];
}

/** Whether the high watermark waits for a replica that is not in sync, so that it can get in (Kafka: KAFKA-4477). */
export const isKeepingUp = (
  state: ReplicaState,
  role: Leader,
  replica: BrokerId,
  progress: ReplicaProgress,
  nowMs: number,
): boolean =>
  !role.inSyncReplicas.includes(replica) &&
  role.replicas.includes(replica) &&
  progress.durableEndOffset >= 0 &&
  isEligible(state, replica, progress) &&
  isCaughtUp(progress, state.endOffset, nowMs, state.config.replicaLagTimeMaxMs);

/** A replica may get in only as the very incarnation that said how far it is (KIP-903). */
const isEligible = (state: ReplicaState, replica: BrokerId, progress: ReplicaProgress): boolean =>
  progress.isSubscribed && state.brokers.eligibleEpoch(replica) === progress.brokerEpoch;

const mayJoin = (state: ReplicaState, role: Leader, replica: BrokerId): boolean => {
  if (replica === role.self || role.inSyncReplicas.includes(replica)) return false;
  const progress = state.followers.get(replica);
  return (
    progress !== undefined &&
    progress.durableEndOffset >= state.highWatermark &&
    progress.durableEndOffset >= role.epochStartOffset &&
    isEligible(state, replica, progress)
  );
};

const isLagging = (state: ReplicaState, role: Leader, replica: BrokerId, nowMs: number): boolean => {
  if (replica === role.self) return false;
  const progress = state.followers.get(replica);
  return (
    progress !== undefined && !isCaughtUp(progress, state.endOffset, nowMs, state.config.replicaLagTimeMaxMs)
  );
};

/** -1: this leader does not know it, and the controller does not compare. */
const brokerEpochOf = (state: ReplicaState, role: Leader, brokerId: BrokerId): BrokerEpoch => {
  if (brokerId === role.self) return state.brokers.eligibleEpoch(brokerId) ?? BrokerEpoch(-1);
  return state.followers.get(brokerId)?.brokerEpoch ?? BrokerEpoch(-1);
};
