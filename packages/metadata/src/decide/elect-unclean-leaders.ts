import { NO_BROKER } from '@kafkaesque/kernel';
import type { ElectUncleanLeadersCommand, ElectionsAnswer } from './commands';
import type { Decision, DecisionContext } from './decision';
import { MAX_PERIODIC_ELECTIONS, allPartitions, electionsOf } from './periodic-elections';
import { PartitionDrafts } from './partition-drafts';

/**
 * Elects anybody who serves where nobody leads, in topics that allow it: the setting may have come after the loss. What
 * does not go into one batch is decided again.
 */
export const decideElectUncleanLeaders = (
  _command: ElectUncleanLeadersCommand,
  context: DecisionContext,
): Decision<ElectionsAnswer> => {
  const drafts = new PartitionDrafts(context);
  for (const { topicId, partition } of allPartitions(context.image)) {
    if (partition.leader !== NO_BROKER || !drafts.rulesOf(topicId).allowsUncleanElection) continue;
    const value = drafts.next(topicId, partition, { allowsUncleanElection: true });
    if (value === undefined || value.leader < 0) continue;
    if (drafts.records.length === MAX_PERIODIC_ELECTIONS) return electionsOf(drafts, true);
    drafts.record(partition, value);
  }
  return electionsOf(drafts, false);
};
