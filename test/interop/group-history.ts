/** What a member of a group tells. */
export type MemberEvent =
  /** The partitions that it holds from now on. */
  | { readonly kind: 'held'; readonly partitions: readonly number[] }
  /** It processes a record. */
  | { readonly kind: 'record'; readonly partition: number; readonly offset: number; readonly value: string }
  /** It was told that its commit is done: the group goes on at `next`. */
  | { readonly kind: 'committed'; readonly partition: number; readonly next: number }
  | { readonly kind: 'trouble'; readonly why: string };

/**
 * Everything is processed (`complete`), and no commit is behind another one (`forward`), and nothing is processed again once its
 * commit was told (`exact`).
 */
export type GroupPromise = 'exact' | 'forward' | 'complete';

interface Processing {
  readonly member: string;
  readonly value: string;
  readonly offset: number;
}

/** What all members of a group told, in the order in which it was heard, and whether it keeps a group's promises. */
export class GroupHistory {
  /** Sentences; empty when every promise held. */
  readonly faults: string[] = [];
  /** What went wrong for members and may: commits between two generations, lost connections. */
  readonly troubles: string[] = [];
  readonly #processed = new Map<number, Map<number, Processing>>();
  readonly #committed = new Map<number, number>();
  readonly #counts = new Map<string, number>();
  #again = 0;
  readonly #watchers = new Set<() => void>();
  readonly #lastCommitMs = new Map<string, number>();
  readonly #isStrict: boolean;
  readonly #isForward: boolean;

  constructor({ promise }: { readonly promise: GroupPromise }) {
    this.#isStrict = promise === 'exact';
    this.#isForward = promise !== 'complete';
  }

  hear(member: string, event: MemberEvent): void {
    if (event.kind === 'record') this.#hearRecord(member, event);
    else if (event.kind === 'committed') this.#hearCommit(member, event);
    else if (event.kind === 'trouble') this.troubles.push(`${member}: ${event.why}`);
    for (const watcher of this.#watchers) watcher();
  }

  #hearRecord(member: string, event: Extract<MemberEvent, { kind: 'record' }>): void {
    const { partition, offset, value } = event;
    const ofPartition = this.#processed.get(partition) ?? new Map<number, Processing>();
    this.#processed.set(partition, ofPartition);
    const before = ofPartition.get(offset);
    const committed = this.#committed.get(partition) ?? 0;
    if (offset < committed && this.#isStrict)
      this.faults.push(
        `${member} processed ${value} (partition ${partition}, offset ${offset}) after the group was told that it goes on at ${committed}`,
      );
    if (before === undefined && offset > 0 && !ofPartition.has(offset - 1) && this.#isStrict)
      this.faults.push(`${member} processed offset ${offset} of partition ${partition} before ${offset - 1}`);
    if (before !== undefined) {
      this.#again += 1;
      if (before.value !== value)
        this.faults.push(
          `offset ${offset} of partition ${partition} is ${before.value} for ${before.member} and ${value} for ${member}`,
        );
    }
    ofPartition.set(offset, { member, value, offset });
    this.#counts.set(member, (this.#counts.get(member) ?? 0) + 1);
  }

  #hearCommit(member: string, { partition, next }: Extract<MemberEvent, { kind: 'committed' }>): void {
    const committed = this.#committed.get(partition) ?? 0;
    if (next < committed && this.#isForward)
      this.faults.push(`${member} took partition ${partition} back from ${committed} to ${next}`);
    this.#committed.set(partition, next);
    this.#lastCommitMs.set(member, performance.now());
  }

  /** How many records a member processed. */
  countOf(member: string): number {
    return this.#counts.get(member) ?? 0;
  }

  /** Records that were processed more than once: their commit was not told before their owner was gone. */
  get again(): number {
    return this.#again;
  }

  /** The offset at which the group goes on, as its members were told. */
  committedIn(partition: number): number {
    return this.#committed.get(partition) ?? 0;
  }

  /** When a member was told last that a commit is done. */
  lastCommitMs(member: string): number {
    return this.#lastCommitMs.get(member) ?? 0;
  }

  /** Different records of a partition. */
  processedIn(partition: number): number {
    return this.#processed.get(partition)?.size ?? 0;
  }

  valuesIn(partition: number): readonly string[] {
    const ofPartition = this.#processed.get(partition) ?? new Map<number, Processing>();
    return [...ofPartition].sort(([a], [b]) => a - b).map(([, { value }]) => value);
  }

  /** Resolves once it holds; looks whenever something is heard. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
}
