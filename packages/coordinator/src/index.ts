export { CoordinatorRuntime } from './runtime/coordinator-runtime';
export type { RuntimeParts, RuntimePhase } from './runtime/coordinator-runtime';
export type { RuntimeHost, RuntimeOptions, RuntimePartition } from './runtime/ports';
export type {
  Decision,
  Effect,
  Now,
  RecordCodec,
  RecordPosition,
  ReplayedMachine,
  Ticket,
} from './runtime/machine';
export type {
  FetchedOffset,
  GroupAnswer,
  GroupAnswers,
  GroupRequest,
  GroupRequestKind,
  OffsetPartition,
  OffsetToCommit,
} from './groups/requests';
export type { GroupDecision, GroupFacts } from './groups/group';
export { groupRefusal } from './groups/refusal';
export type { Asker, CoordinatorSettings, GroupSettings, GroupWorld, TopicView } from './groups/world';
export { GroupMachine } from './groups/group-machine';
