import { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { QuorumDescription, QuorumReplica } from '@kafkaesque/client';
import {
  ageOf,
  leaderOf,
  quorumStatus,
  replicationRows,
  replicationTable,
  statusLines,
} from './quorum-lines';

const ID = 'fEcwacSWcdJ5jIFtv53NeQ';
const ZERO_ID = 'A'.repeat(22);
const replica = (nodeId: number, logEndOffset: number, more: Partial<QuorumReplica> = {}): QuorumReplica => ({
  nodeId: BrokerId(nodeId),
  directoryId: ID,
  logEndOffset: Offset(logEndOffset),
  lastFetchTimestampMs: 1000,
  lastCaughtUpTimestampMs: 900,
  ...more,
});
const quorum = (voters: readonly QuorumReplica[]): QuorumDescription => ({
  leaderId: BrokerId(2),
  leaderEpoch: LeaderEpoch(7),
  highWatermark: Offset(100),
  voters,
  observers: [replica(9, 90, { directoryId: ZERO_ID })],
  nodes: [1, 2].map((id) => ({
    id: BrokerId(id),
    endpoints: [{ name: 'CONTROLLER', host: 'h', port: 9092 + id }],
  })),
});
const leader = replica(2, 101);

test('the status is eight lines', () => {
  const described = quorum([replica(1, 98, { lastCaughtUpTimestampMs: 500 }), leader]);
  expect(statusLines(quorumStatus('c', described, leader))).toBe(
    'ClusterId:              c\n' +
      'LeaderId:               2\n' +
      'LeaderEpoch:            7\n' +
      'HighWatermark:          100\n' +
      'MaxFollowerLag:         3\n' +
      'MaxFollowerLagTimeMs:   400\n' +
      `CurrentVoters:          [{"id": 1, "directoryId": "${ID}", "endpoints": ["CONTROLLER://h:9093"]}, ` +
      `{"id": 2, "directoryId": "${ID}", "endpoints": ["CONTROLLER://h:9094"]}]\n` +
      'CurrentObservers:       [{"id": 9, "directoryId": null}]\n',
  );
});

test('a leader alone has no lag, and a time that is not known is none', () => {
  expect(quorumStatus('c', quorum([leader]), leader)).toMatchObject({
    maxFollowerLag: 0,
    maxFollowerLagTimeMs: 0,
  });
  const followed = quorum([leader, replica(1, 100, { lastCaughtUpTimestampMs: -1 })]);
  expect(quorumStatus('c', followed, leader).maxFollowerLagTimeMs).toBe(-1);
});

test('the replicas are a table: the leader, the followers, the observers', () => {
  const described = quorum([replica(1, 98), leader]);
  const rows = replicationRows(described, leader, ageOf(1010));
  expect(replicationTable(rows).split('\n')).toEqual([
    'NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t',
    `2     \t${ID}\t101         \t0  \t10 ms ago         \t110 ms ago           \tLeader  \t`,
    `1     \t${ID}\t98          \t3  \t10 ms ago         \t110 ms ago           \tFollower\t`,
    `9     \t${ZERO_ID}\t90          \t11 \t10 ms ago         \t110 ms ago           \tObserver\t`,
    '',
  ]);
});

test('a quorum whose leader is no voter has none to show', () => {
  expect(leaderOf(quorum([replica(1, 98)]))).toBeUndefined();
  expect(leaderOf(quorum([leader]))).toBe(leader);
});
