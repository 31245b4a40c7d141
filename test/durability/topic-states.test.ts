import { settleTopics } from './topic-states';
import type { KnownTopic, TopicState } from './topic-states';

const topic = (name: string, state: TopicState): KnownTopic => ({
  name,
  state,
  partitions: 1,
  keepsBytes: undefined,
});

describe('topics after a start', () => {
  test('what was open is as the node says', () => {
    const settled = settleTopics(
      [
        topic('a', { kind: 'creating' }),
        topic('b', { kind: 'creating' }),
        topic('c', { kind: 'deleting', topicId: 'C' }),
        topic('d', { kind: 'deleting', topicId: 'D' }),
        topic('e', { kind: 'live', topicId: 'E' }),
      ],
      [
        { name: 'a', topicId: 'A' },
        { name: 'c', topicId: 'C' },
        { name: 'e', topicId: 'E' },
      ],
    );
    expect(settled.violations).toEqual([]);
    expect(settled.topics.map(({ name, state }) => [name, state])).toEqual([
      ['a', { kind: 'live', topicId: 'A' }],
      ['b', { kind: 'gone', topicId: undefined }],
      ['c', { kind: 'live', topicId: 'C' }],
      ['d', { kind: 'gone', topicId: 'D' }],
      ['e', { kind: 'live', topicId: 'E' }],
    ]);
  });

  test('a name may be used again', () => {
    const known = [topic('a', { kind: 'gone', topicId: 'A' }), topic('a', { kind: 'creating' })];
    expect(settleTopics(known, [{ name: 'a', topicId: 'B' }])).toEqual({
      violations: [],
      topics: [known[0], topic('a', { kind: 'live', topicId: 'B' })],
    });
  });

  test.each<[string, readonly KnownTopic[], readonly { name: string; topicId: string }[]]>([
    ['a missing topic', [topic('a', { kind: 'live', topicId: 'A' })], []],
    ['a topic that came back', [topic('a', { kind: 'gone', topicId: 'A' })], [{ name: 'a', topicId: 'A' }]],
    ['a topic that nobody created', [], [{ name: 'a', topicId: 'A' }]],
    [
      'a topic that came back while its name was being used again',
      [topic('a', { kind: 'gone', topicId: 'A' }), topic('a', { kind: 'creating' })],
      [{ name: 'a', topicId: 'A' }],
    ],
    [
      'a topic under another name',
      [topic('a', { kind: 'live', topicId: 'A' })],
      [{ name: 'b', topicId: 'A' }],
    ],
  ])('reports %s', (_name, known, listing) => {
    expect(settleTopics(known, listing).violations).toHaveLength(1);
  });
});
