import { BrokerEpoch } from '@kafkaesque/kernel';
import type { FoundDirectory } from './directory-trust';
import { judgeDirectories } from './directory-trust';

type Members = Readonly<Record<string, number>>;

const membersOf = (members: Members) =>
  Object.entries(members).map(([directoryId, epoch]) => ({ directoryId, brokerEpoch: BrokerEpoch(epoch) }));

const found = (directoryId: string, epoch: number, members?: Members, hasLogs = true): FoundDirectory => ({
  directoryId,
  recorded: {
    brokerEpoch: BrokerEpoch(epoch),
    members: members === undefined ? undefined : membersOf(members),
  },
  hasLogs,
});

const both = { a: 7, b: 7 };

interface Case {
  readonly name: string;
  readonly directories: readonly FoundDirectory[];
  readonly away?: boolean;
  readonly epoch?: number;
  readonly trusted: Members;
  readonly distrusted?: readonly string[];
  readonly kept?: Members;
}

test.each<Case>([
  {
    name: 'all that recorded the same are trusted',
    directories: [found('a', 7, both), found('b', 7, both)],
    trusted: both,
  },
  {
    name: 'an empty one that was added is neither trusted nor distrusted',
    directories: [found('a', 7, both), found('b', 7, both), found('c', -1, undefined, false)],
    trusted: both,
  },
  {
    name: 'one that was replaced is gone, and the others are what they were',
    directories: [found('a', 7, both), found('c', -1, undefined, false)],
    trusted: { a: 7 },
    distrusted: ['b'],
  },
  {
    name: 'an old copy is distrusted',
    directories: [found('a', 7, both), found('b', 3, { a: 3, b: 3 })],
    trusted: { a: 7 },
    distrusted: ['b'],
  },
  {
    name: 'one whose record is gone is distrusted, whether it has logs or not',
    directories: [found('a', 7, { a: 7, b: 7, c: 7 }), found('b', -1), found('c', -1, undefined, false)],
    trusted: { a: 7 },
    distrusted: ['b', 'c'],
  },
  {
    name: 'logs without a record are distrusted in a directory that nobody knew',
    directories: [found('a', 7, { a: 7 }), found('b', -1)],
    trusted: { a: 7 },
    distrusted: ['b'],
  },
  {
    name: 'what could not be opened is remembered as it was',
    directories: [found('a', 7, both)],
    away: true,
    trusted: { a: 7 },
    kept: { b: 7 },
  },
  {
    name: 'one that was away for some starts is trusted, as it left',
    directories: [found('a', 9, { a: 9, b: 7 }), found('b', 7, both)],
    epoch: 9,
    trusted: { a: 9, b: 7 },
  },
  {
    name: 'an old copy of one that was away is distrusted',
    directories: [found('a', 9, { a: 9, b: 7 }), found('b', 5, { a: 5, b: 5 })],
    epoch: 9,
    trusted: { a: 9 },
    distrusted: ['b'],
  },
  {
    name: 'one that left log.dirs for a start is distrusted',
    directories: [found('a', 9, { a: 9 }), found('b', 7, both)],
    epoch: 9,
    trusted: { a: 9 },
    distrusted: ['b'],
  },
  {
    name: 'of a start that died while it recorded its epoch, each directory counts as it is',
    directories: [
      found('a', 9, { a: 9, b: 7, c: 7 }),
      found('b', 9, { a: 7, b: 9, c: 7 }),
      found('c', 7, both),
    ],
    epoch: 9,
    trusted: { a: 9, b: 9, c: 7 },
  },
  {
    name: 'where nothing was said of others, those with the greatest epoch are trusted',
    directories: [found('a', 7), found('b', 7), found('c', 3), found('d', -1, undefined, false)],
    trusted: both,
    distrusted: ['c', 'd'],
  },
  {
    name: 'at the first start there is nothing to judge',
    directories: [found('a', -1, undefined, false), found('b', -1, undefined, false)],
    epoch: -1,
    trusted: {},
  },
])('$name', ({ directories, away = false, epoch = 7, trusted, distrusted = [], kept = {} }) => {
  expect(judgeDirectories(directories, away)).toEqual({
    ...{ brokerEpoch: epoch, distrusted },
    ...{ trusted: membersOf(trusted), kept: membersOf(kept) },
  });
});
