import type { BrokerEpoch } from '@kafkaesque/kernel';
import type { DirectoryMember, RecordedEpoch } from '@kafkaesque/storage';
import { NO_BROKER_EPOCH } from '@kafkaesque/storage';

/** What a start finds in one log directory. */
export interface FoundDirectory {
  readonly directoryId: string;
  readonly recorded: RecordedEpoch;
  readonly hasLogs: boolean;
}

/** Which of a broker's log directories have what they had when it served last. */
export interface DirectoryTrust {
  /** The epoch this broker served in last; -1: nobody knows. */
  readonly brokerEpoch: BrokerEpoch;
  /** Old copies, directories whose record is gone, and those that are not there any more. */
  readonly distrusted: readonly string[];
  /** What is still to be known about directories that this broker goes on without having opened them. */
  readonly kept: readonly DirectoryMember[];
  /** The epochs of those that are trusted. */
  readonly trusted: readonly DirectoryMember[];
}

/**
 * Each directory is judged by what the one with the greatest epoch says of it (docs/decisions/0023). While some directory
 * could not be opened, nobody knows which: then those that are not here are neither distrusted nor forgotten.
 */
export const judgeDirectories = (found: readonly FoundDirectory[], areSomeAway: boolean): DirectoryTrust => {
  const brokerEpoch = found.reduce(
    (greatest, { recorded }) => (recorded.brokerEpoch > greatest ? recorded.brokerEpoch : greatest),
    NO_BROKER_EPOCH,
  );
  if (brokerEpoch === NO_BROKER_EPOCH) return { brokerEpoch, distrusted: [], kept: [], trusted: [] };
  const newest = found.filter(({ recorded }) => recorded.brokerEpoch === brokerEpoch);
  const members = membersOf(newest);
  const isTrusted = ({ directoryId, recorded }: FoundDirectory): boolean =>
    recorded.brokerEpoch !== NO_BROKER_EPOCH &&
    recorded.brokerEpoch === (members === undefined ? brokerEpoch : members.get(directoryId));
  // One that was known and has nothing now has lost it.
  const isNew = ({ directoryId, recorded, hasLogs }: FoundDirectory): boolean =>
    members?.has(directoryId) === false && recorded.brokerEpoch === NO_BROKER_EPOCH && !hasLogs;
  const missing = [...(members ?? [])]
    .filter(([id]) => found.every(({ directoryId }) => directoryId !== id))
    .map(([directoryId, epoch]) => ({ directoryId, brokerEpoch: epoch }));
  return {
    brokerEpoch,
    distrusted: [
      ...found.filter((one) => !isTrusted(one) && !isNew(one)).map(({ directoryId }) => directoryId),
      ...(areSomeAway ? [] : missing.map(({ directoryId }) => directoryId)),
    ],
    kept: areSomeAway ? missing : [],
    trusted: found
      .filter(isTrusted)
      .map(({ directoryId, recorded }) => ({ directoryId, brokerEpoch: recorded.brokerEpoch })),
  };
};

/**
 * The directories of the last epoch: a start that died while it was recorded has left several accounts of it, and the
 * greatest epoch of each directory is what it came to. Undefined: they are of a time when nothing was said of others.
 */
const membersOf = (newest: readonly FoundDirectory[]): ReadonlyMap<string, BrokerEpoch> | undefined => {
  const members = new Map<string, BrokerEpoch>();
  let areNamed = false;
  for (const { recorded } of newest) {
    if (recorded.members === undefined) continue;
    areNamed = true;
    for (const { directoryId, brokerEpoch } of recorded.members)
      if (brokerEpoch > (members.get(directoryId) ?? NO_BROKER_EPOCH)) members.set(directoryId, brokerEpoch);
  }
  return areNamed ? members : undefined;
};
