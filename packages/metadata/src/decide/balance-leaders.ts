import type { BrokerId } from '@kafkaesque/kernel';
import { brokerById, isActive } from '../image/lookups';
import type { MetadataImage } from '../image/metadata-image';
import type { BalanceLeadersCommand, ElectionsAnswer } from './commands';
import type { Decision, DecisionContext } from './decision';
import { PartitionDrafts } from './partition-drafts';
import { MAX_PERIODIC_ELECTIONS, allPartitions, electionsOf } from './periodic-elections';

/** How many partitions a broker is the first replica of, and how many of these others lead. */
interface Balance {
  preferred: number;
  elsewhere: number;
}

/** The brokers in service of whose leaderships too many are elsewhere. */
const imbalanced = (image: MetadataImage, percentage: number): ReadonlySet<BrokerId> => {
  const balances = new Map<BrokerId, Balance>();
  for (const { partition } of allPartitions(image)) {
    const first = partition.replicas[0];
    if (first === undefined) continue;
    const balance = balances.get(first) ?? { preferred: 0, elsewhere: 0 };
    balances.set(first, balance);
    balance.preferred += 1;
    if (partition.leader !== first) balance.elsewhere += 1;
  }
  const exceeds = ({ preferred, elsewhere }: Balance): boolean => elsewhere * 100 > preferred * percentage;
  const ids = [...balances.keys()].filter((id) => isActive(brokerById(image, id)));
  return new Set(
    ids.filter((id) => {
      const balance = balances.get(id);
      return balance !== undefined && exceeds(balance);
    }),
  );
};

/**
 * Gives leaderships back to first replicas that are in sync, of the brokers whose imbalance exceeds the percentage. What
 * does not go into one batch is decided again, from what is then out of balance.
 */
export const decideBalanceLeaders = (
  { imbalancePercentage }: BalanceLeadersCommand,
  context: DecisionContext,
): Decision<ElectionsAnswer> => {
  const { image } = context;
  const brokers = imbalanced(image, imbalancePercentage);
  const drafts = new PartitionDrafts(context);
  if (brokers.size === 0) return electionsOf(drafts, false);
  for (const { topicId, partition } of allPartitions(image)) {
    const first = partition.replicas[0];
    if (first === undefined || first === partition.leader || !brokers.has(first)) continue;
    if (!partition.isr.includes(first) || !drafts.serves(topicId, partition, first)) continue;
    if (drafts.records.length === MAX_PERIODIC_ELECTIONS) return electionsOf(drafts, true);
    drafts.change(topicId, partition, { election: 'preferred' });
  }
  return electionsOf(drafts, false);
};
