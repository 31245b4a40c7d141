/** Sessions of members whose coordinator tells them how long they last, and of those who say so themselves. */
export const SESSION_MS = 6000;

interface Owner {
  readonly member: string;
  /** Until when its coordinator must take it for alive, whatever happens. */
  validUntilMs: number;
}

const now = (): number => performance.now();

/**
 * What members of one group were told of its partitions and offsets, and whether all of it can be true: no partition has two
 * owners in one generation or epoch, or at one time; no committed offset goes backwards (invariants G1 to G3).
 */
export class GroupRegister {
  readonly group: string;
  readonly partitions: number;
  /** Sentences; empty when every promise held. */
  readonly violations: string[] = [];
  readonly #ownersByEpoch = new Map<string, string>();
  readonly #owners = new Map<number, Owner>();
  readonly #committed = new Map<number, number>();
  readonly #lastCommitMs = new Map<number, number>();
  #commits = 0;

  constructor(group: string, partitions: number) {
    this.group = group;
    this.partitions = partitions;
  }

  /** `epoch`: a generation of the classic protocol, or the epoch of a member of the newer one. */
  owns(member: string, epoch: number, partition: number, heardOfMs: number): void {
    const key = `${epoch}/${partition}`;
    const before = this.#ownersByEpoch.get(key);
    if (before !== undefined && before !== member)
      this.#violated(`partition ${partition} belongs to ${before} and to ${member} in epoch ${epoch}`);
    this.#ownersByEpoch.set(key, member);
    const other = this.#owners.get(partition);
    if (other !== undefined && other.member !== member && other.validUntilMs > now())
      this.#violated(
        `partition ${partition} was given to ${member} in epoch ${epoch} while ${other.member} has it for another ${Math.round(other.validUntilMs - now())} ms`,
      );
    this.#owners.set(partition, { member, validUntilMs: heardOfMs + SESSION_MS });
  }

  /** A heartbeat that was sent at this time was answered: its sender has its partitions for another session. */
  isAlive(member: string, sentMs: number): void {
    for (const owner of this.#owners.values())
      if (owner.member === member) owner.validUntilMs = Math.max(owner.validUntilMs, sentMs + SESSION_MS);
  }

  /** It has given a partition away, or is about to tell that it has. */
  releases(member: string, partition: number): void {
    if (this.#owners.get(partition)?.member === member) this.#owners.delete(partition);
  }

  releasesAll(member: string): void {
    for (let partition = 0; partition < this.partitions; partition += 1) this.releases(member, partition);
  }

  committed(member: string, partition: number, offset: number): void {
    const before = this.#committed.get(partition) ?? 0;
    if (offset < before)
      this.#violated(`${member} committed ${offset} of partition ${partition} behind ${before}`);
    this.#committed.set(partition, Math.max(before, offset));
    this.#lastCommitMs.set(partition, now());
    this.#commits += 1;
  }

  /** What is committed at least, to be compared with what is read from now on. */
  floor(): ReadonlyMap<number, number> {
    return new Map(this.#committed);
  }

  /** `floor`: of the time when it was asked. -1: nobody has committed. */
  read(who: string, partition: number, offset: number, floor: ReadonlyMap<number, number>): void {
    const least = floor.get(partition) ?? -1;
    if (offset < least)
      this.#violated(`${who} read offset ${offset} of partition ${partition}, where ${least} was committed`);
  }

  /** Whether these, and nobody else, own all partitions, and have committed something of each after this time. */
  isWholeSince(sinceMs: number, members: readonly string[]): boolean {
    const owners = new Set<string>();
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const owner = this.#owners.get(partition)?.member;
      if (owner === undefined || !members.includes(owner)) return false;
      if ((this.#lastCommitMs.get(partition) ?? 0) <= sinceMs) return false;
      owners.add(owner);
    }
    return owners.size === Math.min(members.length, this.partitions);
  }

  get commits(): number {
    return this.#commits;
  }

  testimony(): string {
    const owners = [...this.#owners].sort(([a], [b]) => a - b).map(([at, { member }]) => `${at} ${member}`);
    return `${this.group}: ${owners.join(', ')}; ${this.#commits} commits`;
  }

  #violated(what: string): void {
    this.violations.push(`${this.group}: ${what}`);
  }
}
