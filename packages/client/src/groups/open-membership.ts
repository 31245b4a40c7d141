import type { Clock, Logger, Random } from '@kafkaesque/kernel';
import type { ClusterView } from '../cluster/cluster-view';
import type { ConsumerSettings } from '../consumer/consumer-settings';
import { ClassicSession } from './classic/classic-session';
import { ConsumerSession } from './consumer/consumer-session';
import type { GroupCoordinator } from './group-coordinator';
import type { GroupSettings } from './group-settings';
import type { MemberHost } from './member-host';
import type { Membership } from './membership';
import { TopicWatch } from './topic-watch';
import type { SubscribedTo } from './topic-watch';

export interface MembershipOptions {
  readonly group: GroupSettings;
  readonly settings: ConsumerSettings;
  readonly coordinator: GroupCoordinator;
  readonly cluster: ClusterView;
  readonly host: MemberHost;
  readonly subscription: () => SubscribedTo;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The membership that `group.protocol` names; it joins when something is subscribed. */
export const openMembership = (options: MembershipOptions): Membership => {
  const { group, settings, cluster } = options;
  const { requestTimeoutMs, backoff } = settings;
  const shared = { rebalanceTimeoutMs: group.maxPollIntervalMs, requestTimeoutMs, backoff };
  if (group.protocol === 'consumer') {
    return new ConsumerSession({ ...options, settings: { ...group, ...shared } });
  }
  const topics = new TopicWatch({ ...group, cluster, requestTimeoutMs });
  return new ClassicSession({
    ...options,
    topics,
    settings: { ...group, ...shared },
  });
};
