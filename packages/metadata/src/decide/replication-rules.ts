import type { TopicId } from '@kafkaesque/kernel';
import { ELR_VERSION } from '../features';
import { configOverrides, featureLevel, topicById } from '../image/lookups';
import type { MetadataImage } from '../image/metadata-image';
import type { ReplicationConfigs } from './commands';
import type { DecisionContext } from './decision';

/** The key that says how many replicas an acknowledged record has. */
export const MIN_INSYNC_REPLICAS = 'min.insync.replicas';

/** The keys that `ReplicationConfigs` is made of. */
const KEYS = [MIN_INSYNC_REPLICAS, 'unclean.leader.election.enable', 'flush.policy'];

/** Offsets and transactions are always flushed before they are acknowledged. */
const alwaysFlushed: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

/** What elections in one topic go by. */
export interface ReplicationRules extends ReplicationConfigs {
  /** Whether replicas that leave a small in-sync set stay eligible (KIP-966). */
  readonly isElrEnabled: boolean;
}

/** The part of a decision's context that elections read. */
export type ElectionContext = Pick<DecisionContext, 'image' | 'settings'>;

/** Whether replicas that leave a small in-sync set stay eligible. */
export const isElrEnabled = (image: MetadataImage): boolean => featureLevel(image, ELR_VERSION) > 0;

/** Tells the rules of any topic; most topics set none of the keys, and share one answer. */
export const replicationRules = ({
  image,
  settings,
}: ElectionContext): ((topicId: TopicId) => ReplicationRules) => {
  const cluster = new Map(configOverrides(image, { type: 4, name: '' }).entries());
  const isEnabled = isElrEnabled(image);
  const rulesFor = (overrides: ReadonlyMap<string, string>): ReplicationRules => ({
    ...settings.configs.replication(overrides, cluster),
    isElrEnabled: isEnabled,
  });
  const shared = rulesFor(new Map());
  const known = new Map<TopicId, ReplicationRules>();
  const work = (topicId: TopicId): ReplicationRules => {
    const name = topicById(image, topicId)?.name ?? '';
    const overrides = configOverrides(image, { type: 2, name });
    const rules = KEYS.some((key) => overrides.has(key)) ? rulesFor(new Map(overrides.entries())) : shared;
    return alwaysFlushed.has(name) ? { ...rules, flushPolicy: 'ack' } : rules;
  };
  return (topicId) => {
    const rules = known.get(topicId) ?? work(topicId);
    known.set(topicId, rules);
    return rules;
  };
};
