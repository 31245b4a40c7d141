/** What is known of a topic. A call that was not answered leaves it open whether it was carried out. */
export type TopicState =
  | { readonly kind: 'creating' }
  | { readonly kind: 'live'; readonly topicId: string }
  | { readonly kind: 'deleting'; readonly topicId: string }
  | { readonly kind: 'gone'; readonly topicId: string | undefined };

export interface KnownTopic {
  readonly name: string;
  readonly partitions: number;
  /** `retention.bytes`, less what a torn tail may take of it; undefined: nothing is ever deleted. */
  readonly keepsBytes: number | undefined;
  readonly state: TopicState;
}

export interface ListedTopic {
  readonly name: string;
  readonly topicId: string;
}

export interface SettledTopics {
  /** The same topics, with nothing left open. */
  readonly topics: readonly KnownTopic[];
  /** One sentence for each contradiction. */
  readonly violations: readonly string[];
}

/** Compares what a node lists after a start with what is known; what was open is as the node says. */
export const settleTopics = (
  topics: readonly KnownTopic[],
  listing: readonly ListedTopic[],
): SettledTopics => {
  const violations: string[] = [];
  const idOf = new Map(listing.map(({ name, topicId }) => [name, topicId]));
  const nameOf = new Map(listing.map(({ name, topicId }) => [topicId, name]));
  const idsAccountedFor = new Set<string>();
  const settled = topics.map((topic): KnownTopic => {
    const { name, state } = topic;
    if (state.kind === 'creating') return topic;
    if (state.kind === 'gone') {
      if (state.topicId !== undefined && nameOf.has(state.topicId)) {
        violations.push(`topic ${name} (${state.topicId}) was deleted and is there again`);
        idsAccountedFor.add(state.topicId);
      }
      return topic;
    }
    idsAccountedFor.add(state.topicId);
    if (nameOf.get(state.topicId) === name)
      return { ...topic, state: { kind: 'live', topicId: state.topicId } };
    if (state.kind === 'live') violations.push(`topic ${name} (${state.topicId}) is missing`);
    return { ...topic, state: { kind: 'gone', topicId: state.topicId } };
  });
  const complete = settled.map((topic): KnownTopic => {
    if (topic.state.kind !== 'creating') return topic;
    const topicId = idOf.get(topic.name);
    if (topicId === undefined || idsAccountedFor.has(topicId))
      return { ...topic, state: { kind: 'gone', topicId: undefined } };
    idsAccountedFor.add(topicId);
    return { ...topic, state: { kind: 'live', topicId } };
  });
  for (const { name, topicId } of listing)
    if (!idsAccountedFor.has(topicId)) violations.push(`nobody created topic ${name} (${topicId})`);
  return { topics: complete, violations };
};
