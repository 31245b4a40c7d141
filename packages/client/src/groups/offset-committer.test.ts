import { SeededRandom, silentLogger } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { brokerError } from '../broker-error';
import { ChangeSignal } from '../timing/change-signal';
import type { RequestOptions } from '../wire/wire';
import { abortedError } from '../timing/waiting';
import type { GroupOffsets, PartitionOffset } from './group-offsets';
import { OffsetCommitter } from './offset-committer';

/** A committer of a consumer that is in no group, whose commits wait for the test to answer them. */
const open = () => {
  const scheduler = new Scheduler();
  const world = { ownership: undefined as number | undefined, isRefusing: false };
  const sent: {
    readonly offset: number;
    readonly timeoutMs: number | undefined;
    readonly answer: () => void;
  }[] = [];
  const commit = (
    [first]: readonly PartitionOffset[],
    _: unknown,
    { timeoutMs, signal }: RequestOptions,
  ): Promise<void> =>
    new Promise((answer, reject) => {
      if (world.isRefusing) reject(brokerError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS));
      sent.push({ offset: first?.offset ?? -1, timeoutMs, answer });
      signal?.addEventListener('abort', () => reject(abortedError(signal)), { once: true });
    });
  const committer = new OffsetCommitter({
    offsets: { commit } as unknown as GroupOffsets,
    membership: () => undefined,
    ownership: () => world.ownership,
    changed: new ChangeSignal(),
    clock: new VirtualClock({ scheduler }),
    random: new SeededRandom(1),
    logger: silentLogger,
    backoff: { firstMs: 100, maxMs: 1000 },
    requestTimeoutMs: 30_000,
  });
  const at = (offset: number): readonly PartitionOffset[] => [{ topic: 't', partition: 0, offset }];
  return { committer, sent, scheduler, at, world };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('commits', () => {
  test('go out one after the other', async () => {
    const { committer, sent, at } = open();
    const both = [committer.commit(at(1), { timeoutMs: 1000 }), committer.commit(at(2), { timeoutMs: 1000 })];
    await turn();
    expect(sent.map(({ offset }) => offset)).toEqual([1]);
    sent[0]?.answer();
    await turn();
    expect(sent.map(({ offset }) => offset)).toEqual([1, 2]);
    sent[1]?.answer();
    await Promise.all(both);
  });

  test('are given up while they wait for their turn, and do not go out afterwards', async () => {
    const { committer, sent, at } = open();
    const first = committer.commit(at(1), { timeoutMs: 1000 });
    const stop = new AbortController();
    const second = committer.commit(at(2), { timeoutMs: 1000, signal: stop.signal });
    await turn();
    stop.abort();
    await expect(second).rejects.toMatchObject({ kind: 'aborted' });
    sent[0]?.answer();
    await first;
    await committer.drained();
    expect(sent).toHaveLength(1);
  });

  test('are not tried again for a partition that was somebody else’s meanwhile, although it has come back', async () => {
    const { committer, sent, at, world, scheduler } = open();
    Object.assign(world, { ownership: 1, isRefusing: true });
    const outcome = Promise.allSettled([committer.commit(at(19), { timeoutMs: 60_000 })]);
    await turn();
    expect(sent).toHaveLength(1);
    Object.assign(world, { ownership: 2, isRefusing: false });
    await scheduler.run({ untilMs: 5000 });
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: { code: 'COMMIT_FAILED' } }]);
    expect(sent).toHaveLength(1);
  });

  test('end with their time, and do not take the connection with them', async () => {
    const { committer, sent, at, scheduler } = open();
    const first = committer.commit(at(1), { timeoutMs: 50 });
    const second = committer.commit(at(2), { timeoutMs: 20 });
    const outcomes = Promise.allSettled([first, second]);
    await turn();
    await scheduler.run({ untilMs: 100 });
    const timedOut = { status: 'rejected', reason: { code: 'TIMED_OUT' } };
    expect(await outcomes).toMatchObject([timedOut, timedOut]);
    expect(sent.map(({ offset, timeoutMs }) => [offset, timeoutMs])).toEqual([[1, 30_000]]);
    expect(committer.isBusy).toBe(false);
  });
});
