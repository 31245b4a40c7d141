import type { GroupFacts } from '../group';
import type { ClassicConversion } from '../classic-conversion';
import type { GroupWorld } from '../world';
import { ConsumerGroup } from './consumer-group';
import type { Regexes } from './regexes';
import type { TopicHashes } from './topic-hashes';

/** What all rules of the consumer protocol have in common. */
export interface SharedRules {
  readonly world: GroupWorld;
  readonly groups: Map<string, GroupFacts>;
  readonly classic: ClassicConversion;
  readonly regexes: Regexes;
  readonly hashes: TopicHashes;
}

export const consumerGroup = (
  { groups }: Pick<SharedRules, 'groups'>,
  groupId: string,
): ConsumerGroup | undefined => {
  const group = groups.get(groupId);
  return group instanceof ConsumerGroup ? group : undefined;
};
