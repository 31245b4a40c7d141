import { Violation } from '../runner/suite';

/** One life of a member's process. */
export interface Incarnation {
  readonly number: number;
  readonly group: string;
  readonly instanceId: string | null;
}

interface Holder {
  readonly incarnation: Incarnation;
  readonly sinceMs: number;
}

/** When a static member last asked to join as one whom nobody knows: it takes the place of whoever had its instance id. */
interface FreshJoin {
  readonly incarnation: Incarnation;
  readonly sentMs: number;
  answeredMs: number | undefined;
  /** Its membership is committed. */
  isSettled: boolean;
}

/** What is known of one partition in one group. */
interface GroupPartition {
  /** The greatest offset whose commit was acknowledged; -1: none was. */
  acknowledged: number;
  /** The greatest offset that was accepted, also where an earlier commit may still come and undo that. */
  accepted: number;
  /** The greatest offset that anybody asked to commit. */
  asked: number;
  /** Every record below was processed by somebody. */
  processed: number;
  readonly ahead: Set<number>;
  readonly holders: Holder[];
}

/**
 * Sees what every member of every group is told, and judges it (RELIABILITY 2.3): what was acknowledged is fetched (G1), what is
 * stale is refused (G2), a partition has one owner (G3), and nothing is passed over (G4).
 */
export class GroupOracle {
  violation: Violation | undefined;
  readonly counts = {
    commits: 0,
    staleCommits: 0,
    fetches: 0,
    assignments: 0,
    fencings: 0,
    processed: 0,
  };
  readonly #now: () => number;
  readonly #partitions = new Map<string, GroupPartition>();
  /** By group and member id. */
  readonly #generations = new Map<string, number>();
  readonly #freshJoins = new Map<string, FreshJoin[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  partition(group: string, partition: number): Readonly<GroupPartition> {
    return this.#of(group, partition);
  }

  #of(group: string, partition: number): GroupPartition {
    const key = `${group}/${partition}`;
    const known = this.#partitions.get(key) ?? {
      ...{ acknowledged: -1, accepted: -1, asked: -1, processed: 0 },
      ...{ ahead: new Set<number>(), holders: [] },
    };
    this.#partitions.set(key, known);
    return known;
  }

  // ---- offsets --------------------------------------------------------------------------------

  asksToCommit(group: string, partition: number, offset: number): void {
    const known = this.#of(group, partition);
    known.asked = Math.max(known.asked, offset);
  }

  /** A commit was acknowledged; `isCertain`: no other one of its member is under way that could undo it. */
  committed(group: string, partition: number, offset: number, isCertain: boolean): void {
    this.counts.commits += 1;
    const known = this.#of(group, partition);
    known.accepted = Math.max(known.accepted, offset);
    if (isCertain) known.acknowledged = Math.max(known.acknowledged, offset);
  }

  /** The committed offset was fetched; `atLeast` was acknowledged before it was asked for. -1: there is none. */
  fetched(group: string, partition: number, offset: number, atLeast: number): void {
    this.counts.fetches += 1;
    const known = this.#of(group, partition);
    const what = `${group}, partition ${partition}`;
    if (offset < atLeast)
      this.#violate(
        'G1 committed offsets',
        `${what}: offset ${offset} was fetched, and ${atLeast} had been acknowledged`,
      );
    if (offset > known.asked)
      this.#violate(
        'G1 committed offsets',
        `${what}: offset ${offset} was fetched, and nobody has asked to commit more than ${known.asked}`,
      );
    if (offset > known.processed)
      this.#violate(
        'G4 nothing is passed over',
        `${what}: offset ${offset} is committed, and only what lies below ${known.processed} was processed`,
      );
  }

  processes(group: string, partition: number, offset: number): void {
    this.counts.processed += 1;
    const known = this.#of(group, partition);
    if (offset >= known.processed) known.ahead.add(offset);
    while (known.ahead.delete(known.processed)) known.processed += 1;
  }

  /** A commit was made under a generation or epoch that its member knows to be over. */
  staleCommitAccepted(incarnation: Incarnation, epoch: number, now: number): void {
    this.#violate(
      'G2 stale commits',
      `${incarnation.group}: member ${incarnation.number} is in epoch ${now}, and its commit under ${epoch} was accepted`,
    );
  }

  /** A member of the classic protocol is in another generation; while it is known under one id, these only grow. */
  enters({ group, number }: Incarnation, memberId: string, generation: number): void {
    const key = `${group}/${memberId}`;
    const before = this.#generations.get(key) ?? -1;
    this.#generations.set(key, generation);
    if (generation < before)
      this.#violate(
        'generations grow',
        `${group}: member ${number} was in generation ${before}, and is now in ${generation}`,
      );
  }

  // ---- ownership ------------------------------------------------------------------------------

  acquires(incarnation: Incarnation, partition: number): void {
    this.counts.assignments += 1;
    const { holders } = this.#of(incarnation.group, partition);
    holders.push({ incarnation, sinceMs: this.#now() });
  }

  releases(incarnation: Incarnation, partition: number): void {
    const { holders } = this.#of(incarnation.group, partition);
    const at = holders.findIndex((holder) => holder.incarnation === incarnation);
    if (at >= 0) holders.splice(at, 1);
  }

  /**
   * The coordinator has taken a member for one that holds `partition`, in answer to something sent at `sentMs`. It must not,
   * if before that it had given the partition to somebody else, who holds it still.
   */
  confirmed(incarnation: Incarnation, partition: number, sentMs: number, by: string): void {
    const { holders } = this.#of(incarnation.group, partition);
    const own = holders.find((holder) => holder.incarnation === incarnation);
    if (own === undefined) return;
    const other = holders.find(
      (holder) => holder !== own && holder.sinceMs > own.sinceMs && holder.sinceMs < sentMs,
    );
    if (other === undefined) return;
    this.#violate(
      'G3 one owner',
      `${incarnation.group}, partition ${partition}: member ${incarnation.number} has it since ${own.sinceMs.toFixed(1)}, ` +
        `member ${other.incarnation.number} since ${other.sinceMs.toFixed(1)}, and the former's ${by} of ${sentMs.toFixed(1)} was accepted`,
    );
  }

  // ---- static members -------------------------------------------------------------------------

  /** A member asks to join that the coordinator does not know by its id. Tell what this returns when that was answered. */
  joinsAfresh(incarnation: Incarnation): () => void {
    const { instanceId, group } = incarnation;
    if (instanceId === null) return () => undefined;
    const key = `${group}/${instanceId}`;
    const joins = this.#freshJoins.get(key) ?? [];
    this.#freshJoins.set(key, joins);
    const join: FreshJoin = {
      ...{ incarnation, sentMs: this.#now() },
      ...{ answeredMs: undefined, isSettled: false },
    };
    joins.push(join);
    return () => {
      join.answeredMs = this.#now();
    };
  }

  /** A member was given its assignment: what it joined as is committed. */
  settles(incarnation: Incarnation): void {
    const joins = this.#freshJoins.get(`${incarnation.group}/${incarnation.instanceId}`) ?? [];
    const latest = joins.filter((join) => join.incarnation === incarnation).pop();
    if (latest !== undefined) latest.isSettled = true;
  }

  /** A member was told that another one has its instance id. */
  fenced(incarnation: Incarnation): void {
    this.counts.fencings += 1;
    const joins = this.#freshJoins.get(`${incarnation.group}/${incarnation.instanceId}`) ?? [];
    const own = joins.filter((join) => join.incarnation === incarnation);
    const firstMs = own[0]?.sentMs ?? 0;
    // What it sent itself on a connection that it gave up may come late, and take its own place.
    const latest = own[own.length - 1];
    const isExplained = joins.some(
      (join) =>
        join !== latest &&
        (join.answeredMs === undefined || (join.incarnation !== incarnation && join.answeredMs >= firstMs)),
    );
    // Until then a coordinator that dies takes it along, and the next one knows who had the instance id before, as Kafka's does.
    if (isExplained || latest?.isSettled === false) return;
    this.#violate(
      'a static member is fenced by its successor',
      `${incarnation.group}: member ${incarnation.number} (${incarnation.instanceId}) was fenced, and nobody else has that instance id`,
    );
  }

  /** For whoever looks at groups that do not come to an end. */
  standing(groups: readonly string[], partitionCount: number): string {
    return groups
      .map((group) => {
        const partitions = Array.from({ length: partitionCount }, (_, partition) => {
          const { acknowledged, accepted, processed, holders } = this.#of(group, partition);
          const owners = holders.map(({ incarnation }) => incarnation.number).join(' ');
          return `${partition}: committed ${accepted} (${acknowledged} for certain), processed ${processed}, held by ${owners || 'nobody'}`;
        });
        return `${group}: ${partitions.join('; ')}`;
      })
      .join(' | ');
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
  }
}
