import type { CommittedBatch, MetadataRecord, QuorumListener } from '@kafkaesque/metadata';
import { encodeRecords } from '@kafkaesque/metadata';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { MetadataFollower } from './metadata-follower';

const bytesOf = (name: string): Buffer => {
  const record: MetadataRecord = {
    kind: 'ConfigRecord',
    value: { resourceType: 2, resourceName: 'topic', name, value: 'x' },
  };
  return encodeRecords([record]);
};

/** One batch for each name, from `firstOffset` on. */
const batches = (firstOffset: number, ...names: string[]): MemberMessage => ({
  kind: 'MetadataBatches',
  value: {
    firstOffset,
    committedOffset: firstOffset + names.length - 1,
    batches: names.map((name) => ({ epoch: 1, type: 0, bytes: bytesOf(name) })),
  },
});

const part = (offset: number, number: number, name?: string): MemberMessage => ({
  kind: 'MetadataSnapshotPart',
  value: {
    ...{ offset, epoch: 1, part: number, isLast: name === undefined },
    bytes: name === undefined ? Buffer.alloc(0) : bytesOf(name),
  },
});

/** A controller as a broker sees it. */
class Link {
  readonly sent: MemberMessageDraft[] = [];
  readonly peer = undefined;

  send(message: MemberMessageDraft): boolean {
    this.sent.push(message);
    return true;
  }

  get kinds(): readonly string[] {
    return this.sent.map(({ kind }) => kind);
  }
}

const started = () => {
  const scheduler = new Scheduler();
  const applied: number[] = [];
  const faults: string[] = [];
  const listener: QuorumListener = {
    committed: (all: readonly CommittedBatch[]) => applied.push(...all.map(({ offset }) => offset)),
    restore: (offset) => ({
      records: () => undefined,
      finish: () => {
        applied.splice(0, Infinity, offset);
        return [];
      },
    }),
    leadership: () => undefined,
    snapshot: () => ({ offset: 0, epoch: 0, chunks: [] }),
  };
  const follower = new MetadataFollower({
    clock: new VirtualClock({ scheduler }),
    logger: silentLogger,
    listener,
    failed: (what) => faults.push(what),
  });
  const pass = () => scheduler.run({ untilMs: scheduler.nowMs + 100 });
  return { follower, applied, faults, pass };
};

describe('a broker that follows the metadata', () => {
  test('applies messages that arrive together without waiting for another', async () => {
    const { follower, applied, faults, pass } = started();
    const link = new Link();
    follower.follow(link);
    for (let offset = 1; offset <= 4; offset++) follower.take(link, batches(offset, `at ${offset}`));
    await pass();
    expect(applied).toEqual([1, 2, 3, 4]);
    expect(link.kinds.filter((kind) => kind === 'MetadataApplied')).toHaveLength(4);
    expect(faults).toEqual([]);
  });

  test('goes on with the log of the next controller when the snapshot of one broke off', async () => {
    const { follower, applied, faults, pass } = started();
    const first = new Link();
    follower.follow(first);
    follower.take(first, part(10, 0, 'a'));
    await pass();
    follower.lost(first);
    // Its log reaches further back.
    const second = new Link();
    follower.follow(second);
    follower.take(second, batches(1, 'a', 'b'));
    await pass();
    expect(applied).toEqual([1, 2]);
    expect(second.kinds).toEqual(['MetadataFollow', 'MetadataApplied']);
    // What the first one had begun is not gone on with.
    follower.take(second, part(10, 1));
    await pass();
    expect(second.kinds.at(-1)).toBe('MetadataFollow');
    expect(applied).toEqual([1, 2]);
    expect(faults).toEqual([]);
  });
});
