import { Offset } from '@kafkaesque/kernel';
import { CoordinatorLink, NoAnswer } from './coordinator-link';
import { ERROR_CODES, isElsewhere } from './group-errors';
import type { GroupRegister } from './group-register';

export interface MemberSettings {
  readonly bootstrapServers: string;
  readonly register: GroupRegister;
  readonly topic: string;
  readonly name: string;
}

/** Between two heartbeats with commits. */
const PACE_MS = 100;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A member of a group that counts in its committed offsets, and enters everything it is told into a register. */
export abstract class Member {
  readonly name: string;
  protected readonly register: GroupRegister;
  protected readonly link: CoordinatorLink;
  protected readonly topic: string;
  readonly #positions = new Map<number, number>();
  readonly #life: Promise<void>;
  #isOver = false;

  constructor({ bootstrapServers, register, topic, name }: MemberSettings) {
    this.name = name;
    this.register = register;
    this.topic = topic;
    this.link = new CoordinatorLink(bootstrapServers, register.group);
    this.#life = Promise.resolve().then(() => this.#live());
    this.#life.catch((error: unknown) => register.violations.push(`${name}: ${String(error)}`));
  }

  /** One step: a join, or a heartbeat with its commits. */
  protected abstract turn(): Promise<void>;
  /** Tells the coordinator that this member goes. */
  protected abstract goodbye(): Promise<void>;
  /** It is no member any more, as far as it knows. */
  protected abstract forgotten(): void;

  protected allPartitions(): readonly number[] {
    return Array.from({ length: this.register.partitions }, (_, partition) => partition);
  }

  /** What it has now: of everything else it forgets how far it was. */
  protected has(partitions: readonly number[]): void {
    for (const partition of this.#positions.keys())
      if (!partitions.includes(partition)) this.#positions.delete(partition);
  }

  /** Goes on where the group has committed. */
  async #beginAt(partitions: readonly number[]): Promise<void> {
    while (!this.#isOver && partitions.length > 0) {
      const floor = this.register.floor();
      const { topics, errorCode } = await this.link.ask('OffsetFetch', 7, {
        groupId: this.register.group,
        topics: [{ name: this.topic, partitionIndexes: [...partitions] }],
        requireStable: true,
      });
      const offsets = topics[0]?.partitions ?? [];
      const isWhole = errorCode === 0 && offsets.every((one) => one.errorCode === 0);
      if (isWhole && offsets.length === partitions.length) {
        for (const { partitionIndex, committedOffset } of offsets) {
          this.register.read(this.name, partitionIndex, committedOffset, floor);
          this.#positions.set(partitionIndex, Math.max(0, committedOffset));
        }
        return;
      }
      if (isElsewhere(errorCode)) this.link.lost();
      await sleep(20);
    }
  }

  /** Commits the next offset of each partition. `refused` hears of what is not well. */
  protected async commit(
    partitions: readonly number[],
    epoch: number,
    memberId: string,
    refused: (errorCode: number) => void,
  ): Promise<void> {
    await this.#beginAt(partitions.filter((partition) => !this.#positions.has(partition)));
    if (partitions.length === 0 || this.#isOver) return;
    const next = partitions.map((partition) => (this.#positions.get(partition) ?? 0) + 1);
    const { topics } = await this.link.ask('OffsetCommit', 9, {
      ...{ groupId: this.register.group, generationIdOrMemberEpoch: epoch, memberId },
      topics: [
        {
          name: this.topic,
          partitions: partitions.map((partitionIndex, at) => ({
            ...{ partitionIndex, committedOffset: Offset(next[at] ?? 0), committedMetadata: this.name },
          })),
        },
      ],
    });
    const codes = new Map(
      topics[0]?.partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
    );
    for (const [at, partition] of partitions.entries()) {
      const code = codes.get(partition) ?? -1;
      if (code !== ERROR_CODES.NONE) {
        refused(code);
        continue;
      }
      this.#positions.set(partition, next[at] ?? 0);
      this.register.committed(this.name, partition, next[at] ?? 0);
    }
  }

  async #live(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.turn();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
      }
      await sleep(PACE_MS);
    }
  }

  /** Says goodbye, if anybody hears it. */
  async leave(): Promise<void> {
    this.#isOver = true;
    await this.#life;
    this.register.releasesAll(this.name);
    await this.goodbye().catch(() => undefined);
    this.link.close();
  }

  /** Says and does nothing more, as a process that was killed. */
  async kill(): Promise<void> {
    this.#isOver = true;
    this.link.close();
    await this.#life;
  }
}
