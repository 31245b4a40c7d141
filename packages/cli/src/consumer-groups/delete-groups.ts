import { Failure } from '@kafkaesque/kernel';
import type { ClientError, TopicPartition } from '@kafkaesque/client';
import { javaSentenceOf, javaTextOf } from '../command-line/java-errors';
import { sdk } from '../command-line/loaded-on-demand';
import type { GroupsRun } from './consumer-groups-tool';
import { byPlace, nameOf } from './described-offsets';
import { deletedLines } from './group-lines';
import type { DeletedOffset } from './group-lines';
import { partitionsIn } from './reset-offsets';

const quotedNames = (groups: readonly string[]): string => groups.map((group) => `'${group}'`).join(', ');

/** Deletes groups, and tells which of them, as Kafka's tool does. */
export const deleteGroups = async (
  { admin, flags, terminal }: GroupsRun,
  groupIds: readonly string[],
): Promise<void> => {
  const outcomes = await admin.deleteGroups([...new Set(groupIds)]);
  const deleted = outcomes.flatMap(({ kind, key }) => (kind === 'done' ? [key] : []));
  const failures = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome] : []));
  if (flags.json) {
    const groups = outcomes.map((outcome) =>
      outcome.kind === 'done'
        ? { group: outcome.key, deleted: true }
        : { group: outcome.key, deleted: false, error: outcome.error.code, message: outcome.error.message },
    );
    terminal.out(`${JSON.stringify({ groups })}\n`);
    return;
  }
  if (failures.length === 0) {
    terminal.out(`Deletion of requested consumer groups (${quotedNames(deleted)}) was successful.\n`);
    return;
  }
  terminal.out('\nError: Deletion of some consumer groups failed:\n');
  for (const { key, error } of failures) {
    terminal.out(`* Group '${key}' could not be deleted due to: ${javaTextOf(error)}\n`);
  }
  if (deleted.length > 0) {
    terminal.out(`\nThese consumer groups were deleted successfully: ${quotedNames(deleted)}\n`);
  }
};

/** Errors that concern the group: nothing was deleted. */
const GROUP_ERRORS = [
  'INVALID_GROUP_ID',
  'GROUP_ID_NOT_FOUND',
  'GROUP_AUTHORIZATION_FAILED',
  'NON_EMPTY_GROUP',
];
const PARTITION_ERRORS = [
  'GROUP_SUBSCRIBED_TO_TOPIC',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION',
];

/** Deletes a group's offsets of topics and partitions, and tells of each. */
export const deleteOffsets = async (run: GroupsRun): Promise<void> => {
  const { admin, flags, terminal } = run;
  const [group = '', another] = flags.group ?? [];
  if (another !== undefined) {
    throw new Failure(
      'GROUP_COMMAND',
      'Found multiple arguments for option group, but you asked for only one',
    );
  }
  const words = flags.topic ?? [];
  const results: (DeletedOffset & { readonly error: ClientError | undefined })[] = [];
  const partitions = new Map<string, TopicPartition>();
  const add = (some: readonly TopicPartition[]): void => {
    for (const one of some) partitions.set(nameOf(one), one);
  };
  add(words.filter((word) => word.includes(':')).flatMap(partitionsIn));
  const topics = words.filter((word) => !word.includes(':'));
  for (const outcome of topics.length === 0 ? [] : await admin.describeTopics(topics)) {
    const topic = outcome.key;
    if (outcome.kind === 'done') add(outcome.value.partitions.map(({ partition }) => ({ topic, partition })));
    else results.push({ topic, partition: undefined, status: statusOf(outcome.error), error: outcome.error });
  }
  const places = [...partitions.values()].sort(byPlace);
  let failure: ClientError | undefined;
  try {
    for (const outcome of await admin.deleteGroupOffsets(group, places)) {
      const error = outcome.kind === 'failed' ? outcome.error : undefined;
      failure ??= error;
      results.push({ ...outcome.key, status: statusOf(error), error });
    }
  } catch (error) {
    if (!sdk().isClientError(error)) throw error;
    failure = error;
    for (const place of places) results.push({ ...place, status: statusOf(error), error });
  }
  results.sort((a, b) =>
    byPlace({ ...a, partition: a.partition ?? -1 }, { ...b, partition: b.partition ?? -1 }),
  );
  if (flags.json) {
    const offsets = results.map(({ topic, partition = null, error }) =>
      error === undefined
        ? { topic, partition, deleted: true }
        : { topic, partition, deleted: false, error: error.code, message: error.message },
    );
    terminal.out(`${JSON.stringify({ group, offsets })}\n`);
    return;
  }
  terminal.out(`${outcomeSentence(group, failure)}\n`);
  terminal.out(`\n${deletedLines(results).join('\n')}\n`);
};

const statusOf = (error: ClientError | undefined): string =>
  error === undefined ? 'Successful' : `Error: ${javaTextOf(error)}`;

const outcomeSentence = (group: string, failure: ClientError | undefined): string => {
  if (failure === undefined) return `Request succeeded for deleting offsets from group ${group}.`;
  if (GROUP_ERRORS.includes(failure.code)) return `\nError: ${javaSentenceOf(failure)}`;
  if (PARTITION_ERRORS.includes(failure.code)) {
    return '\nError: Encountered some partition-level error, see the follow-up details.';
  }
  return `\nError: Encountered some unknown error: ${failure.code}`;
};
