import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';

const PREFERRED = 0;
const UNCLEAN = 1;

const cluster = (replicas: readonly (readonly number[])[] = [[1, 2]]): ExampleCluster => {
  const three = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
  three.assign('a', replicas);
  return three;
};

const elect = (one: ExampleCluster, electionType: number, ...partitions: readonly number[]) =>
  one.run({ kind: 'elect-leaders', electionType, topicPartitions: [{ topic: 'a', partitions }] })
    .replicaElectionResults[0]!.partitionResult;

const electAll = (one: ExampleCluster, electionType: number) =>
  one.run({ kind: 'elect-leaders', electionType, topicPartitions: null }).replicaElectionResults;

describe('an election that is asked for', () => {
  test('gives the lead to the first replica once it is in sync, in a new epoch', () => {
    const one = cluster();
    one.fence(1);
    one.unfence(1);
    const unavailable = {
      ...{ partitionId: 0, errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE },
      errorMessage: 'The preferred leader was not available.',
    };
    expect(elect(one, PREFERRED, 0)).toEqual([unavailable]);
    one.inSync('a', 2, 1);
    const { leaderEpoch } = one.partition('a');
    expect(elect(one, PREFERRED, 0)).toEqual([{ partitionId: 0, errorCode: 0, errorMessage: null }]);
    expect(one.partition('a')).toMatchObject({ leader: 1, isr: [2, 1], leaderEpoch: leaderEpoch + 1 });
    expect(elect(one, PREFERRED, 0)).toEqual([
      {
        ...{ partitionId: 0, errorCode: ErrorCode.ELECTION_NOT_NEEDED },
        errorMessage: 'Leader election not needed for topic partition.',
      },
    ]);
  });

  test('puts up with lost records only where nobody leads, and only when it is asked to', () => {
    const one = cluster();
    one.fence(2, 1);
    one.unfence(2);
    expect(elect(one, PREFERRED, 0)).toMatchObject([{ errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE }]);
    expect(elect(one, UNCLEAN, 0)).toMatchObject([{ errorCode: 0 }]);
    expect(one.partition('a')).toMatchObject({
      ...{ leader: 2, isr: [2], eligibleLeaderReplicas: [], lastKnownElr: [], leaderRecoveryState: 1 },
    });
    expect(elect(one, UNCLEAN, 0)).toMatchObject([{ errorCode: ErrorCode.ELECTION_NOT_NEEDED }]);
  });

  test('needs somebody who serves', () => {
    const one = cluster();
    one.fence(2, 1);
    expect(elect(one, UNCLEAN, 0)).toEqual([
      {
        ...{ partitionId: 0, errorCode: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE },
        errorMessage: 'Eligible topic partition leaders are not available.',
      },
    ]);
  });

  test.each([
    [{ topic: 'a', partitions: [7] }, 'No such partition as a-7'],
    [{ topic: 'a', partitions: [-1] }, 'No such partition as a--1'],
    [{ topic: 'b', partitions: [0] }, 'No such topic as b'],
  ])('of %p is refused', (asked, errorMessage) => {
    const { replicaElectionResults } = cluster().run({
      ...({ kind: 'elect-leaders', electionType: PREFERRED } as const),
      topicPartitions: [asked],
    });
    const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    expect(replicaElectionResults[0]!.partitionResult).toMatchObject([{ errorCode, errorMessage }]);
  });

  test('of another type is refused as a whole', () => {
    const command = { kind: 'elect-leaders', electionType: 2, topicPartitions: null } as const;
    expect(cluster().decide(command)).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Unknown election type 2',
    });
  });

  test('of all partitions names those that got a leader, or should have', () => {
    const one = cluster([
      [1, 2],
      [2, 1],
      [1, 3],
    ]);
    one.fence(1);
    one.unfence(1);
    one.inSync('a', 2, 1);
    expect(electAll(one, PREFERRED)).toEqual([
      {
        topic: 'a',
        partitionResult: [
          { partitionId: 0, errorCode: 0, errorMessage: null },
          expect.objectContaining({ partitionId: 2, errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE }),
        ],
      },
    ]);
  });

  test('of more partitions than one request may have is refused', () => {
    const one = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    const replicas = Array.from({ length: 5_001 }, () => [1, 2]);
    one.assign('a', replicas);
    one.assign('b', replicas);
    one.fence(1, 2);
    one.unfence(1);
    expect(one.decide({ kind: 'elect-leaders', electionType: UNCLEAN, topicPartitions: null })).toMatchObject(
      {
        errorCode: ErrorCode.POLICY_VIOLATION,
      },
    );
  });
});
