import { BrokerId, Offset, TimestampMs } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  computeCrc,
  crcOf,
  decodeBatch,
  errorName,
  leaderEpochOf,
  maxTimestampOf,
  timestampTypeOf,
} from '@kafkaesque/protocol';
import type { AppendOutcome } from './append';
import type { Partition } from './partition';
import { SELF, WALL, batchOf, lead, leaderOf, openPartition, produce, settle } from './scenario';

const summary = (outcome: AppendOutcome): string => {
  switch (outcome.kind) {
    case 'rejected':
      return errorName(outcome.error);
    case 'recompress':
      return `recompress ${outcome.codec}`;
    default:
      return `${outcome.kind} ${outcome.baseOffset}-${outcome.lastOffset} ${outcome.awaits} ${outcome.awaitedOffset}`;
  }
};

/** A batch whose header says zstd; nobody gets as far as opening it. */
const zstdHeader = (): Buffer => {
  const records = batchOf(1);
  records.writeUInt16BE(4, 21);
  records.writeUInt32BE(computeCrc(records), 17);
  return records;
};

describe('an accepted batch', () => {
  test('gets the next offsets and the leader’s epoch, and its checksum still holds', () => {
    const partition = leaderOf();
    produce(partition, batchOf(3));
    const records = batchOf(2);
    const outcome = produce(partition, records);
    expect(outcome).toMatchObject({
      kind: 'accepted',
      baseOffset: 3,
      lastOffset: 4,
      logAppendTimeMs: -1,
      logStartOffset: 0,
    });
    expect([baseOffsetOf(records), leaderEpochOf(records)]).toEqual([3, 1]);
    expect(crcOf(records)).toBe(computeCrc(records));
    expect(outcome.kind === 'accepted' && outcome.batches).toEqual([
      { bytes: records, baseOffset: 3, lastOffset: 4, leaderEpoch: 1, maxTimestampMs: WALL },
    ]);
    expect(partition.endOffset).toBe(5);
  });

  test('is not copied: the log gets the very bytes that arrived', () => {
    const records = batchOf(1);
    const outcome = produce(leaderOf(), records);
    expect(outcome.kind === 'accepted' && outcome.batches[0]?.bytes).toBe(records);
  });

  test('of a LogAppendTime topic carries the broker’s time in every record', () => {
    const records = batchOf(2, undefined, { timestampMs: 5 });
    const outcome = produce(leaderOf({ messageTimestampType: 'LogAppendTime' }), records);
    expect(outcome).toMatchObject({ kind: 'accepted', logAppendTimeMs: WALL });
    expect([timestampTypeOf(records), maxTimestampOf(records)]).toEqual(['LogAppendTime', WALL]);
    expect(decodeBatch(records).records.map((record) => record.timestampMs)).toEqual([WALL, WALL]);
  });

  test.each([
    { acks: 0, says: 'accepted 0-0 nothing 1' },
    { acks: 1, says: 'accepted 0-0 durable 1' },
    { acks: -1, says: 'accepted 0-0 high-watermark 1' },
  ])('with acks=$acks is "$says"', ({ acks, says }) => {
    expect(summary(produce(leaderOf(), batchOf(1), { acks }))).toBe(says);
  });
});

describe('a retry', () => {
  const retried = (): { readonly partition: Partition; readonly again: Buffer } => {
    const partition = leaderOf();
    for (let i = 0; i < 5; i++) produce(partition, batchOf(2, [9, 0, i * 2]));
    return { partition, again: batchOf(2, [9, 0, 4]) };
  };

  test('gets the first answer’s offsets and appends nothing', () => {
    const { partition, again } = retried();
    expect(summary(produce(partition, again))).toBe('duplicate 4-5 high-watermark 6');
    expect(partition.endOffset).toBe(10);
    expect(baseOffsetOf(again)).toBe(0);
  });

  test('waits like its original, and for nothing once that has arrived', () => {
    const { partition, again } = retried();
    expect(summary(produce(partition, again, { acks: 1 }))).toBe('duplicate 4-5 durable 6');
    partition.durable(Offset(6), partition.leaderEpoch);
    expect(summary(produce(partition, again))).toBe('duplicate 4-5 nothing 6');
    expect(summary(produce(partition, again, { acks: 1 }))).toBe('duplicate 4-5 nothing 6');
    expect(summary(produce(partition, batchOf(2, [9, 0, 8])))).toBe('duplicate 8-9 high-watermark 10');
  });

  test('is recognized even when the topic wants another codec by now', () => {
    const { partition, again } = retried();
    partition.updateConfig({ ...partition.config, compressionType: 'gzip' });
    expect(summary(produce(partition, again))).toBe('duplicate 4-5 high-watermark 6');
  });

  test('of a LogAppendTime topic gets the first answer’s time', () => {
    const partition = leaderOf({ messageTimestampType: 'LogAppendTime' });
    produce(partition, batchOf(1, [9, 0, 0]));
    const later = TimestampMs(WALL + 1000);
    const again = partition.append(
      batchOf(1, [9, 0, 0]),
      { acks: -1, origin: 'client', apiVersion: 12 },
      0,
      later,
    );
    expect(again).toMatchObject({ kind: 'duplicate', logAppendTimeMs: WALL });
  });
});

describe('refusals, by Kafka’s names', () => {
  const flipped = (): Buffer => {
    const records = batchOf(1);
    records[70] = (records[70] ?? 0) ^ 1;
    return records;
  };
  const produced = (...batches: readonly Buffer[]): Partition => {
    const partition = leaderOf();
    for (const batch of batches) expect(produce(partition, batch).kind).toBe('accepted');
    return partition;
  };
  const inSyncWith = (minInsyncReplicas: number, ...others: readonly number[]): Partition => {
    const partition = openPartition({ minInsyncReplicas });
    lead(partition, 1, [SELF], [SELF, ...others.map(BrokerId)]);
    return partition;
  };
  const follower = (): Partition => {
    const partition = leaderOf();
    partition.becomeFollower({ leaderEpoch: partition.leaderEpoch, leader: BrokerId(2) });
    return partition;
  };
  const offline = (): Partition => {
    const partition = leaderOf();
    partition.goOffline('EIO');
    return partition;
  };

  test.each([
    {
      name: 'acks=2',
      partition: leaderOf,
      records: batchOf(1),
      request: { acks: 2 },
      error: 'INVALID_REQUIRED_ACKS',
    },
    { name: 'a follower', partition: follower, records: batchOf(1), error: 'NOT_LEADER_OR_FOLLOWER' },
    {
      name: 'a replica still recovering',
      partition: openPartition,
      records: batchOf(1),
      error: 'NOT_LEADER_OR_FOLLOWER',
    },
    {
      name: 'a replica without its disk',
      partition: offline,
      records: batchOf(1),
      error: 'KAFKA_STORAGE_ERROR',
    },
    {
      name: 'too few in sync',
      partition: () => inSyncWith(2, 2, 3),
      records: batchOf(1),
      error: 'NOT_ENOUGH_REPLICAS',
    },
    { name: 'no batch', partition: leaderOf, records: Buffer.alloc(0), error: 'INVALID_RECORD' },
    {
      name: 'two batches',
      partition: leaderOf,
      records: Buffer.concat([batchOf(1), batchOf(1)]),
      error: 'INVALID_RECORD',
    },
    { name: 'a flipped bit', partition: leaderOf, records: flipped(), error: 'CORRUPT_MESSAGE' },
    {
      name: 'a batch too large',
      partition: () => leaderOf({ maxMessageBytes: 80 }),
      records: batchOf(3),
      error: 'MESSAGE_TOO_LARGE',
    },
    {
      name: 'no key on a compacted topic',
      partition: () => leaderOf({ compacted: true }),
      records: batchOf(1, undefined, { key: null }),
      error: 'INVALID_RECORD',
    },
    {
      name: 'a time too far ahead',
      partition: leaderOf,
      records: batchOf(1, undefined, { timestampMs: WALL + 3_600_001 }),
      error: 'INVALID_TIMESTAMP',
    },
    {
      name: 'a time too far back',
      partition: () => leaderOf({ messageTimestampBeforeMaxMs: 10 }),
      records: batchOf(1, undefined, { timestampMs: WALL - 11 }),
      error: 'INVALID_TIMESTAMP',
    },
    {
      name: 'zstd below version 7',
      partition: leaderOf,
      records: zstdHeader(),
      request: { apiVersion: 6 },
      error: 'UNSUPPORTED_COMPRESSION_TYPE',
    },
    {
      name: 'a control batch',
      partition: leaderOf,
      records: batchOf(1, undefined, { isControl: true }),
      error: 'INVALID_RECORD',
    },
    {
      name: 'a transaction',
      partition: leaderOf,
      records: batchOf(1, [9, 0, 0], { isTransactional: true }),
      error: 'INVALID_TXN_STATE',
    },
    {
      name: 'a gap in the sequence',
      partition: () => produced(batchOf(2, [9, 0, 0])),
      records: batchOf(1, [9, 0, 3]),
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    },
    {
      name: 'a new epoch that does not begin at 0',
      partition: () => produced(batchOf(2, [9, 0, 0])),
      records: batchOf(1, [9, 1, 2]),
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    },
    {
      name: 'an old producer epoch',
      partition: () => produced(batchOf(1, [9, 5, 0])),
      records: batchOf(1, [9, 4, 1]),
      error: 'INVALID_PRODUCER_EPOCH',
    },
  ])('$name is $error, and nothing changes', ({ partition: open, records, request, error }) => {
    const partition = open();
    const before = [partition.endOffset, partition.producerSnapshot().bytes, Buffer.from(records)];
    expect(summary(produce(partition, records, request))).toBe(error);
    expect([partition.endOffset, partition.producerSnapshot().bytes, records]).toEqual(before);
  });

  test('name the records that were refused', () => {
    const outcome = produce(leaderOf({ compacted: true }), batchOf(2, undefined, { key: null }));
    expect(outcome.kind === 'rejected' && outcome.recordErrors.map((error) => error.batchIndex)).toEqual([
      0, 1,
    ]);
  });

  test('too few in sync refuse acks=all only', () => {
    expect(summary(produce(inSyncWith(2, 2, 3), batchOf(1), { acks: 1 }))).toBe('accepted 0-0 durable 1');
  });

  test('min.insync.replicas above the number of replicas asks for all of them and no more', () => {
    expect(produce(inSyncWith(3), batchOf(1)).kind).toBe('accepted');
  });

  test('an unknown producer may begin anywhere (KIP-360)', () => {
    expect(summary(produce(leaderOf(), batchOf(1, [9, 3, 500])))).toBe('accepted 0-0 high-watermark 1');
  });
});

describe('compression.type', () => {
  test.each([
    { type: 'producer', codec: 'gzip', says: 'accepted 0-0 high-watermark 1' },
    { type: 'gzip', codec: 'gzip', says: 'accepted 0-0 high-watermark 1' },
    { type: 'gzip', codec: 'none', says: 'recompress gzip' },
    { type: 'uncompressed', codec: 'gzip', says: 'recompress none' },
    { type: 'uncompressed', codec: 'none', says: 'accepted 0-0 high-watermark 1' },
  ] as const)('$type makes a $codec batch "$says"', ({ type, codec, says }) => {
    expect(summary(produce(leaderOf({ compressionType: type }), batchOf(1, undefined, { codec })))).toBe(
      says,
    );
  });

  test('asks for no other codec of a batch that cannot be opened', () => {
    const damaged = batchOf(1, undefined, { codec: 'gzip' });
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    damaged.writeUInt32BE(computeCrc(damaged), 17);
    expect(summary(produce(leaderOf({ compressionType: 'lz4' }), damaged))).toBe('INVALID_RECORD');
    expect(summary(produce(leaderOf({ compressionType: 'gzip' }), damaged))).toBe(
      'accepted 0-0 high-watermark 1',
    );
  });

  test('changes nothing before the batch comes back in the right codec', () => {
    const partition = leaderOf({ compressionType: 'gzip' });
    produce(partition, batchOf(1, [9, 0, 0]));
    expect([partition.endOffset, partition.producerCount]).toEqual([0, 0]);
  });
});

describe('a coordinator', () => {
  test('appends several batches at once', () => {
    const partition = leaderOf();
    const outcome = produce(partition, Buffer.concat([batchOf(2), batchOf(1)]), { origin: 'coordinator' });
    expect(
      outcome.kind === 'accepted' && outcome.batches.map((batch) => [batch.baseOffset, batch.lastOffset]),
    ).toEqual([
      [0, 1],
      [2, 2],
    ]);
    expect(summary(outcome)).toBe('accepted 0-2 high-watermark 3');
  });

  test('appends all of them or none', () => {
    const partition = leaderOf();
    const broken = batchOf(1);
    broken[65] = (broken[65] ?? 0) ^ 1;
    expect(summary(produce(partition, Buffer.concat([batchOf(2), broken]), { origin: 'coordinator' }))).toBe(
      'CORRUPT_MESSAGE',
    );
    expect(summary(produce(partition, batchOf(2).subarray(0, 70), { origin: 'coordinator' }))).toBe(
      'CORRUPT_MESSAGE',
    );
    expect(partition.endOffset).toBe(0);
  });
});

test('at most so many producers are remembered', () => {
  const partition = leaderOf({ maxProducerIds: 3 });
  for (let pid = 0; pid < 10; pid++) produce(partition, batchOf(1, [pid, 0, 0]));
  expect([...partition.producers()].map((entry) => entry.producerId)).toEqual([7, 8, 9]);
});

test('a retry that meets the same leader in a later epoch still gets its first answer', () => {
  const partition = leaderOf();
  produce(partition, batchOf(1, [9, 0, 0]));
  settle(partition);
  lead(partition, 2);
  expect(summary(produce(partition, batchOf(1, [9, 0, 0])))).toBe('duplicate 0-0 nothing 1');
});
