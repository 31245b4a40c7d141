export { configurationReference, readConfiguration } from './configuration';
export type {
  BrokerConfiguration,
  ConfigurationError,
  ConfigurationOutcome,
  ConfigurationSources,
} from './configuration';
export { startNode } from './node/node';
export type {
  MetadataStanding,
  Node,
  NodeOptions,
  NodeView,
  OpenListener,
  PartitionStanding,
} from './node/node';
export type { World } from './node/world';
export { runServer } from './run-server';
export type { ServerArguments } from './run-server';
export { openWorld } from './world/open-world';
export type { OpenWorldOptions } from './world/open-world';
export { openControllerMember } from './quorum/controller-member';
export type {
  ControllerMember,
  ControllerMemberOptions,
  OtherMemberEvents,
} from './quorum/controller-member';
export { RaftQuorum } from './quorum/raft-quorum';
export type { QuorumStatus, RaftQuorumOptions } from './quorum/raft-quorum';
export { ControllerHost } from './controller/controller-host';
export type { CommandOutcome, ControllerDoor, ControllerHostOptions } from './controller/controller-host';
export { MemberLinks } from './members/member-links';
export type { MemberEvents } from './members/member-links';
export type { MemberIdentity } from './members/member-link';
export { restoreState } from './quorum/snapshots';
export { openBrokerMember, openController } from './node/members';
export type { Members, MembersOptions } from './node/members';
export { nodeLoggers } from './node/node-loggers';
export type { NodeLoggers } from './node/node-loggers';
