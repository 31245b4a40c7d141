import { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { NO_SEQUENCE, baseSequenceOf, producerEpochOf, producerIdOf } from '@kafkaesque/protocol';
import { PartitionQueue } from './partition-queue';
import type { QueueOptions } from './partition-queue';
import { CompressionRatio } from './producer-batch';
import type { ProducerBatch } from './producer-batch';

const identity = { producerId: ProducerId(7), epoch: ProducerEpoch(0) };

const open = (options: Partial<QueueOptions> = {}): PartitionQueue => {
  const shape = {
    codec: 'none' as const,
    compressionLevel: undefined,
    limitBytes: 100,
    ratio: new CompressionRatio(),
  };
  return new PartitionQueue('t', 0, { shape, lingerMs: 5, isIdempotent: true, maxInFlight: 5, ...options });
};

/** Fills a batch of its own: the limit leaves room for one such record. */
const appendBatch = (queue: PartitionQueue, nowMs = 0): void => {
  const completion = { timestampMs: 0, sizeBytes: 50, resolve: () => undefined, reject: () => undefined };
  queue.append({ key: null, value: Buffer.alloc(50) }, completion, nowMs);
};

const canSend = (queue: PartitionQueue): boolean => queue.sendableAt(true) < Infinity;

/** A queue whose producer is known to the broker, with `count` batches on their way. */
const withInFlight = (
  count: number,
): { readonly queue: PartitionQueue; readonly sent: readonly ProducerBatch[] } => {
  const queue = open();
  queue.identify(identity);
  appendBatch(queue);
  queue.acknowledged(queue.take());
  for (let n = 0; n < count; n += 1) appendBatch(queue);
  return { queue, sent: Array.from({ length: count }, () => queue.take()) };
};

const sequencesOf = (queue: PartitionQueue): readonly number[] =>
  queue.batches.map(({ baseSequence }) => baseSequence);

describe('a partition queue', () => {
  test('sends nothing before the producer has its id', () => {
    const queue = open();
    appendBatch(queue);
    expect(queue.needsIdentity).toBe(true);
    expect(canSend(queue)).toBe(false);
    queue.identify(identity);
    expect(canSend(queue)).toBe(true);
  });

  test('numbers batches in the order in which they leave', () => {
    const { sent } = withInFlight(3);
    expect(sent.map(({ baseSequence }) => baseSequence)).toEqual([1, 2, 3]);
    expect(sent.map((batch) => baseSequenceOf(batch.bytes()))).toEqual([1, 2, 3]);
    expect(sent.map((batch) => producerIdOf(batch.bytes()))).toEqual([7, 7, 7]);
  });

  test('keeps to one batch on its way until the broker has acknowledged one of this epoch', () => {
    const queue = open();
    queue.identify(identity);
    appendBatch(queue);
    appendBatch(queue);
    const first = queue.take();
    expect(canSend(queue)).toBe(false);
    queue.acknowledged(first);
    expect(canSend(queue)).toBe(true);
  });

  test('keeps to one batch again under a new producer id', () => {
    const { queue, sent } = withInFlight(1);
    sent[0]!.sequence({ ...identity, epoch: ProducerEpoch(0) }, 1);
    queue.failed(sent[0]!, 'out-of-order', 0);
    appendBatch(queue);
    expect(canSend(queue)).toBe(true);
    queue.take();
    expect(canSend(queue)).toBe(false);
  });

  test('lets no more than maxInFlight batches go', () => {
    const { queue } = withInFlight(5);
    appendBatch(queue);
    expect(canSend(queue)).toBe(false);
  });

  test('puts retries back in the order of their sequence, before what was never sent', () => {
    const { queue, sent } = withInFlight(3);
    appendBatch(queue);
    for (const index of [2, 0, 1]) queue.failed(sent[index]!, 'try-again', 0);
    expect(sequencesOf(queue)).toEqual([1, 2, 3, NO_SEQUENCE]);
  });

  test('sends retries one after the other, each when the one before it is acknowledged', () => {
    const { queue, sent } = withInFlight(2);
    for (const batch of sent) queue.failed(batch, 'try-again', 0);
    const first = queue.take();
    expect(first.baseSequence).toBe(1);
    expect(canSend(queue)).toBe(false);
    queue.acknowledged(first);
    expect(canSend(queue)).toBe(true);
    expect(queue.take().baseSequence).toBe(2);
  });

  test('holds a retry back while a batch before it is on its way', () => {
    const { queue, sent } = withInFlight(2);
    queue.failed(sent[1]!, 'try-again', 0);
    expect(canSend(queue)).toBe(false);
    queue.acknowledged(sent[0]!);
    expect(canSend(queue)).toBe(true);
  });

  test('waits until the time of the retry', () => {
    const { queue, sent } = withInFlight(1);
    queue.failed(sent[0]!, 'try-again', 1234);
    expect(queue.sendableAt(true)).toBe(1234);
  });

  test('keeps its epoch when a batch is out of order only because one before it was lost', () => {
    const { queue, sent } = withInFlight(2);
    queue.failed(sent[0]!, 'try-again', 0);
    queue.failed(sent[1]!, 'out-of-order', 0);
    expect(queue.take().identity).toEqual(identity);
  });

  test('starts a new epoch at sequence 0 when the first unanswered batch is out of order, but not before all have landed', () => {
    const { queue, sent } = withInFlight(3);
    queue.failed(sent[0]!, 'out-of-order', 0);
    expect(canSend(queue)).toBe(false);
    queue.failed(sent[1]!, 'out-of-order', 0);
    expect(canSend(queue)).toBe(false);
    queue.failed(sent[2]!, 'out-of-order', 0);
    expect(canSend(queue)).toBe(true);
    const again = queue.take();
    expect([again.baseSequence, again.identity?.epoch]).toEqual([0, 1]);
    expect(producerEpochOf(again.bytes())).toBe(1);
    expect(again).toBe(sent[0]);
  });

  test('asks for another producer id when the epochs are used up', () => {
    const queue = open();
    queue.identify({ ...identity, epoch: ProducerEpoch(0x7fff) });
    appendBatch(queue);
    queue.failed(queue.take(), 'out-of-order', 0);
    expect(canSend(queue)).toBe(false);
    expect([queue.needsIdentity, queue.spentProducerId]).toEqual([true, 7]);
    queue.identify({ producerId: ProducerId(8), epoch: ProducerEpoch(0) });
    const again = queue.take();
    expect([again.identity?.producerId, again.baseSequence]).toEqual([8, 0]);
  });

  test('knows after a refusal for a gap that the batch is not in the log', () => {
    const { queue, sent } = withInFlight(1);
    sent[0]!.mayBeWritten = true;
    queue.failed(sent[0]!, 'out-of-order', 0);
    expect(sent[0]!.mayBeWritten).toBe(false);
  });

  test('goes on behind a batch that was given up', () => {
    const { queue, sent } = withInFlight(1);
    appendBatch(queue);
    queue.failed(sent[0]!, 'given-up', 0);
    expect(canSend(queue)).toBe(true);
    expect(queue.take().baseSequence).toBe(2);
  });

  test('counts sequences within 31 bits', () => {
    const { queue, sent } = withInFlight(2);
    const top = 2 ** 31 - 1;
    sent[0]!.sequence(identity, top);
    sent[1]!.sequence(identity, 0);
    queue.failed(sent[1]!, 'try-again', 0);
    queue.failed(sent[0]!, 'try-again', 0);
    expect(sequencesOf(queue)).toEqual([top, 0]);
    expect(queue.isFirstUnanswered(sent[0]!)).toBe(true);
    expect(queue.isFirstUnanswered(sent[1]!)).toBe(false);
  });

  test('expires only what is old enough', () => {
    const queue = open();
    queue.identify(identity);
    appendBatch(queue, 10);
    appendBatch(queue, 20);
    expect(queue.oldestMs).toBe(10);
    expect(queue.expire(10)).toHaveLength(1);
    expect([queue.oldestMs, queue.waitingCount]).toEqual([20, 1]);
  });

  test('without idempotence retries before what was never sent, unnumbered', () => {
    const queue = open({ isIdempotent: false });
    appendBatch(queue);
    appendBatch(queue);
    const first = queue.take();
    queue.failed(first, 'try-again', 0);
    expect(queue.take()).toBe(first);
    expect(first.baseSequence).toBe(NO_SEQUENCE);
  });
});
