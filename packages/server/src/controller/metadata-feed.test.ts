import type { MetadataRecord } from '@kafkaesque/metadata';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { FeedSource } from './metadata-feed';
import { MetadataFeed } from './metadata-feed';

const record: MetadataRecord = {
  kind: 'ConfigRecord',
  value: { resourceType: 2, resourceName: 'topic', name: 'name', value: 'x' },
};

/** A controller whose log starts behind entry 10, so that everybody new gets a snapshot of three pieces. */
const started = () => {
  const scheduler = new Scheduler();
  const source: FeedSource = {
    committedOffset: 12,
    startOffset: 10,
    committedEntries: (from) =>
      [11, 12]
        .filter((index) => index >= from)
        .map((index) => ({ index, term: 1, type: 0, bytes: Buffer.alloc(1) })),
    epochOf: () => 1,
    snapshot: () => ({ offset: 12, epoch: 1, chunks: [[record], [record], [record]] }),
  };
  const feed = new MetadataFeed<object>(source, new VirtualClock({ scheduler }));
  const sent: string[] = [];
  const send = (message: MemberMessageDraft): boolean => {
    sent.push(message.kind === 'MetadataSnapshotPart' ? `part ${message.value.part}` : message.kind);
    return true;
  };
  const follow = (link: object, offset: number): void => {
    feed.follow(link, { offset, epoch: 1, creditBytes: 1 << 20 }, send);
  };
  return { feed, follow, sent, pass: () => scheduler.run({ untilMs: scheduler.nowMs + 100 }) };
};

describe('the feed of metadata', () => {
  test('sends a snapshot to whoever needs what the log does not have any more', async () => {
    const { follow, sent, pass } = started();
    follow({}, -1);
    await pass();
    expect(sent).toEqual(['part 0', 'part 1', 'part 2', 'part 3']);
  });

  test('sends the log to whoever is in it', async () => {
    const { follow, sent, pass } = started();
    follow({}, 10);
    await pass();
    expect(sent).toEqual(['MetadataBatches']);
  });

  test('does not go on with what it was sending when a broker asks anew', async () => {
    const { follow, sent, pass } = started();
    const link = {};
    follow(link, -1);
    follow(link, -1);
    await pass();
    expect(sent).toEqual(['part 0', 'part 0', 'part 1', 'part 2', 'part 3']);
  });

  test('sends nothing more once another controller leads, or the broker has left', async () => {
    const { feed, follow, sent, pass } = started();
    const link = {};
    follow(link, -1);
    follow({}, -1);
    feed.left(link);
    feed.clear();
    await pass();
    expect(sent).toEqual(['part 0', 'part 0']);
  });
});
