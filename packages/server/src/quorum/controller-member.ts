import type { ChannelDialer, MemberAddress } from '@kafkaesque/kernel';
import { BrokerId } from '@kafkaesque/kernel';
import type { MemberMessage, QuorumState, Voter, VoterSet } from '@kafkaesque/protocol';
import type { ReplicaKey } from '@kafkaesque/protocol';
import { ANY_DIRECTORY, isRaftMessage, voterOf } from '@kafkaesque/raft';
import type { MemberIdentity, MemberLink } from '../members/member-link';
import { MemberLinks } from '../members/member-links';
import type { MemberToDial } from '../members/member-target';
import { openRaftQuorum } from './open-replica';
import type { RaftQuorum, RaftQuorumOptions } from './raft-quorum';

/** Who a controller is, where its log is, and how it reaches the others. */
export interface ControllerMemberOptions extends Omit<RaftQuorumOptions, 'send' | 'votersChanged' | 'self'> {
  readonly identity: MemberIdentity;
  readonly dialer: ChannelDialer;
  /** `controller.listener.names`: of a voter's endpoints the first that has one of these is dialled. */
  readonly listenerNames: readonly string[];
  /** `controller.quorum.bootstrap.servers`: asked by a member that does not know the voters. */
  readonly bootstrapServers: readonly MemberAddress[];
  /** Whether a process is in service as the broker of that id: no other one takes its place. */
  readonly isInService?: (broker: MemberIdentity) => boolean;
  /** Everything members say that is not the quorum's own. */
  readonly others?: OtherMemberEvents;
}

/** What a controller hears beside the quorum. */
export interface OtherMemberEvents {
  up?(peer: MemberIdentity, link: MemberLink): void;
  message?(peer: MemberIdentity, message: MemberMessage, link: MemberLink): void;
  down?(peer: MemberIdentity, isLast: boolean, link: MemberLink): void;
  lost?(peer: MemberIdentity): void;
}

/** A controller's part in the quorum, and its channels to the other members. */
export interface ControllerMember {
  readonly quorum: RaftQuorum;
  readonly links: MemberLinks;
}

const UNNAMED = BrokerId(-1);

const endpointOf = (voter: Voter, listenerNames: readonly string[]): MemberAddress | undefined =>
  listenerNames.map((name) => voter.endpoints.find((one) => one.name === name)).find(Boolean) ??
  voter.endpoints[0];

const keyOf = ({ nodeId, directoryId }: MemberIdentity): ReplicaKey => ({ nodeId, directoryId });

/** Opens a controller's directory and its channels; it takes part once `quorum.begin` is called. */
export const openControllerMember = async (options: ControllerMemberOptions): Promise<ControllerMember> => {
  const { identity, dialer, clock, logger, random, listenerNames, bootstrapServers, others } = options;
  // Channels and quorum need each other; what comes before the quorum is open is of no use to it.
  const late: { quorum: RaftQuorum | undefined } = { quorum: undefined };

  const placesOf = (voters: VoterSet): readonly MemberToDial[] =>
    voters.flatMap((voter) => {
      const address = endpointOf(voter, listenerNames);
      return address === undefined ? [] : [{ nodeId: voter.nodeId, address }];
    });
  /** Where another controller says that the voters are. */
  let told: readonly MemberToDial[] = [];
  const isVoter = (voters: VoterSet): boolean => voterOf(voters, keyOf(identity)) !== undefined;
  const toDial = (voters: VoterSet): readonly MemberToDial[] => [
    ...placesOf(voters),
    ...(isVoter(voters) ? [] : told),
    ...bootstrapServers.map((address) => ({ nodeId: UNNAMED, address })),
  ];
  /** A controller that is no voter learns from whoever leads; it may know nobody but this one, which tells it of the others. */
  const meet = (peer: MemberIdentity, voters: VoterSet): void => {
    if (!peer.isController) return;
    const key = keyOf(peer);
    const isLearner = voterOf(voters, key) === undefined;
    late.quorum?.input({ kind: isLearner ? 'learner-found' : 'peer-found', key });
    if (!isLearner || !isVoter(voters)) return;
    const { term = 0, leader } = late.quorum?.status ?? {};
    const controllers = placesOf(voters).map(({ nodeId, address }) => ({ nodeId, ...address }));
    links.send(peer.nodeId, {
      kind: 'QuorumState',
      value: { term, leaderId: leader?.nodeId ?? UNNAMED, controllers },
    });
  };
  const learn = ({ controllers }: QuorumState): void => {
    told = controllers.map(({ nodeId, host, port }) => ({ nodeId, address: { host, port } }));
    links.keepTo(toDial(late.quorum?.voters ?? []));
  };

  const links = new MemberLinks({
    self: identity,
    clock,
    random: random.fork('links'),
    logger,
    dialer,
    keepsOut: (newcomer, incumbent) => {
      // Under one id may be two disks: the one that votes does not give way to one that does not.
      if (newcomer.isController && incumbent.isController) {
        const voters = late.quorum?.voters ?? [];
        const votes = (one: MemberIdentity): boolean => voterOf(voters, keyOf(one)) !== undefined;
        return votes(incumbent) && !votes(newcomer);
      }
      return options.isInService?.(incumbent) ?? false;
    },
    events: {
      up: (peer, link) => {
        meet(peer, late.quorum?.voters ?? []);
        others?.up?.(peer, link);
      },
      message: (peer, message, link) => {
        if (isRaftMessage(message)) late.quorum?.receive(keyOf(peer), message);
        else if (message.kind === 'QuorumState') learn(message.value);
        else others?.message?.(peer, message, link);
      },
      down: (peer, isLast, link) => {
        if (isLast && peer.isController) late.quorum?.input({ kind: 'learner-lost', key: keyOf(peer) });
        others?.down?.(peer, isLast, link);
      },
      lost: (peer) => {
        late.quorum?.input({ kind: 'peer-lost', nodeId: peer.nodeId });
        others?.lost?.(peer);
      },
    },
  });
  const opened = await openRaftQuorum({
    ...options,
    self: { nodeId: identity.nodeId, directoryId: identity.directoryId },
    send: ({ nodeId, directoryId }, message) => {
      // Under its id may be another disk by now, which was not meant.
      const isMeant = directoryId === ANY_DIRECTORY || links.peer(nodeId)?.directoryId === directoryId;
      if (isMeant) links.send(nodeId, message);
    },
    votersChanged: (voters) => {
      links.keepTo(toDial(voters));
      for (const peer of links.peers) if (voterOf(voters, keyOf(peer)) === undefined) meet(peer, voters);
    },
  });
  late.quorum = opened;
  return { quorum: opened, links };
};
