import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import type { Subscription } from '../consumer/consumer';
import { ClientError } from '../errors';
import type { RequestOptions } from '../wire/wire';
import type { AssignableTopic } from './assignors/assignor';

export interface TopicWatchOptions {
  readonly cluster: ClusterView;
  readonly requestTimeoutMs: number;
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
}

/** What the cluster has of the topics that were asked for. */
export interface SeenTopics {
  readonly topics: ReadonlyMap<string, AssignableTopic>;
  /** Named, but not there yet. */
  readonly missing: readonly string[];
}

/** Looks at topics for a group: which there are, how many partitions they have, and in which racks. */
export class TopicWatch {
  readonly #options: TopicWatchOptions;

  constructor(options: TopicWatchOptions) {
    this.#options = options;
  }

  /** The topics of these names. Fails when one may not be read at all, or has a name that no topic has. */
  named(names: readonly string[], options: RequestOptions = {}): Promise<SeenTopics> {
    if (names.length === 0) return Promise.resolve({ topics: new Map(), missing: [] });
    return this.#look(
      [...names].sort().map((name) => ({ name })),
      options,
    );
  }

  /** All topics that match now. */
  async matching(pattern: RegExp, options: RequestOptions = {}): Promise<SeenTopics> {
    const { topics } = await this.#look(null, options);
    const matching = [...topics].filter(([name]) => matches(pattern, name));
    return { topics: new Map(matching), missing: [] };
  }

  async #look(topics: readonly { name: string }[] | null, options: RequestOptions): Promise<SeenTopics> {
    const { cluster, requestTimeoutMs, allowAutoCreateTopics, excludeInternalTopics } = this.#options;
    const metadata = await cluster.ask(
      'Metadata',
      { topics, allowAutoTopicCreation: topics !== null && allowAutoCreateTopics },
      { timeoutMs: requestTimeoutMs, ...options, again: 'always' },
    );
    if (metadata.errorCode !== 0) throw brokerError(metadata.errorCode);
    cluster.learnBrokers(metadata);
    const racks = new Map(metadata.brokers.map(({ nodeId, rack }) => [nodeId, rack]));
    const seen = new Map<string, AssignableTopic>();
    const missing: string[] = [];
    for (const { name, errorCode, isInternal, partitions } of metadata.topics) {
      if (name === null) continue;
      if (topics === null && ((isInternal && excludeInternalTopics) || errorCode !== 0)) continue;
      if (isFatal(errorCode)) throw brokerError(errorCode, `Not authorized to access topics: [${name}]`);
      if (errorCode !== 0) {
        missing.push(name);
        continue;
      }
      const inOrder = [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex);
      seen.set(name, {
        topic: name,
        partitions: inOrder.map(({ partitionIndex, replicaNodes }) => ({
          partition: partitionIndex,
          racks: replicaNodes.map((node) => racks.get(node)).filter((rack) => typeof rack === 'string'),
        })),
      });
    }
    return { topics: seen, missing };
  }
}

/** As expressions match in JavaScript: anywhere in the name, unless they are anchored. */
const matches = (pattern: RegExp, name: string): boolean => {
  // With g or y it would remember where it stopped.
  pattern.lastIndex = 0;
  return pattern.test(name);
};

/** The same for the broker, which matches whole names. */
const re2Of = ({ source, flags }: RegExp): string => `${flags.includes('i') ? '(?i)' : ''}.*(?:${source}).*`;

const isFatal = (errorCode: number): boolean =>
  errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED || errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION;

/** A subscription, sorted out. */
export type SubscribedTo =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'matching'; readonly pattern: RegExp }
  | { readonly kind: 're2'; readonly pattern: string };

/** Sorts out what was subscribed. Fails with INVALID_SUBSCRIPTION. */
export const subscribedTo = (subscription: Subscription, protocol: 'classic' | 'consumer'): SubscribedTo => {
  if (subscription instanceof RegExp) {
    if (protocol === 'classic') return { kind: 'matching', pattern: subscription };
    return { kind: 're2', pattern: re2Of(subscription) };
  }
  if ('pattern' in subscription) {
    if (protocol === 'consumer') return { kind: 're2', pattern: subscription.pattern };
    throw invalid('RE2 patterns need group.protocol=consumer: use a RegExp with the classic protocol');
  }
  const names = [...new Set(subscription)];
  if (names.some((name) => name.trim() === ''))
    throw invalid('Topic collection to subscribe to cannot contain an empty topic');
  return { kind: 'names', names };
};

const invalid = (message: string): ClientError => new ClientError('usage', 'INVALID_SUBSCRIPTION', message);
