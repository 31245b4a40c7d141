import { TopicId } from '@kafkaesque/kernel';
import { createController } from '../controller';
import type { MetadataDelta } from '../delta/metadata-delta';
import { exampleSettings } from '../example-cluster';
import type { MetadataRecord } from '../records';
import { isRemovedTopic } from './lookups';
import { noRemovedTopics, removedTopicIds, wasRemoved, withRemoved } from './removed-topics';

const idOf = (number: number): TopicId => {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(number, 12);
  return TopicId(id.toString('base64url'));
};

const afterRemoving = (count: number) => {
  let removed = noRemovedTopics;
  for (let number = 1; number <= count; number++) removed = withRemoved(removed, idOf(number));
  return removed;
};

const created = (topicId: TopicId): MetadataRecord => ({
  kind: 'TopicRecord',
  value: { name: `topic-${topicId}`, topicId },
});
const gone = (topicId: TopicId): MetadataRecord => ({ kind: 'RemoveTopicRecord', value: { topicId } });

describe('topics that were removed', () => {
  test.each([0, 1, 4_999, 5_000, 5_001, 10_000, 10_001, 15_000, 23_456])(
    'are remembered, the last five thousand at least, and no more than ten: %i of them',
    (count) => {
      const removed = afterRemoving(count);
      const remembered = [...removedTopicIds(removed)];
      expect(remembered.length).toBeGreaterThanOrEqual(Math.min(count, 5_000));
      expect(remembered.length).toBeLessThanOrEqual(10_000);
      for (let number = Math.max(1, count - 4_999); number <= count; number++)
        if (!wasRemoved(removed, idOf(number))) throw new Error(`${number} is forgotten`);
      expect(wasRemoved(removed, idOf(count + 1))).toBe(false);
    },
  );

  test.each([0, 1, 5_000, 5_001, 12_345])(
    'are told by a snapshot, and forgotten alike: %i of them',
    (count) => {
      const removed = afterRemoving(count);
      let again = noRemovedTopics;
      for (const topicId of removedTopicIds(removed)) again = withRemoved(again, topicId);
      let other = removed;
      for (let number = count + 1; number < count + 6_000; number++) {
        again = withRemoved(again, idOf(number));
        other = withRemoved(other, idOf(number));
      }
      expect([...removedTopicIds(again)]).toEqual([...removedTopicIds(other)]);
    },
  );

  test('are known to whoever was given nothing but a snapshot', () => {
    const first = createController(exampleSettings());
    const position = { epoch: 1 };
    first.apply({ ...position, offset: 0, records: [created(idOf(1)), created(idOf(2))] });
    first.apply({ ...position, offset: 1, records: [gone(idOf(1))] });
    const second = createController(exampleSettings());
    const snapshot = first.snapshot();
    const sink = second.restore(snapshot.offset, snapshot.epoch, (_delta: MetadataDelta) => undefined);
    for (const chunk of snapshot.chunks) sink.records(chunk);
    for (const _step of sink.finish());
    expect([1, 2, 3].map((number) => isRemovedTopic(second.committed, idOf(number)))).toEqual([
      true,
      false,
      false,
    ]);
    expect(second.committed.topicsById.has(idOf(2))).toBe(true);
    expect(second.committed.stateSum).toEqual(first.committed.stateSum);
  });
});
