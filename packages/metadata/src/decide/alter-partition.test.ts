import { BrokerEpoch, BrokerId, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import type { AlterPartitionCommand, AlteredPartition } from './commands';

const three = (...replicas: readonly number[]): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
  cluster.assign('a', [replicas.length === 0 ? [1, 2, 3] : replicas]);
  return cluster;
};

const answerTo = (cluster: ExampleCluster, command: AlterPartitionCommand): AlteredPartition =>
  cluster.run(command).topics[0]!.partitions[0]!;

describe('a leader that alters its in-sync set', () => {
  test('is answered with the state after it, in the same leader epoch', () => {
    const cluster = three();
    const { leaderEpoch, partitionEpoch } = cluster.partition('a');
    expect(answerTo(cluster, cluster.alteration('a', [1, 3]))).toEqual({
      ...{ partitionIndex: 0, errorCode: 0, leaderId: 1, isr: [1, 3], leaderRecoveryState: 0 },
      ...{ leaderEpoch, partitionEpoch: partitionEpoch + 1 },
    });
    expect(cluster.partition('a')).toMatchObject({ leader: 1, isr: [1, 3], leaderEpoch });
    cluster.inSync('a', 1, 3, 2);
    expect(cluster.partition('a')).toMatchObject({ leader: 1, isr: [1, 3, 2], leaderEpoch });
  });

  test('and asks for what is there already changes nothing', () => {
    const cluster = three();
    const command = cluster.alteration('a', [1, 2, 3]);
    expect(cluster.decide(command)).toMatchObject({ records: [] });
    expect(answerTo(cluster, command)).toMatchObject({ errorCode: 0, partitionEpoch: 0 });
  });

  test.each([
    ['a leader epoch of the past', { leaderEpoch: LeaderEpoch(0) }, ErrorCode.FENCED_LEADER_EPOCH],
    ['a leader epoch of the future', { leaderEpoch: LeaderEpoch(9) }, ErrorCode.NOT_CONTROLLER],
    ['a partition epoch of the past', { partitionEpoch: 0 }, ErrorCode.INVALID_UPDATE_VERSION],
    ['a partition epoch of the future', { partitionEpoch: 9 }, ErrorCode.NOT_CONTROLLER],
    ['nobody in sync', { newIsrWithEpochs: [] }, ErrorCode.INVALID_REQUEST],
    ['a partition that is not there', { partitionIndex: 7 }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['a fall back into recovery', { leaderRecoveryState: 1 }, ErrorCode.INVALID_REQUEST],
    ['an unknown recovery state', { leaderRecoveryState: 2 }, ErrorCode.INVALID_REQUEST],
  ])('is refused for %s', (_, changes, errorCode) => {
    const cluster = three();
    cluster.fence(1);
    const before = cluster.partition('a');
    expect(answerTo(cluster, cluster.alteration('a', [2], changes))).toMatchObject({ errorCode });
    expect(cluster.partition('a')).toBe(before);
  });

  test.each([
    ['without itself', [2, 3]],
    ['with a member twice', [1, 2, 2]],
    ['with a broker that is no replica', [1, 4]],
  ])('is refused for a set %s', (_, isr) => {
    const cluster = three();
    cluster.start(4);
    const errorCode = ErrorCode.INVALID_REQUEST;
    expect(answerTo(cluster, cluster.alteration('a', isr))).toMatchObject({ errorCode });
  });

  test('is refused when it is not the leader, or another incarnation, or the topic is gone', () => {
    const cluster = three();
    const command = cluster.alteration('a', [1, 2]);
    const other = { ...command, brokerId: BrokerId(2), brokerEpoch: cluster.epochOf(2) };
    expect(answerTo(cluster, other)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    const unknown = { ...command.topics[0]!, topicId: TopicId('Z'.repeat(22)) };
    const errorCode = ErrorCode.UNKNOWN_TOPIC_ID;
    expect(answerTo(cluster, { ...command, topics: [unknown] })).toMatchObject({ errorCode });
    expect(cluster.decide({ ...command, brokerEpoch: BrokerEpoch(1) })).toMatchObject({
      kind: 'refused',
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
    });
  });

  test('may name brokers in service alone, in the incarnation that it has seen', () => {
    const cluster = three();
    cluster.inSync('a', 1);
    const ineligible = { errorCode: ErrorCode.INELIGIBLE_REPLICA };
    const withEpoch = (brokerEpoch: number) => {
      const member = { brokerId: BrokerId(2), brokerEpoch: BrokerEpoch(brokerEpoch) };
      const leader = { brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) };
      return cluster.alteration('a', [], { newIsrWithEpochs: [leader, member] });
    };
    expect(answerTo(cluster, withEpoch(1))).toMatchObject(ineligible);
    cluster.fence(2);
    expect(answerTo(cluster, withEpoch(cluster.epochOf(2)))).toMatchObject(ineligible);
    cluster.unfence(2);
    const ids = { brokerId: BrokerId(3), brokerEpoch: cluster.epochOf(3) };
    cluster.run({ kind: 'begin-controlled-shutdown', ...ids });
    expect(answerTo(cluster, cluster.alteration('a', [1, 3]))).toMatchObject(ineligible);
    // The leader that does not know the epoch leaves it to the controller.
    expect(answerTo(cluster, withEpoch(-1))).toMatchObject({ errorCode: 0, isr: [1, 2] });
  });

  test('may not name a replica whose directory has failed', () => {
    const cluster = three();
    const [lost, kept] = ['L', 'K'].map((letter) => letter.repeat(22)) as [string, string];
    cluster.start(2, { logDirs: [lost, kept] });
    const { topicId } = { topicId: cluster.alteration('a', []).topics[0]!.topicId };
    const ids = { brokerId: BrokerId(2), brokerEpoch: cluster.epochOf(2) };
    const topics = [{ topicId, partitions: [{ partitionIndex: 0 }] }];
    cluster.run({ kind: 'assign-replicas-to-dirs', ...ids, directories: [{ id: lost, topics }] });
    cluster.inSync('a', 1, 2, 3);
    cluster.run({
      kind: 'broker-heartbeat',
      ...ids,
      ...{ currentMetadataOffset: 1_000, wantFence: false, wantShutDown: false, offlineLogDirs: [lost] },
      standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
    });
    expect(cluster.partition('a').isr).toEqual([1, 3]);
    const errorCode = ErrorCode.INELIGIBLE_REPLICA;
    expect(answerTo(cluster, cluster.alteration('a', [1, 2, 3]))).toMatchObject({ errorCode });
  });

  test('twice in one request has the second time come too late', () => {
    const cluster = three();
    const command = cluster.alteration('a', [1, 2]);
    const [topic] = command.topics;
    const twice = [topic!.partitions[0]!, topic!.partitions[0]!];
    const { partitions } = cluster.run({ ...command, topics: [{ ...topic!, partitions: twice }] }).topics[0]!;
    expect(partitions.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.INVALID_UPDATE_VERSION]);
  });

  test('after an unclean election leads alone until it has recovered', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    cluster.assign('a', [[1, 2]]);
    cluster.fence(2, 1);
    cluster.unfence(2);
    expect(cluster.partition('a').leader).toBe(-1);
    const topicPartitions = [{ topic: 'a', partitions: [0] }];
    cluster.run({ kind: 'elect-leaders', electionType: 1, topicPartitions });
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 1 });
    cluster.unfence(1);
    const recovering = cluster.alteration('a', [2, 1], { leaderRecoveryState: 1 });
    expect(answerTo(cluster, recovering)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    expect(answerTo(cluster, cluster.alteration('a', [2, 1]))).toMatchObject({
      errorCode: 0,
      leaderRecoveryState: 0,
      isr: [2, 1],
    });
  });
});
