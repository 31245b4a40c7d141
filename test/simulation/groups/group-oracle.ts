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
  /** The generation or epoch in which it was given the partition, and by which broker. */
  readonly given: { readonly epoch: number; readonly by: number };
  /** Until then it is a member at least, if it holds this still. */
  stayingUntilMs: number;
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

/** What somebody who asks for a committed offset must find at least. */
export interface ExpectedOffset {
  readonly atLeast: number;
  /** How often somebody had asked to delete it by then. */
  readonly deletions: number;
}

/** What is known of attempts to delete a group, or its offsets: they succeed while nobody is in it. */
interface Deletions {
  asked: number;
  /** Those whose outcome nobody knows, or not yet. */
  underWay: number;
  /** When the last one that succeeded was asked for, and answered. */
  doneAskedMs: number;
  doneMs: number;
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
    staleRefusals: 0,
    assignments: 0,
    rebalances: 0,
    ownershipChecks: 0,
    contested: 0,
    knowingAnswers: 0,
    fencings: 0,
    evictions: 0,
    processed: 0,
    deletions: 0,
    refusedDeletions: 0,
  };
  readonly #now: () => number;
  readonly #partitions = new Map<string, GroupPartition>();
  /** By group and member id. */
  readonly #generations = new Map<string, number>();
  readonly #freshJoins = new Map<string, FreshJoin[]>();
  readonly #deletions = new Map<string, Deletions>();
  /** The latest generation or epoch that some member of a group has told of. */
  readonly #epochs = new Map<string, number>();
  /** By group: its processes, and the epoch in which each is a member; 0: in none yet, or no more. */
  readonly #membership = new Map<string, Map<Incarnation, number>>();
  /** By broker: the partitions that it reads to coordinate their groups, and when these last changed. */
  readonly #loading = new Map<number, { readonly partitions: Set<number>; changedMs: number }>();

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

  /** A commit of `sentMs` was acknowledged; `isCertain`: no other one of its member is under way that could undo it. */
  committed(group: string, partition: number, offset: number, sentMs: number, isCertain: boolean): void {
    this.counts.commits += 1;
    const known = this.#of(group, partition);
    const { underWay, doneMs } = this.#deletionsOf(group);
    if (sentMs >= doneMs) known.accepted = Math.max(known.accepted, offset);
    if (isCertain && underWay === 0 && sentMs >= doneMs)
      known.acknowledged = Math.max(known.acknowledged, offset);
  }

  /** To be taken before it is asked for. */
  expected(group: string, partition: number): ExpectedOffset {
    return {
      atLeast: this.#of(group, partition).acknowledged,
      deletions: this.#deletionsOf(group).asked,
    };
  }

  /** The committed offset was fetched. -1: there is none. */
  fetched(group: string, partition: number, offset: number, expected: ExpectedOffset): void {
    this.counts.fetches += 1;
    const known = this.#of(group, partition);
    const atLeast = expected.deletions === this.#deletionsOf(group).asked ? expected.atLeast : -1;
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

  /** Somebody asks to delete a group, or its offsets. Tell what this returns whether it was done, once that is known. */
  asksToDelete(group: string, partitionCount: number): (isDone: boolean) => void {
    const deletions = this.#deletionsOf(group);
    deletions.asked += 1;
    deletions.underWay += 1;
    const { doneMs } = deletions;
    const askedMs = this.#now();
    const before = Array.from({ length: partitionCount }, (_, partition) => {
      const { acknowledged } = this.#of(group, partition);
      this.#of(group, partition).acknowledged = -1;
      return acknowledged;
    });
    return (isDone) => {
      this.counts[isDone ? 'deletions' : 'refusedDeletions'] += 1;
      deletions.underWay -= 1;
      if (isDone) Object.assign(deletions, { doneAskedMs: askedMs, doneMs: this.#now() });
      for (const [partition, acknowledged] of before.entries()) {
        const known = this.#of(group, partition);
        const inside = known.holders.find(
          ({ sinceMs, stayingUntilMs }) => sinceMs < askedMs && stayingUntilMs > this.#now(),
        );
        if (isDone && inside !== undefined)
          this.#violate(
            'nobody deletes what is in use',
            `${group} was deleted between ${askedMs.toFixed(1)} and ${this.#now().toFixed(1)}, ` +
              `and member ${inside.incarnation.number} was in it all the time`,
          );
        if (isDone) known.accepted = -1;
        // What another deletion may have taken meanwhile is not put back.
        else if (deletions.underWay === 0 && deletions.doneMs === doneMs)
          known.acknowledged = Math.max(known.acknowledged, acknowledged);
      }
    };
  }

  #deletionsOf(group: string): Deletions {
    const known = this.#deletions.get(group) ?? { asked: 0, underWay: 0, doneAskedMs: -1, doneMs: -1 };
    this.#deletions.set(group, known);
    return known;
  }

  /** A commit was made under a generation or epoch that its member knows to be over. */
  staleCommitAccepted(incarnation: Incarnation, epoch: number, now: number): void {
    this.#violate(
      'G2 stale commits',
      `${incarnation.group}: member ${incarnation.number} is in epoch ${now}, and its commit under ${epoch} was accepted`,
    );
  }

  /** A process lives, and is no member yet, or none any more: it has to join. */
  joins(incarnation: Incarnation): void {
    const { group } = incarnation;
    const members = this.#membership.get(group) ?? new Map<Incarnation, number>();
    this.#membership.set(group, members);
    members.set(incarnation, 0);
  }

  /** A process is over. */
  ends(incarnation: Incarnation): void {
    this.#membership.get(incarnation.group)?.delete(incarnation);
  }

  /** So many processes live, and all of them are members of one generation, or in one epoch. */
  isWhole(group: string, members: number): boolean {
    const epochs = [...(this.#membership.get(group)?.values() ?? [])];
    return epochs.length === members && epochs.every((epoch) => epoch > 0 && epoch === epochs[0]);
  }

  /** A member was told a generation or an epoch. */
  sawEpoch(incarnation: Incarnation, epoch: number): void {
    const { group } = incarnation;
    this.#membership.get(group)?.set(incarnation, epoch);
    if (epoch <= (this.#epochs.get(group) ?? 0)) return;
    this.#epochs.set(group, epoch);
    this.counts.rebalances += 1;
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

  // ---- coordinators ---------------------------------------------------------------------------

  /** A broker begins to read a partition of `__consumer_offsets`, or has read it, or has died. */
  coordinates(nodeId: number, what: 'loading' | 'loaded' | 'nothing', partition?: number): void {
    const known = this.#loading.get(nodeId) ?? { partitions: new Set<number>(), changedMs: 0 };
    this.#loading.set(nodeId, known);
    known.changedMs = this.#now();
    if (what === 'nothing') known.partitions.clear();
    else if (partition !== undefined) known.partitions[what === 'loading' ? 'add' : 'delete'](partition);
  }

  /** Whether a broker knew all the time what it answered of groups. One that is loading takes heartbeats of anybody. */
  #knewSince(nodeId: number, sinceMs: number): boolean {
    const known = this.#loading.get(nodeId);
    return known !== undefined && known.partitions.size === 0 && known.changedMs < sinceMs;
  }

  // ---- ownership ------------------------------------------------------------------------------

  acquires(incarnation: Incarnation, partition: number, given: Holder['given']): void {
    this.counts.assignments += 1;
    const { holders } = this.#of(incarnation.group, partition);
    holders.push({ incarnation, sinceMs: this.#now(), given, stayingUntilMs: 0 });
  }

  /** A member that holds `partition` cannot be thrown out before then, so many milliseconds after its last heartbeat. */
  stays(incarnation: Incarnation, partition: number, untilMs: number): void {
    const { holders } = this.#of(incarnation.group, partition);
    const own = holders.find((holder) => holder.incarnation === incarnation);
    if (own !== undefined) own.stayingUntilMs = untilMs;
  }

  releases(incarnation: Incarnation, partition: number): void {
    const { holders } = this.#of(incarnation.group, partition);
    const at = holders.findIndex((holder) => holder.incarnation === incarnation);
    if (at >= 0) holders.splice(at, 1);
  }

  /**
   * The coordinator has taken a member for one that holds `partition`, in answer to `what` was sent at `sentMs`. It must not,
   * if before that it had given the partition to somebody else, who holds it still. A broker that is loading, or does not know
   * yet that it coordinates no more, answers heartbeats, as Kafka's do; it can not commit anything.
   */
  confirmed(
    incarnation: Incarnation,
    partition: number,
    {
      what,
      sentMs,
      by,
    }: { readonly what: 'heartbeat' | 'commit'; readonly sentMs: number; readonly by: number },
  ): void {
    const { holders } = this.#of(incarnation.group, partition);
    const own = holders.find((holder) => holder.incarnation === incarnation);
    if (own === undefined) return;
    this.counts.ownershipChecks += 1;
    if (holders.length > 1) this.counts.contested += 1;
    const isKnowing = what === 'commit' || this.#knewSince(by, sentMs);
    if (what === 'heartbeat' && isKnowing) this.counts.knowingAnswers += 1;
    const { doneAskedMs, doneMs } = this.#deletionsOf(incarnation.group);
    if (own.sinceMs < doneAskedMs && sentMs > doneMs)
      this.#violate(
        'nobody deletes what is in use',
        `${incarnation.group} was deleted between ${doneAskedMs.toFixed(1)} and ${doneMs.toFixed(1)}, ` +
          `and member ${incarnation.number} was in it all the time`,
      );
    // Whoever hears late what it was given in an earlier epoch, which is over, has nothing.
    const other = holders.find(
      ({ incarnation: { number }, sinceMs, given }) =>
        number !== incarnation.number &&
        given.epoch >= own.given.epoch &&
        sinceMs > own.sinceMs &&
        sinceMs < sentMs &&
        isKnowing &&
        (what === 'commit' || given.by === by),
    );
    if (other === undefined) return;
    this.#violate(
      'G3 one owner',
      `${incarnation.group}, partition ${partition}: member ${incarnation.number} has it since ${own.sinceMs.toFixed(1)}, ` +
        `member ${other.incarnation.number} since ${other.sinceMs.toFixed(1)}, and the former's ${what} of ${sentMs.toFixed(1)} was accepted`,
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
        const members = Array.from(
          this.#membership.get(group) ?? [],
          ([{ number }, epoch]) => `${number} ${epoch === 0 ? 'outside' : `in ${epoch}`}`,
        );
        return `${group}: ${partitions.join('; ')}; members ${members.join(', ')}`;
      })
      .join(' | ');
  }

  /** What must never happen was seen elsewhere. */
  violates(invariant: string, message: string): void {
    this.#violate(invariant, message);
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
  }
}
