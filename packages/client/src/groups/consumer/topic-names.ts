import type { TopicId } from '@kafkaesque/kernel';
import { brokerError } from '../../broker-error';
import type { ClusterView } from '../../cluster/cluster-view';
import type { RequestOptions } from '../../wire/wire';

/** Versions from here on can be asked by topic id. */
const BY_ID = 12;

/** The names of topics that an assignment gives by id. Remembers those of the last assignment. */
export class TopicNames {
  readonly #cluster: ClusterView;
  #known: ReadonlyMap<TopicId, string> = new Map();

  constructor(cluster: ClusterView) {
    this.#cluster = cluster;
  }

  /** Ids that the cluster does not know, or not yet, are left out. */
  async of(ids: readonly TopicId[], options: RequestOptions): Promise<ReadonlyMap<TopicId, string>> {
    const names = new Map<TopicId, string>();
    const unknown: TopicId[] = [];
    for (const id of ids) {
      const name = this.#known.get(id);
      if (name === undefined) unknown.push(id);
      else names.set(id, name);
    }
    if (unknown.length > 0) {
      const metadata = await this.#cluster.ask(
        'Metadata',
        { topics: unknown.map((topicId) => ({ topicId, name: null })), allowAutoTopicCreation: false },
        { ...options, minVersion: BY_ID, again: 'always' },
      );
      if (metadata.errorCode !== 0) throw brokerError(metadata.errorCode);
      this.#cluster.learnBrokers(metadata);
      for (const { topicId, name, errorCode } of metadata.topics) {
        if (errorCode === 0 && name !== null) names.set(topicId, name);
      }
    }
    this.#known = names;
    return names;
  }
}
