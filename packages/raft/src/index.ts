export { Raft } from './raft';
export type { ReplicaStatus } from './raft';
export { defaultRaftSettings } from './contract';
export type {
  HardState,
  LeadershipState,
  MembershipChange,
  MembershipOutcome,
  RaftEffect,
  RaftInput,
  RaftOptions,
  RaftSettings,
  RaftStep,
  RaftWrite,
  RestoredReplica,
} from './contract';
export { entryTypes } from './log';
export type { LogEntry, LogPosition } from './log';
export { ANY_DIRECTORY, isRaftMessage, sameReplica } from './messages';
export type { MessageOf, RaftMessage } from './messages';
export { transitions } from './roles';
export type { Role } from './roles';
export { isMajority, isVoterKey, majorityOf, majorityReaches, voterOf } from './voters';
