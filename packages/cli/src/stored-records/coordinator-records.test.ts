import {
  TransactionLogKey,
  TransactionLogValue,
  encodeGroupRecord,
  OffsetCommitValue,
} from '@kafkaesque/protocol';
import type { GroupRecord } from '@kafkaesque/protocol';
import { groupRecordReader, transactionRecordReader } from './coordinator-records';
import type { CoordinatorRecordJson } from './coordinator-records';

const read = groupRecordReader({ opensMembers: false });
const open = groupRecordReader({ opensMembers: true });

const known = (record: ReturnType<typeof read>): CoordinatorRecordJson => {
  if ('unknownType' in record) throw new Error(`type ${record.unknownType} is not known`);
  return record;
};

const shown = (record: GroupRecord): CoordinatorRecordJson => {
  const { key, value } = encodeGroupRecord(record);
  return known(read(key, value));
};

/** Recorded from Apache Kafka 4.3: the member of a group of the new protocol, whose classic part is a tagged null. */
const MEMBER = '0000000011636f6e736f6c652d636f6e73756d65720b2f3132372e302e302e310203743101000493e00001000100';
const versioned = (version: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0, version]), bytes]);

describe('records of __consumer_offsets as JSON', () => {
  test('have the fields in Kafka’s order, and those of their version only', () => {
    const key = { group: 'g', topic: 't', partition: 3 };
    const value = { offset: 7, leaderEpoch: 2, metadata: 'a "b"', commitTimestamp: 5 };
    const stored = encodeGroupRecord({ kind: 'OffsetCommit', key, value } as GroupRecord);
    const old = versioned(
      1,
      OffsetCommitValue.encode({ ...value, leaderEpoch: -1, expireTimestamp: 9 } as never, 1),
    );
    expect(known(read(stored.key, old))).toEqual({
      type: 1,
      key: '{"group":"g","topic":"t","partition":3}',
      value: {
        version: 1,
        data: '{"offset":7,"metadata":"a \\"b\\"","commitTimestamp":5,"expireTimestamp":9}',
      },
    });
    const three = versioned(3, OffsetCommitValue.encode(value as never, 3));
    expect(known(read(stored.key, three)).value?.data).toBe(
      '{"offset":7,"leaderEpoch":2,"metadata":"a \\"b\\"","commitTimestamp":5}',
    );
    expect(known(read(stored.key, null)).value).toBeNull();
  });

  test('leave out tagged fields at their default, and show a tagged null that was written', () => {
    const epoch = (metadataHash: number) =>
      shown({ kind: 'ConsumerGroupMetadata', key: { groupId: 'g' }, value: { epoch: 3, metadataHash } });
    expect(epoch(0).value?.data).toBe('{"epoch":3}');
    expect(epoch(12).value?.data).toBe('{"epoch":3,"metadataHash":12}');
    const { key } = encodeGroupRecord({
      ...{ kind: 'ConsumerGroupMemberMetadata', key: { groupId: 'g', memberId: 'm' } },
      value: null,
    });
    expect(known(read(key, Buffer.from(MEMBER, 'hex'))).value?.data).toBe(
      '{"instanceId":null,"rackId":null,"clientId":"console-consumer","clientHost":"/127.0.0.1","subscribedTopicNames":["t1"],' +
        '"subscribedTopicRegex":"","rebalanceTimeoutMs":300000,"serverAssignor":null,"classicMemberMetadata":null}',
    );
  });

  test('keep every digit of an int64', () => {
    const { key } = encodeGroupRecord({ kind: 'ConsumerGroupMetadata', key: { groupId: 'g' }, value: null });
    const hash = Buffer.alloc(8);
    hash.writeBigInt64BE(7796918233198890834n);
    const value = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 2, 1, 0, 8]), hash]);
    expect(known(read(key, value)).value?.data).toBe('{"epoch":2,"metadataHash":7796918233198890834}');
  });

  test('show what consumers told each other when asked to, and bytes of others', () => {
    const record = (protocolType: string): GroupRecord => ({
      kind: 'GroupMetadata',
      key: { group: 'g' },
      value: {
        ...{ protocolType, generation: 1, protocol: 'range', leader: 'm', currentStateTimestamp: 5 },
        members: [
          {
            ...{ memberId: 'm', groupInstanceId: null, clientId: 'c', clientHost: '/h', rebalanceTimeout: 1 },
            ...{ sessionTimeout: 2, subscription: Buffer.from('AAMAAAABAAJ0Mf////8AAAAA////////', 'base64') },
            assignment: Buffer.from('AAMAAAABAAJ0MQAAAAMAAAAAAAAAAQAAAAL/////', 'base64'),
          },
        ],
      },
    });
    const { key, value } = encodeGroupRecord(record('consumer'));
    expect(known(read(key, value)).value?.data).toContain(
      '"subscription":"AAMAAAABAAJ0Mf////8AAAAA////////"',
    );
    expect(known(open(key, value)).value?.data).toContain(
      '"subscription":{"topics":["t1"],"userData":null,"ownedPartitions":[],"generationId":-1,"rackId":null},' +
        '"assignment":{"assignedPartitions":[{"topic":"t1","partitions":[0,1,2]}],"userData":null}',
    );
    const other = encodeGroupRecord(record('connect'));
    expect(known(open(other.key, other.value)).value?.data).toContain('"subscription":"AAMA');
  });

  test('of types and versions that nobody knows are told apart, and torn ones fail', () => {
    expect(read(Buffer.from([0, 99, 1]), null)).toEqual({ unknownType: 99 });
    expect(read(Buffer.alloc(0), null)).toEqual({ unknownType: -1 });
    const { key } = encodeGroupRecord({ kind: 'ConsumerGroupMetadata', key: { groupId: 'g' }, value: null });
    expect(() => read(key, Buffer.from([0, 9, 0]))).toThrow(
      "Can't read version 9 of ConsumerGroupMetadataValue",
    );
    for (let size = 3; size < MEMBER.length / 2; size += 1) {
      const member = encodeGroupRecord({
        ...{ kind: 'ConsumerGroupMemberMetadata', key: { groupId: 'g', memberId: 'm' } },
        value: null,
      });
      expect(() => read(member.key, Buffer.from(MEMBER, 'hex').subarray(0, size))).toThrow('the record ends');
    }
  });
});

test('records of __transaction_state name their state', () => {
  const key = versioned(0, TransactionLogKey.encode({ transactionalId: 'x' }, 0));
  const value = versioned(
    1,
    TransactionLogValue.encode(
      {
        ...{ producerId: 5, producerEpoch: 1, transactionTimeoutMs: 60, transactionStatus: 1 },
        transactionPartitions: [{ topic: 't', partitionIds: [0, 2] }],
        ...{
          transactionLastUpdateTimestampMs: 8,
          transactionStartTimestampMs: 7,
          clientTransactionVersion: 2,
        },
      } as never,
      1,
    ),
  );
  expect(transactionRecordReader()(key, value)).toEqual({
    type: 0,
    key: '{"transactionalId":"x"}',
    value: {
      version: 1,
      data:
        '{"producerId":5,"producerEpoch":1,"transactionTimeoutMs":60,"transactionStatus":"Ongoing",' +
        '"transactionPartitions":[{"topic":"t","partitionIds":[0,2]}],"transactionLastUpdateTimestampMs":8,' +
        '"transactionStartTimestampMs":7,"clientTransactionVersion":2}',
    },
  });
});
