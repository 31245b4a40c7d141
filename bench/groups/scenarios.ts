import { atMost, noMoreThan } from '../aims';
import type { Described } from '../described';

export type GroupProtocol = 'classic' | 'consumer';

/** From the last join until every member has its part of a topic that has a partition for each. */
export interface AssignScenario extends Described {
  readonly kind: 'groups';
  readonly measures: 'assign';
  readonly protocol: GroupProtocol;
  readonly members: number;
}

/** Offset commits of so many groups at once, so many partitions each. */
export interface CommitScenario extends Described {
  readonly kind: 'groups';
  readonly measures: 'commits';
  readonly groups: number;
  readonly partitions: number;
}

/** How long it takes to load what so many groups have committed, and what it takes of memory. */
export interface LoadGroupsScenario extends Described {
  readonly kind: 'groups';
  readonly measures: 'load';
  readonly groups: number;
  readonly partitions: number;
}

/** What the heartbeats of one group cost, as often as its members are told to send them. */
export interface HeartbeatScenario extends Described {
  readonly kind: 'groups';
  readonly measures: 'heartbeats';
  readonly members: number;
}

export type GroupScenario = AssignScenario | CommitScenario | LoadGroupsScenario | HeartbeatScenario;

/** The offsets topic is always flushed before an acknowledgement, so Kafka is measured where it flushes, too. */
const DURABILITY = 'disk';

const assign = (protocol: GroupProtocol, members: number): AssignScenario => ({
  kind: 'groups',
  measures: 'assign',
  name: `groups-assign-${protocol}-${members}`,
  title: `${members} members of a group join by the ${protocol} protocol, until each has its partition`,
  durability: DURABILITY,
  servers: ['kafkaesque', 'kafka'],
  figures: ['assignedMs', 'processorMs'],
  aims: [atMost(0.5, 'kafka', 'assignedMs')],
  ...{ protocol, members },
});

/** What groups and their coordinator do. */
export const groupScenarios: readonly GroupScenario[] = [
  ...[3, 50, 500].flatMap((members) => [assign('classic', members), assign('consumer', members)]),
  {
    kind: 'groups',
    measures: 'commits',
    name: 'groups-commits',
    title: 'Offset commits of 16 groups, ten partitions each, one at a time',
    durability: DURABILITY,
    servers: ['kafkaesque', 'kafka'],
    figures: ['microsecondsPerCommit', 'commitsPerSecond'],
    groups: 16,
    partitions: 10,
    aims: [
      atMost(0.5, 'kafka', 'microsecondsPerCommit'),
      { figure: 'commitsPerSecond', against: { server: 'kafka' }, kind: 'at least', limit: 2 },
    ],
  },
  {
    kind: 'groups',
    measures: 'load',
    name: 'groups-load',
    title: 'Loading 10,000 groups with 50 partitions each, after a restart',
    durability: DURABILITY,
    servers: ['kafkaesque'],
    figures: ['loadMs', 'loadedMib'],
    groups: 10_000,
    partitions: 50,
    aims: [noMoreThan(3000, 'loadMs'), noMoreThan(250, 'loadedMib')],
  },
  {
    kind: 'groups',
    measures: 'heartbeats',
    name: 'groups-heartbeats',
    title: 'Heartbeats of 2,000 members of one group, as often as they are told to send them',
    durability: DURABILITY,
    servers: ['kafkaesque', 'kafka'],
    figures: ['processorShare'],
    members: 2000,
    aims: [noMoreThan(0.15, 'processorShare')],
  },
];
