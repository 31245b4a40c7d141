import type { BrokerId } from '@kafkaesque/kernel';
import type { QuorumView } from '@kafkaesque/metadata';
import type { VoterSet } from '@kafkaesque/protocol';
import { areStatic } from '../quorum/static-voters';

const DYNAMIC = 1;
const STATIC = 0;

/** `kraft.version` of a voter set: 0 where configuration names the voters, by their ids alone; otherwise 1. */
export const kraftVersionOf = (voters: VoterSet): number => (areStatic(voters) ? STATIC : DYNAMIC);

/** What the controller's decisions ask about the quorum. */
export const kraftView = (nodeId: BrokerId, voters: () => VoterSet): QuorumView => ({
  nodeId,
  get voterIds() {
    return voters().map((voter) => voter.nodeId);
  },
  get kraftVersion() {
    return kraftVersionOf(voters());
  },
  supportedKraftVersions: { min: STATIC, max: DYNAMIC },
  refusesKraftVersion: () =>
    'The voters of this quorum are named by controller.quorum.voters, and this release cannot take such a quorum to ' +
    'kraft.version 1. Format new controllers with --standalone or --initial-controllers instead.',
});
