import {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionIndex,
  SeededRandom,
  TopicId,
} from '@kafkaesque/kernel';
import { emptyImage } from '../image/lookups';
import { applyRecords } from '../delta/apply-records';
import type { MetadataImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import type { DecisionContext } from './decision';
import { decideRenewLeadership } from './renew-leadership';

const topicId = TopicId('B'.repeat(22));
const broker = BrokerId(1);
const records: readonly MetadataRecord[] = [
  {
    kind: 'RegisterBrokerRecord',
    value: {
      brokerId: broker,
      isMigratingZkBroker: false,
      incarnationId: 'C'.repeat(22),
      brokerEpoch: BrokerEpoch(0),
      endPoints: [],
      features: [],
      rack: null,
      fenced: false,
      inControlledShutdown: false,
      logDirs: [],
      cordonedLogDirs: null,
    },
  },
  { kind: 'TopicRecord', value: { name: 'orders', topicId } },
  {
    kind: 'PartitionRecord',
    value: {
      partitionId: PartitionIndex(0),
      topicId,
      replicas: [broker],
      isr: [broker],
      removingReplicas: [],
      addingReplicas: [],
      leader: broker,
      leaderRecoveryState: 0,
      leaderEpoch: LeaderEpoch(4),
      partitionEpoch: 2,
      directories: ['D'.repeat(22)],
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  },
];
const image: MetadataImage = applyRecords(emptyImage, records, { offset: 0, epoch: 1 }).after;
const context = { image, random: new SeededRandom(1), nextOffset: 1 } as unknown as DecisionContext;
const ask = (leaderEpoch: number, brokerEpoch = 0) =>
  decideRenewLeadership(
    {
      kind: 'renew-leadership',
      brokerId: broker,
      brokerEpoch: BrokerEpoch(brokerEpoch),
      partitions: [{ topicId, partition: PartitionIndex(0), leaderEpoch: LeaderEpoch(leaderEpoch) }],
    },
    context,
  );

describe('renewing leadership after a failed append', () => {
  test('the same leader leads again, in a new epoch', () => {
    const decision = ask(4);
    if (decision.kind !== 'decided') throw new Error('refused');
    const after = applyRecords(image, decision.records, { offset: 1, epoch: 1 }).after.topicsById.get(
      topicId,
    );
    expect(after?.partitions.get(0)).toMatchObject({ leader: 1, leaderEpoch: 5, isr: [1] });
  });

  test('a partition that has moved on since stays as it is', () => {
    expect(ask(3)).toMatchObject({ kind: 'decided', records: [] });
  });

  test('an earlier incarnation is refused', () => {
    expect(ask(4, 7).kind).toBe('refused');
  });
});
