import { Failure } from '@kafkaesque/kernel';
import type {
  Admin,
  CommittedOffset,
  OffsetSpec,
  TopicDescription,
  TopicPartition,
} from '@kafkaesque/client';
import type { Clock } from '@kafkaesque/kernel';
import { javaSplit } from '../command-line/java-split';
import { parseDateTime, parseDuration } from '../command-line/java-time';
import type { Terminal } from '../command-line/terminal';
import { UsageError } from '../command-line/usage-error';
import { byPlace, committedOffsets, nameOf } from './described-offsets';
import { RESET_WAYS } from './group-flags';
import type { ConsumerGroupsFlags, ResetWay } from './group-flags';
import { groupFailure } from './group-failure';
import type { NewOffset } from './group-lines';
import { readPlan } from './reset-plan';

/** What a reset needs. */
export interface OffsetReset {
  readonly admin: Admin;
  readonly flags: ConsumerGroupsFlags;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

type Offsets = readonly (TopicPartition & { readonly offset: number })[];

/**
 * The new positions of one group without members, in order of topic and partition; committed with --execute. Fails with
 * UsageError, or with a group failure.
 */
export const resetGroup = async (reset: OffsetReset, group: string): Promise<readonly NewOffset[]> => {
  const { admin, flags } = reset;
  const { timeout: timeoutMs } = flags;
  const partitions = await partitionsToReset(reset, group);
  await checkPartitions(partitions, admin, timeoutMs);
  const offsets = [...(await newOffsets(reset, group, partitions))].sort(byPlace);
  if (flags.execute && !flags.dryRun && offsets.length > 0) {
    for (const outcome of await altered(admin, group, offsets, timeoutMs)) {
      if (outcome.kind === 'failed') throw groupFailure(outcome.error, 'sentence');
    }
  }
  return offsets.map(({ topic, partition, offset }) => ({ group, topic, partition, offset }));
};

const altered = async (
  admin: Admin,
  group: string,
  offsets: Offsets,
  timeoutMs: number,
): ReturnType<Admin['alterGroupOffsets']> => {
  try {
    return await admin.alterGroupOffsets(group, offsets, { timeoutMs });
  } catch (error) {
    throw groupFailure(error, 'sentence');
  }
};

const partitionsToReset = async (
  { admin, flags }: OffsetReset,
  group: string,
): Promise<readonly TopicPartition[]> => {
  const { allTopics, topic: topics, fromFile, timeout: timeoutMs } = flags;
  if (allTopics) return (await committedOffsets(admin, [group], timeoutMs)).get(group) ?? [];
  if (topics !== undefined) return namedPartitions(topics, admin, timeoutMs);
  if (fromFile !== undefined) return [];
  throw new UsageError('One of the reset scopes should be defined: --all-topics, --topic.');
};

/** `topic:0,1` names partitions, `topic` all of a topic. */
const namedPartitions = async (
  words: readonly string[],
  admin: Admin,
  timeoutMs: number,
): Promise<readonly TopicPartition[]> => {
  const named = words.filter((word) => word.includes(':')).flatMap(partitionsIn);
  const whole = words.filter((word) => !word.includes(':'));
  const described = await descriptions(whole, admin, timeoutMs, 'sentence');
  const all = [
    ...named,
    ...described.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition })),
    ),
  ];
  // However often it was named.
  return [...new Map(all.map((one) => [nameOf(one), one])).values()];
};

/** The partitions that `topic:0,1` names. Fails with UsageError. */
export const partitionsIn = (word: string): readonly TopicPartition[] => {
  const [topic = '', numbers, another] = javaSplit(word, ':');
  if (numbers === undefined || another !== undefined) {
    throw new UsageError(`Invalid topic arg '${word}', expected topic name and partitions`);
  }
  return javaSplit(numbers, ',').map((number) => {
    if (/^[-+]?\d+$/.test(number)) return { topic, partition: Number(number) };
    throw new UsageError(`Invalid partition '${number}' specified in topic arg '${word}''`);
  });
};

const descriptions = async (
  topics: readonly string[],
  admin: Admin,
  timeoutMs: number,
  form: 'sentence' | 'wrapped',
): Promise<readonly TopicDescription[]> => {
  const outcomes = topics.length === 0 ? [] : await admin.describeTopics(topics, { timeoutMs });
  return outcomes.map((outcome) => {
    if (outcome.kind === 'failed') throw groupFailure(outcome.error, form);
    return outcome.value;
  });
};

const checkPartitions = async (
  partitions: readonly TopicPartition[],
  admin: Admin,
  timeoutMs: number,
): Promise<void> => {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const described = await descriptions(topics, admin, timeoutMs, 'wrapped');
  const leaders = new Map(
    described.flatMap(({ name, partitions: all }) =>
      all.map(({ partition, leader }) => [nameOf({ topic: name, partition }), leader] as const),
    ),
  );
  const refuse = (some: readonly TopicPartition[], what: string): void => {
    if (some.length > 0)
      throw new Failure('GROUP_COMMAND', `The partitions "${some.map(nameOf).join(',')}" ${what}`);
  };
  refuse(
    partitions.filter((one) => !leaders.has(nameOf(one))),
    'do not exist',
  );
  refuse(
    partitions.filter((one) => (leaders.get(nameOf(one)) ?? -1) < 0),
    'have no leader',
  );
};

const newOffsets = async (
  reset: OffsetReset,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<Offsets> => {
  const { admin, flags, clock } = reset;
  const ways = Object.keys(RESET_WAYS) as ResetWay[];
  const way = ways.find((one) => Object.hasOwn(flags, one));
  const current = async (): Promise<readonly (TopicPartition & CommittedOffset)[]> =>
    (await committedOffsets(admin, [group], flags.timeout)).get(group) ?? [];
  switch (way) {
    case 'toOffset':
      return withinLog(
        reset,
        partitions.map((one) => ({ ...one, offset: flags.toOffset ?? 0 })),
      );
    case 'toEarliest':
      return listed(reset, partitions, 'earliest');
    case 'toLatest':
      return listed(reset, partitions, 'latest');
    case 'shiftBy':
      return withinLog(reset, shifted(partitions, await current(), flags.shiftBy ?? 0));
    case 'toDatetime':
      return since(reset, partitions, parseDateTime(flags.toDatetime ?? ''));
    case 'byDuration':
      return since(reset, partitions, clock.wallMs() - parseDuration(flags.byDuration ?? ''));
    case 'fromFile':
      return planned(reset, group, flags.fromFile ?? '');
    case 'toCurrent':
      return keeping(reset, partitions, await current());
    case undefined: {
      const names = Object.values(RESET_WAYS).map((name) => `[${name}]`);
      throw new UsageError(
        `Option '[reset-offsets]' requires one of the following scenarios: [${names.join(', ')}]`,
      );
    }
  }
};

const listed = async (
  { admin, flags }: OffsetReset,
  partitions: readonly TopicPartition[],
  spec: OffsetSpec,
): Promise<Offsets> => {
  if (partitions.length === 0) return [];
  const asked = partitions.map(({ topic, partition }) => ({ topic, partition, spec }));
  const outcomes = await admin.listOffsets(asked, { timeoutMs: flags.timeout });
  return outcomes.map((outcome) => {
    if (outcome.kind === 'failed') throw groupFailure(outcome.error, 'wrapped');
    return { ...outcome.key, offset: outcome.value.offset };
  });
};

/** Offsets outside of the log become its nearest end, with a warning. */
const withinLog = async (reset: OffsetReset, offsets: Offsets): Promise<Offsets> => {
  const first = new Map((await listed(reset, offsets, 'earliest')).map((one) => [nameOf(one), one.offset]));
  const last = new Map((await listed(reset, offsets, 'latest')).map((one) => [nameOf(one), one.offset]));
  const set = (place: TopicPartition, offset: number, to: number, what: string): number => {
    const where = nameOf(place);
    reset.terminal.err(
      `WARN New offset (${offset}) is ${what} offset for topic partition ${where}. Value will be set to ${to}.\n`,
    );
    return to;
  };
  return offsets.map(({ topic, partition, offset }) => {
    const place = { topic, partition };
    const start = first.get(nameOf(place)) ?? 0;
    const end = last.get(nameOf(place)) ?? offset;
    if (offset > end) return { ...place, offset: set(place, offset, end, 'higher than latest') };
    if (offset < start) return { ...place, offset: set(place, offset, start, 'lower than earliest') };
    return { ...place, offset };
  });
};

const shifted = (
  partitions: readonly TopicPartition[],
  current: readonly (TopicPartition & CommittedOffset)[],
  by: number,
): Offsets => {
  const offsets = new Map(current.map((one) => [nameOf(one), one.offset]));
  return partitions.map(({ topic, partition }) => {
    const name = nameOf({ topic, partition });
    const offset = offsets.get(name);
    if (offset !== undefined) return { topic, partition, offset: offset + by };
    throw new UsageError(
      `Cannot shift offset for partition ${name} since there is no current committed offset`,
    );
  });
};

/** The first records that are not older; the end where there are none. */
const since = async (
  reset: OffsetReset,
  partitions: readonly TopicPartition[],
  timestampMs: number,
): Promise<Offsets> => {
  const found = await listed(reset, partitions, { timestampMs });
  const none = found.filter(({ offset }) => offset < 0);
  for (const { topic, partition } of none) {
    reset.terminal.out(
      `\nWarn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.\n`,
    );
  }
  return [...found.filter(({ offset }) => offset >= 0), ...(await listed(reset, none, 'latest'))];
};

const planned = async (reset: OffsetReset, group: string, path: string): Promise<Offsets> => {
  const plan = readPlan(path, reset.flags.group ?? []).filter((one) => one.group === group);
  if (plan.length === 0) {
    reset.terminal.out(`\nError: No reset plan for group ${group} found\n`);
    return [];
  }
  await checkPartitions(plan, reset.admin, reset.flags.timeout);
  return withinLog(reset, plan);
};

/** Where the group is; the end where it is nowhere. */
const keeping = async (
  reset: OffsetReset,
  partitions: readonly TopicPartition[],
  current: readonly (TopicPartition & CommittedOffset)[],
): Promise<Offsets> => {
  const offsets = new Map(current.map((one) => [nameOf(one), one.offset]));
  const kept = partitions.flatMap(({ topic, partition }) => {
    const offset = offsets.get(nameOf({ topic, partition }));
    return offset === undefined ? [] : [{ topic, partition, offset }];
  });
  const others = partitions.filter((one) => !offsets.has(nameOf(one)));
  return [...kept, ...(await listed(reset, others, 'latest'))];
};
