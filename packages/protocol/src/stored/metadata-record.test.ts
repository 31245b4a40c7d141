import { BrokerId, LeaderEpoch, PartitionIndex, TopicId, hasCode } from '@kafkaesque/kernel';
import { decodeMetadataRecord, encodeMetadataRecord, metadataRecords } from '../index';

const topicId = TopicId('dGhpcyBpcyBhIHRvcGljIA');
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    for (const code of ['INVALID_REQUEST', 'UNSUPPORTED_VERSION'] as const)
      if (hasCode(error, code)) return code;
    throw error;
  }
  return 'nothing';
};

test('a record is framed as Kafka frames it: frame version, key, version, body', () => {
  const bytes = encodeMetadataRecord({ kind: 'TopicRecord', value: { name: 'abc', topicId } });
  expect(bytes.toString('hex')).toBe(`01020004616263${Buffer.from('this is a topic ').toString('hex')}00`);
  expect(decodeMetadataRecord(bytes)).toEqual({ kind: 'TopicRecord', value: { name: 'abc', topicId } });
});

test('a record is written in its latest version unless another is asked for', () => {
  const value = {
    partitionId: PartitionIndex(3),
    topicId,
    replicas: [BrokerId(1)],
    isr: [BrokerId(1)],
    removingReplicas: [],
    addingReplicas: [],
    leader: BrokerId(1),
    leaderEpoch: LeaderEpoch(0),
    partitionEpoch: 0,
  };
  expect(encodeMetadataRecord({ kind: 'PartitionRecord', value })[2]).toBe(2);
  const old = encodeMetadataRecord({ kind: 'PartitionRecord', value }, 0);
  expect(old[2]).toBe(0);
  expect(decodeMetadataRecord(old)).toMatchObject({
    kind: 'PartitionRecord',
    value: { ...value, directories: [] },
  });
});

test('what cannot be understood is refused, not skipped', () => {
  const good = encodeMetadataRecord({ kind: 'NoOpRecord', value: {} });
  expect(good.toString('hex')).toBe('01140000');
  expect(codeOf(() => decodeMetadataRecord(good))).toBe('nothing');
  expect(codeOf(() => decodeMetadataRecord(Buffer.from('00140000', 'hex')))).toBe('INVALID_REQUEST');
  expect(codeOf(() => decodeMetadataRecord(Buffer.from('017f0000', 'hex')))).toBe('INVALID_REQUEST');
  expect(codeOf(() => decodeMetadataRecord(Buffer.from('01140100', 'hex')))).toBe('UNSUPPORTED_VERSION');
  expect(codeOf(() => decodeMetadataRecord(Buffer.from('0114000000', 'hex')))).toBe('INVALID_REQUEST');
  for (let length = 0; length < good.length; length++) {
    expect(codeOf(() => decodeMetadataRecord(good.subarray(0, length)))).toBe('INVALID_REQUEST');
  }
});

test('each kind has a key of its own', () => {
  const keys = Object.values(metadataRecords).map((one) => one.key);
  expect(new Set(keys).size).toBe(keys.length);
});
