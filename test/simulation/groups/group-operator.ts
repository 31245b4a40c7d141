import type { Random } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { CoordinatorLink } from './coordinator-link';
import type { GroupOracle } from './group-oracle';
import { TOPIC } from './member';

const DELETE_GROUPS_VERSION = 2;
const OFFSET_DELETE_VERSION = 0;
const REQUEST_TIMEOUT_MS = 3_000;

/** Errors that say that nothing was deleted. */
const refusals: readonly number[] = [
  ErrorCode.NON_EMPTY_GROUP,
  ErrorCode.GROUP_ID_NOT_FOUND,
  ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
];

export interface DeletionParts {
  readonly group: string;
  readonly link: CoordinatorLink;
  readonly oracle: GroupOracle;
  readonly random: Random;
  readonly meanMs: number;
  readonly partitionCount: () => number;
  readonly isResting: () => boolean;
  readonly say: (what: string) => void;
}

/**
 * Tries again and again to delete a group that members come to, or its offsets, which must be refused while somebody is in it. Ends with
 * the first attempt of which nobody knows what became.
 */
export const deleteAgainAndAgain = async (parts: DeletionParts): Promise<void> => {
  const { group, link, oracle, random, meanMs, partitionCount, isResting, say } = parts;
  for (;;) {
    await link.pause(1 + random.below(2 * meanMs));
    if (isResting()) return;
    const settle = oracle.asksToDelete(group, partitionCount());
    const isWhole = random.below(2) === 0;
    const errorCodes = isWhole ? await deleteGroup(parts) : await deleteOffsets(parts);
    say(`${isWhole ? group : `offsets of ${group}`}: deleted with ${errorCodes?.join(' ') ?? 'no answer'}`);
    if (errorCodes === undefined) return;
    if (errorCodes.every((errorCode) => refusals.includes(errorCode))) settle(false);
    else if (errorCodes.every((errorCode) => errorCode === ErrorCode.NONE)) settle(true);
    else return;
    for (const errorCode of errorCodes) if (await link.isElsewhere(errorCode)) break;
  }
};

const deleteGroup = async ({ group, link }: DeletionParts): Promise<readonly number[] | undefined> => {
  const answer = await link.ask(
    'DeleteGroups',
    DELETE_GROUPS_VERSION,
    { groupsNames: [group] },
    REQUEST_TIMEOUT_MS,
  );
  return answer?.results.map(({ errorCode }) => errorCode);
};

const deleteOffsets = async ({
  group,
  link,
  partitionCount,
}: DeletionParts): Promise<readonly number[] | undefined> => {
  const partitions = Array.from({ length: partitionCount() }, (_, partitionIndex) => ({ partitionIndex }));
  const answer = await link.ask(
    'OffsetDelete',
    OFFSET_DELETE_VERSION,
    { groupId: group, topics: [{ name: TOPIC, partitions }] },
    REQUEST_TIMEOUT_MS,
  );
  if (answer === undefined) return undefined;
  if (answer.errorCode !== ErrorCode.NONE) return [answer.errorCode];
  return (answer.topics[0]?.partitions ?? []).map(({ errorCode }) => errorCode);
};
