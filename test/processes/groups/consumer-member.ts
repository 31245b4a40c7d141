import { randomUUID } from 'node:crypto';
import type { TopicId } from '@kafkaesque/kernel';
import { ERROR_CODES, isElsewhere } from './group-errors';
import { Member } from './member';

const REBALANCE_MS = 10_000;
const LEAVING_EPOCH = -1;

/** A member by the protocol of KIP-848 without a client between, which therefore knows its epoch. */
export class ConsumerMember extends Member {
  readonly #memberId = randomUUID();
  #epoch = 0;
  /** What it has, and whether the coordinator has heard so. */
  #owned: readonly number[] = [];
  #topicId: TopicId | undefined;
  #isToTellAll = true;

  protected override async turn(): Promise<void> {
    const groupId = this.register.group;
    const isJoining = this.#epoch === 0;
    if (isJoining) this.register.releasesAll(this.name);
    const sentMs = performance.now();
    const answer = await this.#asked(() =>
      this.link.ask('ConsumerGroupHeartbeat', 1, {
        ...{ groupId, memberId: this.#memberId, memberEpoch: this.#epoch },
        ...(this.#isToTellAll
          ? { rebalanceTimeoutMs: REBALANCE_MS, subscribedTopicNames: [this.topic] }
          : {}),
        topicPartitions: this.#ownedTopics(),
      }),
    );
    if (answer === undefined) return;
    this.#isToTellAll = false;
    this.#epoch = answer.memberEpoch;
    this.register.isAlive(this.name, sentMs);
    const assigned = answer.assignment;
    if (assigned !== null) {
      const [first] = assigned.topicPartitions;
      this.#topicId = first?.topicId ?? this.#topicId;
      this.#take(first?.partitions ?? [], sentMs);
    } else for (const partition of this.#owned) this.#claim(partition, sentMs);
    await this.commit(this.#owned, this.#epoch, this.#memberId, (code) => this.#heed(code));
  }

  /** Gives away what it is to give away, then takes what is new; the next heartbeat tells so. */
  #take(target: readonly number[], sentMs: number): void {
    for (const partition of this.#owned)
      if (!target.includes(partition)) this.register.releases(this.name, partition);
    this.#owned = [...target];
    for (const partition of target) this.#claim(partition, sentMs);
    this.has(target);
  }

  #claim(partition: number, sentMs: number): void {
    this.register.owns(this.name, this.#epoch, partition, sentMs);
  }

  #ownedTopics(): { topicId: TopicId; partitions: number[] }[] {
    return this.#owned.length === 0 || this.#topicId === undefined
      ? []
      : [{ topicId: this.#topicId, partitions: [...this.#owned] }];
  }

  /** The answer, if it is a good one; what it says otherwise is heeded. */
  async #asked<Answer extends { readonly errorCode: number }>(
    ask: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      const answer = await ask();
      if (answer.errorCode === ERROR_CODES.NONE) return answer;
      this.#heed(answer.errorCode);
      return undefined;
    } catch (error) {
      // Whether it was heard is not known, so everything is told again.
      this.#isToTellAll = true;
      throw error;
    }
  }

  #heed(errorCode: number): void {
    if (isElsewhere(errorCode)) {
      this.link.lost();
      this.#isToTellAll = true;
    } else if (errorCode === ERROR_CODES.FENCED_MEMBER_EPOCH || errorCode === ERROR_CODES.UNKNOWN_MEMBER_ID)
      this.forgotten();
    // A stale epoch is over with the next heartbeat.
  }

  protected override async goodbye(): Promise<void> {
    await this.link.ask('ConsumerGroupHeartbeat', 1, {
      ...{ groupId: this.register.group, memberId: this.#memberId, memberEpoch: LEAVING_EPOCH },
    });
  }

  protected override forgotten(): void {
    this.register.releasesAll(this.name);
    this.#epoch = 0;
    this.#owned = [];
    this.has([]);
    this.#isToTellAll = true;
  }
}
