import type { MemberMessage, ReplicaKey } from '@kafkaesque/protocol';

/** What members of a quorum send one another: the schema's own forms. */
export type RaftMessage = Extract<
  MemberMessage,
  {
    readonly kind:
      | 'QuorumVote'
      | 'QuorumVoteAnswer'
      | 'QuorumAppend'
      | 'QuorumAppendAnswer'
      | 'QuorumSnapshotOffer'
      | 'QuorumSnapshotFetch'
      | 'QuorumSnapshotChunk'
      | 'QuorumTimeoutNow';
  }
>;

/** One message's fields, by its name. */
export type MessageOf<Kind extends RaftMessage['kind']> = Extract<
  RaftMessage,
  { readonly kind: Kind }
>['value'];

const kinds: ReadonlySet<string> = new Set<RaftMessage['kind']>([
  'QuorumVote',
  'QuorumVoteAnswer',
  'QuorumAppend',
  'QuorumAppendAnswer',
  'QuorumSnapshotOffer',
  'QuorumSnapshotFetch',
  'QuorumSnapshotChunk',
  'QuorumTimeoutNow',
]);

/** Whether a message between members is one of the quorum's. */
export const isRaftMessage = (message: MemberMessage): message is RaftMessage => kinds.has(message.kind);

/** In an answer that says nothing but its term: rounds are counted anew in each. */
export const NO_ROUND = -1;

/** As directory id: voters are named by their node id alone (`controller.quorum.voters`, `kraft.version` 0). */
export const ANY_DIRECTORY = 'A'.repeat(22);

/** Tells replicas apart in maps. */
export const replicaId = ({ nodeId, directoryId }: ReplicaKey): string => `${nodeId}/${directoryId}`;

/** Whether two keys name the same replica: the same node with the same disk. */
export const sameReplica = (a: ReplicaKey, b: ReplicaKey): boolean =>
  a.nodeId === b.nodeId && a.directoryId === b.directoryId;
