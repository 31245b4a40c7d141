import { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { GroupRecord } from './group-record';
import { decodeGroupRecord, encodeGroupRecord, groupRecords } from './group-record';

/** For Java: what runs for a second gains nothing by its best compiler, and threads for its garbage. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Tags: one, number 0, of 16 bytes. */
const TOPIC_ID_TAG = '01' + '00' + '10' + '000102030405060708090a0b0c0d0e0f';
const TOPIC_ID = TopicId('AAECAwQFBgcICQoLDA0ODw');

/** One record of every kind, with everything set that can be. */
const examples: readonly GroupRecord[] = [
  {
    kind: 'OffsetCommit',
    key: { group: 'g', topic: 't', partition: 7 },
    value: {
      offset: Offset(2 ** 40),
      leaderEpoch: LeaderEpoch(3),
      metadata: 'note',
      commitTimestamp: 1_700_000_000_000,
      expireTimestamp: -1,
      topicId: TOPIC_ID,
    },
  },
  {
    kind: 'GroupMetadata',
    key: { group: 'g' },
    value: {
      protocolType: 'consumer',
      generation: 2,
      protocol: 'range',
      leader: 'm',
      currentStateTimestamp: 5,
      members: [
        {
          memberId: 'm',
          groupInstanceId: 'i',
          clientId: 'c',
          clientHost: '/127.0.0.1',
          rebalanceTimeout: 60_000,
          sessionTimeout: 45_000,
          subscription: Buffer.from('00', 'hex'),
          assignment: Buffer.from('0102', 'hex'),
        },
      ],
    },
  },
  {
    kind: 'ConsumerGroupMetadata',
    key: { groupId: 'g' },
    value: { epoch: 9, metadataHash: 12_345 },
  },
  {
    kind: 'ConsumerGroupPartitionMetadata',
    key: { groupId: 'g' },
    value: {
      topics: [
        {
          topicId: TOPIC_ID,
          topicName: 't',
          numPartitions: 1,
          partitionMetadata: [{ partition: 0, racks: ['r'] }],
        },
      ],
    },
  },
  {
    kind: 'ConsumerGroupMemberMetadata',
    key: { groupId: 'g', memberId: 'm' },
    value: {
      instanceId: 'i',
      rackId: 'r',
      clientId: 'c',
      clientHost: '/127.0.0.1',
      subscribedTopicNames: ['t'],
      subscribedTopicRegex: 't.*',
      rebalanceTimeoutMs: 5,
      serverAssignor: 'uniform',
      classicMemberMetadata: {
        sessionTimeoutMs: 10,
        supportedProtocols: [{ name: 'range', metadata: Buffer.from('07', 'hex') }],
      },
    },
  },
  {
    kind: 'ConsumerGroupTargetAssignmentMetadata',
    key: { groupId: 'g' },
    value: { assignmentEpoch: 9, assignmentTimestamp: 4 },
  },
  {
    kind: 'ConsumerGroupTargetAssignmentMember',
    key: { groupId: 'g', memberId: 'm' },
    value: { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0, 2] }] },
  },
  {
    kind: 'ConsumerGroupCurrentMemberAssignment',
    key: { groupId: 'g', memberId: 'm' },
    value: {
      memberEpoch: 9,
      previousMemberEpoch: 8,
      state: 1,
      assignedPartitions: [{ topicId: TOPIC_ID, partitions: [0], assignmentEpochs: [9] }],
      partitionsPendingRevocation: [{ topicId: TOPIC_ID, partitions: [2], assignmentEpochs: null }],
    },
  },
  {
    kind: 'ConsumerGroupRegularExpression',
    key: { groupId: 'g', regularExpression: 't.*' },
    value: { topics: ['t'], version: 3, timestamp: 4 },
  },
];

/** Ours and Kafka's tombstone of each. */
const tombstones = examples.map((record) => ({ ...record, value: null }));
const all = [...examples, ...tombstones];

test('there is an example of every kind', () => {
  expect(examples.map(({ kind }) => kind)).toEqual(Object.keys(groupRecords));
});

test.each(
  all.map((record) => [`${record.kind}${record.value === null ? ' tombstone' : ''}`, record] as const),
)('%s reads as it was written', (_name, record) => {
  const { key, value } = encodeGroupRecord(record);
  expect(decodeGroupRecord(key, value)).toEqual(record);
});

test('the bytes of an offset commit are those of Kafka', () => {
  const [commit] = examples;
  const { key, value } = encodeGroupRecord(commit as GroupRecord);
  expect(key.toString('hex')).toBe('0001' + '000167' + '000174' + '00000007');
  expect(value?.toString('hex')).toBe(
    '0004' + '0000010000000000' + '00000003' + '056e6f7465' + '0000018bcfe56800' + TOPIC_ID_TAG,
  );
});

test('a member without the classic protocol has no tag for it', () => {
  const found = examples.find(({ kind }) => kind === 'ConsumerGroupMemberMetadata') as GroupRecord;
  const plain = { ...found, value: { ...found.value, classicMemberMetadata: null } } as GroupRecord;
  const { value } = encodeGroupRecord(plain);
  expect(value?.at(-1)).toBe(0);
  expect(value?.length).toBeLessThan(encodeGroupRecord(found).value?.length ?? 0);
});

test('type 0 is an offset commit of old', () => {
  const { key, value } = encodeGroupRecord(examples[0] as GroupRecord);
  key.writeInt16BE(0, 0);
  expect(decodeGroupRecord(key, value)).toEqual(examples[0]);
});

test('what only others know is passed over: types of keys, versions of values, keys that are none', () => {
  const { key, value } = encodeGroupRecord(examples[0] as GroupRecord);
  const ofOthers = Buffer.from(key);
  ofOthers.writeInt16BE(17, 0);
  const newer = Buffer.from(value ?? '');
  newer.writeInt16BE(99, 0);
  expect(decodeGroupRecord(ofOthers, value)).toBeUndefined();
  expect(decodeGroupRecord(key, newer)).toBeUndefined();
  expect(decodeGroupRecord(key, Buffer.alloc(1))).toBeUndefined();
  expect(decodeGroupRecord(Buffer.alloc(1), value)).toBeUndefined();
});

test('malformed bytes are refused, whatever their length', () => {
  const { key, value } = encodeGroupRecord(examples[1] as GroupRecord);
  for (let length = 2; length < (value?.length ?? 0); length += 1)
    expect(() => decodeGroupRecord(key, value?.subarray(0, length) ?? null)).toThrow();
});

describe('Kafka itself', () => {
  const jars = join(process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'), 'kafka-4.3.0');
  const java = existsSync(join(jars, '.complete'))
    ? spawnSync('java', ['-version'], { stdio: 'ignore' })
    : undefined;

  if (java?.status !== 0) {
    test('its jars or Java are not present: nothing was given to it', () => {
      process.stdout.write('Kafka’s group records: skipped, because its jars or Java are not here\n');
    });
    return;
  }

  test('its coordinator reads every record that we write, and writes the same bytes', () => {
    const lines = all.map((record) => {
      const { key, value } = encodeGroupRecord(record);
      return `${key.toString('hex')} ${value?.toString('hex') ?? '-'}`;
    });
    const program = join(__dirname, 'group-records.java');
    const run = spawnSync('java', [...SHORT_LIVED, '-cp', join(jars, '*'), program], {
      input: lines.join('\n'),
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect({ report: run.stdout.trim().split('\n'), stderr: run.stderr.slice(0, 500) }).toMatchObject({
      report: [`${lines.length} same`],
    });
  }, 120_000);
});
