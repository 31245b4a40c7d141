import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { brokerById, isActive } from '../image/lookups';
import type { MetadataImage, PartitionImage } from '../image/metadata-image';
import type { BalanceLeadersAnswer, BalanceLeadersCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { PartitionDrafts } from './partition-drafts';

/** Elections in one batch: clients learn of a thousand new leaders at a time. */
const MAX_ELECTIONS = 1_000;

/** How many partitions a broker is the first replica of, and how many of these others lead. */
interface Balance {
  preferred: number;
  elsewhere: number;
}

function* allPartitions(
  image: MetadataImage,
): IterableIterator<{ readonly topicId: TopicId; readonly partition: PartitionImage }> {
  for (const { topicId, partitions } of image.topicsById.values())
    for (const partition of partitions) yield { topicId, partition };
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
): Decision<BalanceLeadersAnswer> => {
  const { image } = context;
  const brokers = imbalanced(image, imbalancePercentage);
  const drafts = new PartitionDrafts(context);
  const answer = (isPartial: boolean): Decision<BalanceLeadersAnswer> => ({
    kind: 'decided',
    records: drafts.records,
    response: { elections: drafts.records.length },
    ...(isPartial ? { again: true } : {}),
  });
  if (brokers.size === 0) return answer(false);
  for (const { topicId, partition } of allPartitions(image)) {
    const first = partition.replicas[0];
    if (first === undefined || first === partition.leader || !brokers.has(first)) continue;
    if (!partition.isr.includes(first) || !drafts.serves(topicId, partition, first)) continue;
    if (drafts.records.length === MAX_ELECTIONS) return answer(true);
    drafts.change(topicId, partition, { election: 'preferred' });
  }
  return answer(false);
};
