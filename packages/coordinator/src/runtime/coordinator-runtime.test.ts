import { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { codecOf, encodeBatch, encodeTransactionMarker, ErrorCode, recordsOf } from '@kafkaesque/protocol';
import { ToyMachine, UNKNOWN_REGISTER, toyCodec } from './testing/toy-machine';
import { ToyPartition, errorOf, valueOf } from './testing/toy-partition';

const loaded = (options: ConstructorParameters<typeof ToyPartition>[0] = {}): ToyPartition =>
  new ToyPartition(options).load();

test('an answer leaves when what it wrote is committed, and not before', () => {
  const partition = loaded();
  const asked = partition.ask({ kind: 'write', register: 'a', value: 1 });
  expect(asked.answer).toBeUndefined();
  partition.endTurn();
  partition.durable();
  expect(asked.answer).toBeUndefined();
  partition.commit();
  expect(asked.answer).toEqual(valueOf(1));
});

test('an answer that wrote nothing waits for everything that it could have seen', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 7 });
  const early = partition.ask({ kind: 'read', register: 'a' });
  partition.endTurn();
  const late = partition.ask({ kind: 'read', register: 'a' });
  expect([early.answer, late.answer]).toEqual([undefined, undefined]);
  partition.commit();
  expect([early.answer, late.answer]).toEqual([valueOf(7), valueOf(7)]);
  expect(partition.ask({ kind: 'read', register: 'a' }).answer).toEqual(valueOf(7));
});

test('the next decision sees what the one before it wrote, and both go into one batch', () => {
  const partition = loaded();
  const answers = [1, 2, 3].map((by) => partition.ask({ kind: 'add', register: 'a', by }));
  expect(partition.turnsRequested).toBe(1);
  partition.endTurn();
  expect(partition.batches).toHaveLength(1);
  partition.commit();
  expect(answers.map(({ answer }) => answer)).toEqual([valueOf(1), valueOf(3), valueOf(6)]);
  expect(partition.toy.positions.map(({ offset }) => offset)).toEqual([0, 1, 2]);
});

test('while an earlier batch is not durable, records are gathered', () => {
  const partition = loaded();
  partition.ask({ kind: 'add', register: 'a', by: 1 });
  partition.endTurn();
  for (let by = 0; by < 5; by += 1) {
    partition.ask({ kind: 'add', register: 'a', by });
    partition.endTurn();
  }
  expect(partition.batches).toHaveLength(1);
  partition.durable();
  expect(partition.batches).toHaveLength(2);
});

test('without linger each turn is a batch, and with it a time is', () => {
  const hasty = loaded({ appendLingerMs: 0 });
  const patient = loaded({ appendLingerMs: 20 });
  for (const partition of [hasty, patient]) {
    for (const value of [1, 2]) {
      partition.ask({ kind: 'write', register: 'a', value });
      partition.endTurn();
    }
  }
  expect([hasty.batches.length, patient.batches.length]).toEqual([2, 0]);
  expect(patient.runtime.nextWakeMs).toBe(1020);
  patient.sleepUntil(1020);
  expect(patient.batches).toHaveLength(1);
});

test('a full batch does not wait', () => {
  const partition = loaded({ maxBatchBytes: 500 });
  const answers = [1, 2, 3, 4, 5].map((value) =>
    partition.ask({ kind: 'write', register: 'a', value, padding: 150 }),
  );
  expect(partition.batches.length).toBeGreaterThan(1);
  partition.settle();
  expect(answers.map(({ answer }) => answer)).toEqual([1, 2, 3, 4, 5].map(valueOf));
});

test('a decision that fits no batch is refused, and only who asked for it', () => {
  const partition = loaded({ maxBatchBytes: 500 });
  const before = partition.ask({ kind: 'write', register: 'a', value: 1 });
  const large = partition.ask({ kind: 'write', register: 'b', value: 2, padding: 600 });
  const after = partition.ask({ kind: 'write', register: 'c', value: 3 });
  expect(large.answer).toEqual(errorOf(ErrorCode.UNKNOWN_SERVER_ERROR));
  partition.settle();
  expect([before.answer, after.answer]).toEqual([valueOf(1), valueOf(3)]);
  expect([...partition.toy.registers.keys()]).toEqual(['a', 'c']);
});

test.each([
  ['divisible: in several batches', true, valueOf(null), 0],
  ['otherwise: not at all', false, errorOf(ErrorCode.UNKNOWN_SERVER_ERROR), 40],
])('a large decision goes through when it is %s', (_name, isDivisible, expected, left) => {
  const partition = loaded({ maxBatchBytes: 800 });
  for (let index = 0; index < 40; index += 1)
    partition.ask({ kind: 'write', register: `register-${index}`, value: index });
  partition.settle();
  const asked = partition.ask({ kind: 'forget-all', isDivisible });
  partition.settle();
  expect(asked.answer).toEqual(expected);
  expect(partition.toy.registers.size).toBe(left);
});

test.each([
  ['too few replicas are in sync', ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
  ['its log takes nothing', ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR],
])('a write is refused and changes nothing when %s', (_name, refusedWith, told) => {
  const partition = loaded();
  partition.refusedWith = refusedWith;
  expect(partition.ask({ kind: 'write', register: 'a', value: 1 }).answer).toEqual(errorOf(told));
  expect(partition.ask({ kind: 'read', register: 'a' }).answer).toEqual(valueOf(null));
  expect(partition.runtime.openRequests).toBe(0);
});

test('others who wait for what is refused are told, where the decision says so', () => {
  const partition = loaded();
  const others = ['a', 'b'].map((register) => partition.ask({ kind: 'await', register }));
  partition.refusedWith = ErrorCode.NOT_ENOUGH_REPLICAS;
  const asked = partition.ask({ kind: 'announced-write', register: 'a', value: 1 });
  const told = errorOf(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  expect([asked, ...others].map(({ answer }) => answer)).toEqual([told, told, undefined]);
  expect(partition.runtime.openRequests).toBe(1);
});

test('when a batch is refused after all the machine goes, and everybody who waits looks elsewhere', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.settle();
  const committed = partition.ask({ kind: 'await', register: 'a' });
  const written = partition.ask({ kind: 'write', register: 'b', value: 2 });
  partition.appendFailsWith = ErrorCode.NOT_ENOUGH_REPLICAS;
  partition.endTurn();
  expect(partition.discards).toHaveLength(1);
  expect([committed.answer, written.answer]).toEqual(Array(2).fill(errorOf(ErrorCode.NOT_COORDINATOR)));
  partition.appendFailsWith = 0;
  partition.load();
  expect([...partition.toy.registers]).toEqual([['a', 1]]);
});

test('an answer whose commit takes too long becomes an error, and comes no second time', () => {
  const partition = loaded({ commitTimeoutMs: 50 });
  const asked = partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.endTurn();
  expect(partition.runtime.nextWakeMs).toBe(1050);
  partition.sleepUntil(1050);
  expect(asked.answer).toEqual(errorOf(ErrorCode.COORDINATOR_NOT_AVAILABLE));
  expect(partition.logged).toEqual(['warn: a coordinator could not commit in time what it had answered']);
  partition.commit();
  expect(partition.runtime.openRequests).toBe(0);
});

test('a later decision answers those who wait, all of them behind its commit', () => {
  const partition = loaded();
  const waiting = partition.ask({ kind: 'await', register: 'a' });
  partition.ask({ kind: 'write', register: 'a', value: 5 });
  partition.endTurn();
  expect(waiting.answer).toBeUndefined();
  partition.commit();
  expect(waiting.answer).toEqual(valueOf(5));
});

test('who asks before it leads, or while it loads, is told so', () => {
  const partition = new ToyPartition();
  expect(partition.ask({ kind: 'read', register: 'a' }).answer).toEqual(errorOf(ErrorCode.NOT_COORDINATOR));
  partition.runtime.startLoading(partition.now);
  expect(partition.ask({ kind: 'read', register: 'a' }).answer).toEqual(
    errorOf(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
  );
});

test('when leadership is lost everybody who waits is told at once, and nothing is remembered', () => {
  const partition = loaded();
  const waiting = partition.ask({ kind: 'await', register: 'z' });
  const written = partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.runtime.drop();
  expect([waiting.answer, written.answer]).toEqual(Array(2).fill(errorOf(ErrorCode.NOT_COORDINATOR)));
  partition.endTurn();
  expect(partition.batches).toHaveLength(0);
  expect(partition.toy.registers.size).toBe(0);
  expect(partition.runtime.nextWakeMs).toBe(Infinity);
});

test('timers fire when they are due, unless they were cancelled', () => {
  const partition = loaded();
  for (const register of ['a', 'b']) {
    partition.ask({ kind: 'write', register, value: 1 });
    partition.ask({ kind: 'forget-at', register, atMs: 2000 });
  }
  partition.settle();
  partition.ask({ kind: 'write', register: 'b', value: 2 });
  partition.settle();
  partition.sleepUntil(1999);
  expect([...partition.toy.registers.keys()]).toEqual(['a', 'b']);
  partition.sleepUntil(2001);
  expect([...partition.toy.registers.keys()]).toEqual(['b']);
});

test('a timer whose decision is refused is set anew, a little later', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.ask({ kind: 'forget-at', register: 'a', atMs: 2000 });
  partition.settle();
  partition.refusedWith = ErrorCode.NOT_ENOUGH_REPLICAS;
  partition.sleepUntil(2000);
  expect(partition.toy.registers.size).toBe(1);
  partition.refusedWith = 0;
  partition.sleepUntil(2400);
  expect(partition.toy.registers.size).toBe(1);
  partition.sleepUntil(2501);
  expect(partition.toy.registers.size).toBe(0);
});

test('no timer of an earlier life fires in a later one', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.ask({ kind: 'forget-at', register: 'a', atMs: 2000 });
  partition.settle();
  partition.load();
  partition.sleepUntil(3000);
  expect([...partition.toy.registers]).toEqual([['a', 1]]);
});

test('what was begun for an earlier life has no effect on a later one', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.settle();
  const bytes = partition.batches[0]?.bytes ?? Buffer.alloc(0);
  const earlier = partition.runtime.startLoading(partition.now);
  partition.runtime.startLoading(partition.now);
  expect(partition.runtime.replay(earlier, bytes, 0)).toBe(false);
  partition.runtime.loaded(earlier, partition.now);
  expect(partition.runtime.phase).toBe('loading');
  expect(partition.toy.registers.size).toBe(0);
});

test('what has to be mended after loading is written before anybody is served', () => {
  const partition = new ToyPartition({ machine: () => new ToyMachine([{ register: 'mended', value: 1 }]) });
  partition.refusedWith = ErrorCode.NOT_ENOUGH_REPLICAS;
  partition.load();
  expect(partition.ask({ kind: 'read', register: 'mended' }).answer).toEqual(
    errorOf(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
  );
  partition.refusedWith = 0;
  partition.sleepUntil(partition.runtime.nextWakeMs);
  const asked = partition.ask({ kind: 'read', register: 'mended' });
  partition.settle();
  expect(asked.answer).toEqual(valueOf(1));
});

test('while something has to be mended, what was written goes on its way, and metadata that change are looked at afterwards', () => {
  const mends = ['a', 'b'].map((register) => ({ register, value: 1 }));
  const partition = new ToyPartition({ machine: () => new ToyMachine(mends), appendLingerMs: 20 });
  partition.refusesAfter = 1;
  partition.load();
  expect(partition.runtime.phase).toBe('loading');
  partition.runtime.metadataChanged(partition.now);
  partition.sleepUntil(1020);
  expect([partition.batches.length, partition.runtime.nextWakeMs]).toEqual([1, 1500]);
  partition.refusedWith = 0;
  partition.sleepUntil(1500);
  expect(partition.runtime.phase).toBe('active');
  partition.sleepUntil(partition.runtime.nextWakeMs);
  expect(Object.fromEntries(partition.toy.registers)).toEqual({ a: 1, b: 1, metadata: 1 });
});

test('changed metadata are looked at again when what follows from them is refused', () => {
  const partition = loaded();
  partition.refusedWith = ErrorCode.NOT_ENOUGH_REPLICAS;
  partition.runtime.metadataChanged(partition.now);
  partition.refusedWith = 0;
  partition.sleepUntil(1500);
  expect(partition.toy.registers.get('metadata')).toBe(1);
});

test('rules that fail while deciding concern only who asked', () => {
  const partition = loaded();
  expect(partition.ask({ kind: 'fail' }).answer).toEqual(errorOf(ErrorCode.UNKNOWN_SERVER_ERROR));
  expect(partition.runtime.phase).toBe('active');
});

test('rules that fail to replay their own record cost the machine its life', () => {
  class Fragile extends ToyMachine {
    override replay(): void {
      throw new Error('this record cannot be');
    }
  }
  const partition = loaded({ machine: () => new Fragile() });
  const asked = partition.ask({ kind: 'write', register: 'a', value: 1 });
  expect(asked.answer).toEqual(errorOf(ErrorCode.NOT_COORDINATOR));
  expect(partition.discards).toHaveLength(1);
});

test('a record that cannot be encoded is refused', () => {
  const codec = {
    ...toyCodec,
    encode: (): never => {
      throw new Error('too strange');
    },
  };
  const partition = loaded({ recordCodec: codec });
  expect(partition.ask({ kind: 'write', register: 'a', value: 1 }).answer).toEqual(
    errorOf(ErrorCode.UNKNOWN_SERVER_ERROR),
  );
  expect(partition.batches).toHaveLength(0);
});

test('loading passes over what it cannot read, keys of others and records without a key, and hears of transactions that end', () => {
  const partition = new ToyPartition();
  const records = [
    { key: Buffer.from(UNKNOWN_REGISTER), value: Buffer.from('1') },
    { key: null, value: Buffer.from('2') },
    { key: Buffer.from('a'), value: Buffer.from('3') },
  ];
  partition.append(encodeBatch({ records, timestampMs: 5 }));
  partition.append(
    encodeTransactionMarker({
      type: 'commit',
      producerId: ProducerId(1),
      producerEpoch: ProducerEpoch(0),
      coordinatorEpoch: 0,
      timestampMs: 5,
    }),
  );
  partition.append(encodeBatch({ records: [{ key: Buffer.from('b'), value: null }], codec: 'gzip' }));
  partition.load();
  expect([...partition.toy.registers]).toEqual([['a', 3]]);
  expect(partition.toy.positions).toMatchObject([
    { offset: 2, timestampMs: 5, producerId: -1 },
    { offset: 4 },
  ]);
  expect(partition.logged).toHaveLength(1);
  expect(partition.toy.ends).toEqual([{ isCommitted: true, producerId: 1 }]);
});

test('of very many records that cannot be read a few are told, and how many there were', () => {
  const partition = new ToyPartition();
  const records = Array.from({ length: 500 }, () => ({ key: null, value: Buffer.from('2') }));
  for (let batch = 0; batch < 2; batch += 1) partition.append(encodeBatch({ records, timestampMs: 5 }));
  partition.load();
  expect(partition.logged).toHaveLength(11);
  expect(partition.runtime.phase).toBe('active');
});

test('batches hold the records that were replayed, with their time', () => {
  const partition = loaded();
  partition.ask({ kind: 'write', register: 'a', value: 12 });
  partition.endTurn();
  const records = [...recordsOf(partition.batches[0]?.bytes ?? Buffer.alloc(0))];
  expect(records.map(({ key, value, timestampMs }) => [String(key), String(value), timestampMs])).toEqual([
    ['a', '12', 1_700_000_001_000],
  ]);
});

test('batches are compressed as the topic’s owner wants', () => {
  const partition = loaded({ codec: 'gzip' });
  partition.ask({ kind: 'write', register: 'a', value: 12 });
  partition.endTurn();
  expect(codecOf(partition.batches[0]?.bytes ?? Buffer.alloc(0))).toBe('gzip');
  partition.load();
  expect([...partition.toy.registers]).toEqual([['a', 12]]);
});

test('when somebody else writes into the partition meanwhile, answers wait for the batch all the same', () => {
  const partition = loaded();
  const asked = partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.endOffset += 10;
  partition.endTurn();
  partition.commit(10);
  expect(asked.answer).toBeUndefined();
  partition.commit(11);
  expect(asked.answer).toEqual(valueOf(1));
});

test('an answer that tells only what is committed waits for nothing that came later, and knows all that was acknowledged', () => {
  const partition = loaded();
  const told = (): number | null | undefined => {
    const { answer } = partition.ask({ kind: 'read-committed', register: 'a' });
    return answer?.kind === 'value' ? answer.value : undefined;
  };
  const seen: unknown[] = [told()];
  for (const value of [1, 2]) {
    const { answer } = partition.ask({ kind: 'write', register: 'a', value });
    partition.endTurn();
    partition.durable();
    seen.push([answer, told()]);
  }
  partition.commit(1);
  seen.push(told());
  partition.commit();
  seen.push(told());
  expect(seen).toEqual([null, [undefined, null], [undefined, null], 1, 2]);
});

test('behind an earlier leader nobody is told less than that one may have told', () => {
  const partition = loaded();
  for (const value of [1, 2]) {
    partition.ask({ kind: 'write', register: 'a', value });
    partition.settle();
  }
  // Another broker hears late how far the high watermark came.
  partition.highWatermark = 1;
  partition.inheritedEndOffset = 2;
  partition.load();
  const asked = partition.ask({ kind: 'read-committed', register: 'a' });
  expect(asked.answer).toBeUndefined();
  partition.commit();
  partition.ask({ kind: 'write', register: 'a', value: 3 });
  expect([asked.answer, partition.ask({ kind: 'read-committed', register: 'a' }).answer]).toEqual(
    [1, 2].map(() => valueOf(2)),
  );
});

test('what somebody else wrote in between makes no record committed before its time', () => {
  const partition = loaded();
  const told = (): unknown => partition.ask({ kind: 'read-committed', register: 'a' }).answer;
  partition.ask({ kind: 'write', register: 'a', value: 1 });
  partition.endOffset += 10;
  partition.commit(5);
  const seen = [told()];
  partition.endTurn();
  partition.commit(10);
  seen.push(told());
  partition.commit(11);
  seen.push(told());
  expect(seen).toEqual([valueOf(null), valueOf(null), valueOf(1)]);
});
