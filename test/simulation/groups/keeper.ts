import type { LeaderEpoch, Random } from '@kafkaesque/kernel';
import { Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { CoordinatorLink } from './coordinator-link';
import type { GroupOracle } from './group-oracle';
import { KeptOffsets } from './kept-offsets';
import type { Outcome } from './kept-offsets';
import { TOPIC, unknown } from './member';

const COMMIT_VERSION = 9;
/** The last one that tells how long an offset is to be kept. */
const RETENTION_VERSION = 4;
const FETCH_VERSION = 9;
const DELETE_GROUPS_VERSION = 2;
const OFFSET_DELETE_VERSION = 0;
const REQUEST_TIMEOUT_MS = 3_000;
const NO_EPOCH = -1 as LeaderEpoch;
const THINKS_MS = 400;
/** What is kept of a group whose state is in doubt says little: the keeper then begins another one. */
const MOST_DOUBTS = 2;
const MOST_GROUPS = 6;
/** By how much the wall clocks of two brokers may differ, and that of one within the length of a world. */
const CLOCKS_DIFFER_MS = 2_500;

export interface KeeperParts {
  readonly name: string;
  readonly linkOf: (group: string) => CoordinatorLink;
  readonly oracle: GroupOracle;
  readonly random: Random;
  readonly partitionCount: number;
  readonly retentionMs: number;
  /** Wall clocks do not jump. */
  readonly isWallSteady: boolean;
  readonly now: () => number;
  readonly isOver: () => boolean;
  /** Nothing more is changed. */
  readonly isResting: () => boolean;
  readonly say: (what: string) => void;
}

interface Kept {
  readonly offsets: KeptOffsets;
  readonly link: CoordinatorLink;
}

/**
 * A client that keeps offsets in groups of its own, without being a member of them: it commits some for good and some for a while,
 * deletes offsets and whole groups, and looks whether it finds what it has left there.
 */
export class Keeper {
  readonly counts = { keptCommits: 0, keptFetches: 0, expired: 0, deletedOffsets: 0, deletedGroups: 0 };
  /** At rest it has found everything as it should be. */
  isDone = false;
  readonly #parts: KeeperParts;
  readonly #groups: Kept[] = [];
  #began = 0;
  #value = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  async live(): Promise<void> {
    const { isOver, isResting, random } = this.#parts;
    while (!isOver()) {
      const current = this.#current();
      await current.link.pause(1 + random.below(THINKS_MS));
      if (isOver()) return;
      if (isResting()) {
        this.isDone = await this.#findsAll();
        continue;
      }
      await this.#act(current);
    }
  }

  #current(): Kept {
    const last = this.#groups.at(-1);
    if (last !== undefined && (last.offsets.doubts <= MOST_DOUBTS || this.#parts.isResting())) return last;
    const group = `${this.#parts.name}-${++this.#began}`;
    const kept = {
      offsets: new KeptOffsets(group, this.#parts.partitionCount),
      link: this.#parts.linkOf(group),
    };
    this.#groups.push(kept);
    if (this.#groups.length > MOST_GROUPS) this.#groups.shift()?.link.drop();
    return kept;
  }

  async #act(current: Kept): Promise<void> {
    const { random, retentionMs } = this.#parts;
    const dice = random.below(20);
    if (dice < 7) await this.#commit(current, -1);
    else if (dice < 11) await this.#commit(current, retentionMs);
    else if (dice < 17) await this.#look(this.#groups[random.below(this.#groups.length)] ?? current);
    else if (dice < 19) await this.#deleteOffsets(current);
    else await this.#deleteGroup(current);
  }

  async #commit({ offsets, link }: Kept, retentionTimeMs: number): Promise<void> {
    const { random, now, isWallSteady, say } = this.#parts;
    const partition = random.below(this.#parts.partitionCount);
    const value = ++this.#value;
    const mayExpireMs =
      retentionTimeMs < 0 ? Infinity : isWallSteady ? now() + retentionTimeMs - CLOCKS_DIFFER_MS : 0;
    const answer = await link.ask(
      'OffsetCommit',
      retentionTimeMs < 0 ? COMMIT_VERSION : RETENTION_VERSION,
      {
        groupId: offsets.group,
        ...{ generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs },
        topics: [
          {
            name: TOPIC,
            partitions: [
              {
                ...{ partitionIndex: partition, committedOffset: Offset(value) },
                ...{ committedLeaderEpoch: NO_EPOCH, committedMetadata: '' },
              },
            ],
          },
        ],
      },
      REQUEST_TIMEOUT_MS,
    );
    const outcome = await this.#outcome(link, answer?.topics[0]?.partitions[0]?.errorCode);
    say(`${offsets.group}/${partition}: ${value} for ${retentionTimeMs} ms: ${outcome}`);
    offsets.operated([partition], value, mayExpireMs, outcome);
    if (outcome === 'done') this.counts.keptCommits += 1;
  }

  async #deleteOffsets({ offsets, link }: Kept): Promise<void> {
    const { random, say } = this.#parts;
    const partition = random.below(this.#parts.partitionCount);
    const answer = await link.ask(
      'OffsetDelete',
      OFFSET_DELETE_VERSION,
      { groupId: offsets.group, topics: [{ name: TOPIC, partitions: [{ partitionIndex: partition }] }] },
      REQUEST_TIMEOUT_MS,
    );
    const errorCode = answer?.topics[0]?.partitions[0]?.errorCode ?? answer?.errorCode;
    if (errorCode === ErrorCode.GROUP_ID_NOT_FOUND) {
      this.#isGone(offsets);
      return;
    }
    const outcome = await this.#outcome(link, errorCode);
    say(`${offsets.group}/${partition} is deleted: ${outcome}`);
    offsets.deleted([partition], outcome);
    if (outcome === 'done') this.counts.deletedOffsets += 1;
  }

  async #deleteGroup({ offsets, link }: Kept): Promise<void> {
    const answer = await link.ask(
      'DeleteGroups',
      DELETE_GROUPS_VERSION,
      { groupsNames: [offsets.group] },
      REQUEST_TIMEOUT_MS,
    );
    const errorCode = answer?.results[0]?.errorCode;
    if (errorCode === ErrorCode.GROUP_ID_NOT_FOUND) {
      this.#isGone(offsets);
      return;
    }
    const outcome = await this.#outcome(link, errorCode);
    this.#parts.say(`${offsets.group} is deleted: ${outcome}`);
    offsets.deleted(offsets.partitions, outcome);
    if (outcome === 'done') this.counts.deletedGroups += 1;
  }

  /** Fetches everything of one group, and judges it. Whether all of it was told. */
  async #look({ offsets, link }: Kept): Promise<boolean> {
    const { isOver } = this.#parts;
    const topics = [{ name: TOPIC, partitionIndexes: offsets.partitions }];
    const wish = { groupId: offsets.group, memberId: null, memberEpoch: -1, topics };
    // Sometimes as of the high watermark, sometimes behind everything that came before.
    const requireStable = this.counts.keptFetches % 2 === 0;
    const draft = { groups: [wish], requireStable };
    const answer = await link.ask('OffsetFetch', FETCH_VERSION, draft, REQUEST_TIMEOUT_MS);
    const told = answer?.groups[0];
    if (told === undefined || isOver()) return false;
    if (told.errorCode !== ErrorCode.NONE) {
      await link.isElsewhere(told.errorCode);
      return false;
    }
    this.counts.keptFetches += 1;
    const partitions = told.topics[0]?.partitions ?? [];
    for (const { partitionIndex, committedOffset, errorCode } of partitions)
      if (errorCode === ErrorCode.NONE) this.#saw(offsets, partitionIndex, committedOffset);
    return partitions.length === offsets.partitions.length && partitions.every((one) => one.errorCode === 0);
  }

  /** There is no such group: nothing is in it. */
  #isGone(offsets: KeptOffsets): void {
    for (const partition of offsets.partitions) this.#saw(offsets, partition, -1);
  }

  #saw(offsets: KeptOffsets, partition: number, value: number): void {
    const before = offsets.expired;
    const wrong = offsets.seen(partition, value, this.#parts.now());
    this.counts.expired += offsets.expired - before;
    if (wrong !== undefined) this.#parts.oracle.violates('G1 committed offsets', wrong);
  }

  /** Everything is found as it should be, and what was to expire has expired. */
  async #findsAll(): Promise<boolean> {
    for (const kept of this.#groups) {
      if (!(await this.#look(kept))) return false;
      if (this.#parts.isWallSteady && kept.offsets.isExpiring) return false;
    }
    return true;
  }

  async #outcome(link: CoordinatorLink, errorCode: number | undefined): Promise<Outcome> {
    if (errorCode === undefined) return 'unknown';
    if (errorCode === ErrorCode.NONE) return 'done';
    await link.isElsewhere(errorCode);
    if (unknown.includes(errorCode)) return 'unknown';
    if (!refusals.includes(errorCode))
      this.#parts.oracle.violates('requests are understood', `a keeper is told the error ${errorCode}`);
    return 'refused';
  }
}

/** What a broker may say for a while, though nothing is wrong with what it was asked. */
const refusals: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
];
