import type { LeaderEpoch, Random } from '@kafkaesque/kernel';
import { Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { CoordinatorLink } from './coordinator-link';
import type { GroupOracle, Incarnation } from './group-oracle';
import type { GroupsShape } from './shape';

export const TOPIC = 'grouped';
const COMMIT_VERSION = 9;
const FETCH_VERSION = 9;
const REQUEST_TIMEOUT_MS = 3_000;
/** How long a member may take to join again, or to give up what it is to lose. */
export const REBALANCE_TIMEOUT_MS = 3_000;
const CLOCKS_DIFFER_MS = 50;
const NO_EPOCH = -1 as LeaderEpoch;

/** What a member's life has in common under both protocols. */
export interface MemberParts {
  readonly incarnation: Incarnation;
  readonly link: CoordinatorLink;
  readonly oracle: GroupOracle;
  readonly shape: GroupsShape;
  readonly random: Random;
  readonly now: () => number;
  /** No process of this life does anything more. */
  readonly isDead: () => boolean;
  /** Nothing befalls members any more. */
  readonly isResting: () => boolean;
  /** Records of a partition that there are; Infinity while there is no end of them. */
  readonly limit: (partition: number) => number;
  readonly say: (what: string) => void;
}

/** What happens to a member beside its work. */
export type Mishap = 'silence' | 'death' | 'leaving' | 'twin' | 'stale';

/**
 * A member in one life: it processes what it was given from the committed offset on, and commits how far it came. Records are
 * made up: what matters is who processes which, and where the next one goes on.
 */
export class MemberWork {
  readonly parts: MemberParts;
  memberId = '';
  /** Generation, or member epoch. */
  epoch = -1;
  readonly #positions = new Map<number, number | undefined>();
  /**
   * Partitions of which a commit is under way for all that anybody knows, and in which epoch it was sent: it may undo later ones
   * as long as the member has the partition from then.
   */
  readonly #uncertain = new Map<number, number>();

  constructor(parts: MemberParts) {
    this.parts = parts;
  }

  get held(): readonly number[] {
    return [...this.#positions.keys()];
  }

  /** Everything it was given has a position. */
  get isReady(): boolean {
    return [...this.#positions.values()].every((position) => position !== undefined);
  }

  /** Another generation or member epoch begins. */
  enters(epoch: number): void {
    this.epoch = epoch;
    // Commits of an earlier generation are refused, so none comes late any more.
    if (this.parts.shape.protocols.every((protocol) => protocol === 'classic'))
      for (const [partition, sentIn] of this.#uncertain)
        if (sentIn < epoch) this.#uncertain.delete(partition);
    this.parts.oracle.sawEpoch(this.parts.incarnation, epoch);
  }

  acquire(partition: number): void {
    if (this.#positions.has(partition)) return;
    this.#positions.set(partition, undefined);
    // A classic member of a consumer group gives up what the group may take it to have had all the time.
    const isStrict = this.parts.shape.protocols.length === 1;
    if (isStrict && this.#uncertain.get(partition) !== this.epoch) this.#uncertain.delete(partition);
    const { oracle, incarnation, link } = this.parts;
    oracle.acquires(incarnation, partition, { epoch: this.epoch, by: link.answeredBy });
  }

  release(partition: number): void {
    if (this.#positions.delete(partition)) this.parts.oracle.releases(this.parts.incarnation, partition);
  }

  releaseAll(): void {
    for (const partition of this.held) this.release(partition);
  }

  confirmed(held: readonly number[], sentMs: number, what: 'heartbeat' | 'commit'): void {
    const { oracle, incarnation, link } = this.parts;
    for (const partition of held)
      if (this.#positions.has(partition))
        oracle.confirmed(incarnation, partition, { what, sentMs, by: link.answeredBy });
  }

  /** A heartbeat of `sentMs` was answered, and nothing is to be given up: that long it stays a member, whatever it does. */
  stays(sentMs: number): void {
    const { oracle, incarnation, shape } = this.parts;
    if (shape.protocols.length > 1) return;
    const untilMs = sentMs + Math.min(shape.sessionMs, REBALANCE_TIMEOUT_MS) - CLOCKS_DIFFER_MS;
    for (const partition of this.held) oracle.stays(incarnation, partition, untilMs);
  }

  /** Fetches committed offsets for what has no position yet. */
  async findPositions(credentials: {
    readonly memberId: string | null;
    readonly memberEpoch: number;
  }): Promise<void> {
    const { link, oracle, incarnation } = this.parts;
    const { group } = incarnation;
    const wanted = this.held.filter((partition) => this.#positions.get(partition) === undefined);
    if (wanted.length === 0) return;
    const expected = new Map(wanted.map((partition) => [partition, oracle.expected(group, partition)]));
    const topics = [{ name: TOPIC, partitionIndexes: wanted }];
    const draft = { groups: [{ groupId: group, ...credentials, topics }], requireStable: true };
    const answer = await link.ask('OffsetFetch', FETCH_VERSION, draft, REQUEST_TIMEOUT_MS);
    const told = answer?.groups[0];
    if (told === undefined || this.parts.isDead()) return;
    if (told.errorCode !== ErrorCode.NONE) {
      await link.isElsewhere(told.errorCode);
      return;
    }
    for (const { partitionIndex, committedOffset, errorCode } of told.topics[0]?.partitions ?? []) {
      const least = expected.get(partitionIndex);
      if (errorCode !== ErrorCode.NONE || least === undefined) continue;
      oracle.fetched(group, partitionIndex, committedOffset, least);
      if (this.#positions.has(partitionIndex))
        this.#positions.set(partitionIndex, Math.max(committedOffset, 0));
    }
  }

  /** Processes some records of each partition that it has a position in. */
  process(): void {
    const { oracle, incarnation, random, limit, isResting } = this.parts;
    for (const [partition, position] of this.#positions) {
      if (position === undefined) continue;
      const end = Math.min(position + random.below(isResting() ? 40 : 4), limit(partition));
      for (let offset = position; offset < end; offset++)
        oracle.processes(incarnation.group, partition, offset);
      if (end > position) this.#positions.set(partition, end);
    }
  }

  /** Commits how far it came in what it holds. False: it was refused, or nobody knows. */
  async commit(partitions: readonly number[] = this.held): Promise<boolean> {
    const { oracle, incarnation, now } = this.parts;
    const positions = new Map<number, number>();
    for (const partition of partitions) {
      const position = this.#positions.get(partition);
      if (position !== undefined && position > 0) positions.set(partition, position);
    }
    if (positions.size === 0) return true;
    for (const [partition, offset] of positions) oracle.asksToCommit(incarnation.group, partition, offset);
    const sentMs = now();
    const uncertain = new Set(this.#uncertain.keys());
    const { epoch } = this;
    const accepted = await this.#send(epoch, positions);
    if (accepted === undefined) {
      for (const partition of positions.keys()) this.#uncertain.set(partition, epoch);
      return false;
    }
    for (const partition of accepted)
      oracle.committed(
        incarnation.group,
        partition,
        positions.get(partition) ?? 0,
        sentMs,
        !uncertain.has(partition),
      );
    this.confirmed(accepted, sentMs, 'commit');
    return accepted.length === positions.size;
  }

  /** Commits offset 0 under an epoch that is over, as a process would that slept through what happened since. */
  async commitStale(epoch: number, partition: number): Promise<void> {
    const { oracle, incarnation } = this.parts;
    oracle.counts.staleCommits += 1;
    const { epoch: now } = this;
    const accepted = await this.#send(epoch, new Map([[partition, 0]]));
    if (accepted === undefined) return;
    if (accepted.length > 0) oracle.staleCommitAccepted(incarnation, epoch, now);
    else oracle.counts.staleRefusals += 1;
  }

  /** Which commits were accepted; undefined: nobody knows. */
  async #send(epoch: number, positions: ReadonlyMap<number, number>): Promise<readonly number[] | undefined> {
    const { link, incarnation } = this.parts;
    const partitions = [...positions].map(([partitionIndex, offset]) => ({
      ...{ partitionIndex, committedOffset: Offset(offset), committedLeaderEpoch: NO_EPOCH },
      committedMetadata: '',
    }));
    const answer = await link.ask(
      'OffsetCommit',
      COMMIT_VERSION,
      {
        groupId: incarnation.group,
        generationIdOrMemberEpoch: epoch,
        memberId: this.memberId,
        groupInstanceId: incarnation.instanceId,
        topics: [{ name: TOPIC, partitions }],
      },
      REQUEST_TIMEOUT_MS,
    );
    if (answer === undefined) return undefined;
    const told = answer.topics[0]?.partitions ?? [];
    for (const { errorCode } of told) if (await link.isElsewhere(errorCode)) break;
    // It may have been written all the same, and be committed later.
    if (told.some(({ errorCode }) => unknown.includes(errorCode))) return undefined;
    return told
      .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
      .map(({ partitionIndex }) => partitionIndex);
  }

  /** Something may befall it now. */
  mishap(): Mishap | undefined {
    const { random, shape, isResting, incarnation } = this.parts;
    if (isResting() || random.below(1_000) >= shape.mishaps) return undefined;
    const dice = random.below(10);
    if (dice < 3) return 'silence';
    if (dice < 5) return 'death';
    if (dice < 7) return 'leaving';
    if (dice < 8 && incarnation.instanceId !== null) return 'twin';
    return 'stale';
  }
}

/** Errors after which nobody knows whether a write will be there. */
export const unknown: readonly number[] = [
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNKNOWN_SERVER_ERROR,
];
