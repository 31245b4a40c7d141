import type { QuorumDescription, QuorumReplica } from '@kafkaesque/client';

/** Why a description shows no table: Kafka's tool fails there too. */
export const leaderOf = ({ voters, leaderId }: QuorumDescription): QuorumReplica | undefined =>
  voters.find(({ nodeId }) => nodeId === leaderId);

const HEADINGS = [
  ...['NodeId', 'DirectoryId', 'LogEndOffset', 'Lag', 'LastFetchTimestamp', 'LastCaughtUpTimestamp'],
  'Status',
];

/** The rows of `describe --replication`: the leader, then the other voters, then the observers. */
export const replicationRows = (
  quorum: QuorumDescription,
  leader: QuorumReplica,
  timeOf: (timestampMs: number) => string,
): readonly (readonly string[])[] => {
  const row = (replica: QuorumReplica, status: string): readonly string[] => [
    String(replica.nodeId),
    replica.directoryId,
    String(replica.logEndOffset),
    String(leader.logEndOffset - replica.logEndOffset),
    timeOf(replica.lastFetchTimestampMs),
    timeOf(replica.lastCaughtUpTimestampMs),
    status,
  ];
  return [
    row(leader, 'Leader'),
    ...quorum.voters
      .filter(({ nodeId }) => nodeId !== leader.nodeId)
      .map((replica) => row(replica, 'Follower')),
    ...quorum.observers.map((replica) => row(replica, 'Observer')),
  ];
};

/** A table as Kafka prints it: each cell as wide as the widest of its column, a tab behind each. */
export const replicationTable = (rows: readonly (readonly string[])[]): string => {
  const all = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) => `${row.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}\t`).join('')}\n`)
    .join('');
};

/** How old a time is, in Kafka's words; unknown times stay what they are. */
export const ageOf =
  (nowMs: number) =>
  (timestampMs: number): string =>
    timestampMs < 0 ? String(timestampMs) : `${Math.max(0, nowMs - timestampMs)} ms ago`;

/** What `describe --status` tells, named as Kafka names it. */
export interface QuorumStatus {
  readonly clusterId: string;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly maxFollowerLag: number;
  readonly maxFollowerLagTimeMs: number;
  readonly currentVoters: readonly object[];
  readonly currentObservers: readonly object[];
}

export const quorumStatus = (
  clusterId: string,
  quorum: QuorumDescription,
  leader: QuorumReplica,
): QuorumStatus => {
  // The first of those that have least, and their time: so Kafka counts.
  const furthest = quorum.voters.reduce((least, one) =>
    one.logEndOffset < least.logEndOffset ? one : least,
  );
  return {
    clusterId,
    leaderId: quorum.leaderId,
    leaderEpoch: quorum.leaderEpoch,
    highWatermark: quorum.highWatermark,
    maxFollowerLag: leader.logEndOffset - furthest.logEndOffset,
    maxFollowerLagTimeMs: lagTimeMs(furthest, leader),
    currentVoters: quorum.voters.map((replica) => member(quorum, replica)),
    currentObservers: quorum.observers.map((replica) => member(quorum, replica)),
  };
};

/** -1 when a time is unknown. */
const lagTimeMs = (furthest: QuorumReplica, leader: QuorumReplica): number => {
  if (furthest === leader) return 0;
  const isKnown = leader.lastCaughtUpTimestampMs >= 0 && furthest.lastCaughtUpTimestampMs >= 0;
  return isKnown ? leader.lastCaughtUpTimestampMs - furthest.lastCaughtUpTimestampMs : -1;
};

const member = (quorum: QuorumDescription, { nodeId, directoryId }: QuorumReplica): object => {
  const endpoints = quorum.nodes.find(({ id }) => id === nodeId)?.endpoints ?? [];
  return {
    id: nodeId,
    directoryId: directoryId === ZERO_ID ? null : directoryId,
    ...(endpoints.length === 0
      ? {}
      : { endpoints: endpoints.map(({ name, host, port }) => `${name}://${host}:${port}`) }),
  };
};

/** Sixteen zero bytes: the directory is not known. */
const ZERO_ID = 'A'.repeat(22);
const LABEL_WIDTH = 24;

/** The lines of `describe --status`. */
export const statusLines = (status: QuorumStatus): string =>
  Object.entries(status)
    .map(([key, value]) => {
      const label = `${key.slice(0, 1).toUpperCase()}${key.slice(1)}:`;
      return `${label.padEnd(LABEL_WIDTH)}${shown(value)}\n`;
    })
    .join('');

/** JSON with the spaces that Kafka puts in it. */
const shown = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value).map(([key, field]) => `"${key}": ${quoted(field)}`);
    return `{${parts.join(', ')}}`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const quoted = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(quoted).join(', ')}]` : JSON.stringify(value);
