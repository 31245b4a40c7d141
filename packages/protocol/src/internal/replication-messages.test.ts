import { BrokerEpoch, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { decodeMemberMessage, encodeMemberMessage, memberMessages } from './member-frame';
import type { MemberMessageDraft } from './member-frame';

const topicId = TopicId('AAAAAAAAAAAAAAAAAAAABw');

const drafts: readonly MemberMessageDraft[] = [
  { kind: 'ReplicationOpen', value: { brokerEpoch: BrokerEpoch(7), creditBytes: 8 << 20 } },
  {
    kind: 'ReplicaSubscribe',
    value: {
      partitions: [
        {
          ...{ handle: 1, topicId, partition: PartitionIndex(3), leaderEpoch: LeaderEpoch(5) },
          ...{ fetchOffset: Offset(2 ** 40), lastFetchedEpoch: LeaderEpoch(-1), logStartOffset: Offset(0) },
          creditBytes: 1 << 20,
        },
      ],
    },
  },
  { kind: 'ReplicaUnsubscribe', value: { handles: [1, 2] } },
  {
    kind: 'ReplicaAck',
    value: {
      creditBytes: 10,
      acks: [{ handle: 1, durableEnd: Offset(9), logStartOffset: Offset(1), takenBytes: 10 }],
    },
  },
  {
    kind: 'ReplicaWatermarks',
    value: {
      partitions: [
        { handle: 1, highWatermark: Offset(4), logStartOffset: Offset(2), fullyReplicatedOffset: Offset(3) },
      ],
    },
  },
  { kind: 'ReplicaDiverging', value: { handle: 1, epoch: LeaderEpoch(4), endOffset: Offset(8) } },
  { kind: 'ReplicaReset', value: { handle: 1, errorCode: 1, logStartOffset: Offset(8) } },
];

describe('messages of replication', () => {
  test.each(drafts)('$kind comes back as it was', (draft) => {
    expect(decodeMemberMessage(encodeMemberMessage(draft))).toEqual(draft);
  });

  test('records that lie in several pieces arrive in one, those of each partition by themselves', () => {
    const places = {
      leaderEpoch: LeaderEpoch(1),
      highWatermark: Offset(4),
      logStartOffset: Offset(0),
      fullyReplicatedOffset: Offset(3),
    };
    const pieces = [
      [Buffer.from('one'), Buffer.alloc(5000, 2), Buffer.alloc(2000, 3), Buffer.from('two')],
      [Buffer.alloc(100_000, 4)],
      [Buffer.from('three')],
    ];
    const partitions = pieces.map((records, handle) => ({ handle, ...places, records }));
    const frame = encodeMemberMessage({ kind: 'ReplicaBatches', value: { partitions } });
    expect(decodeMemberMessage(frame)).toEqual({
      kind: 'ReplicaBatches',
      value: {
        partitions: pieces.map((records, handle) => ({ handle, ...places, records: Buffer.concat(records) })),
      },
    });
  });

  test('their keys are 48 to 55', () => {
    const keys = Object.entries(memberMessages).flatMap(([kind, { key }]) =>
      kind.startsWith('Replica') || kind === 'ReplicationOpen' ? [key] : [],
    );
    expect(keys).toEqual([48, 49, 50, 51, 52, 53, 54, 55]);
  });
});
