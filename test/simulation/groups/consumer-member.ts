import type { TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { LifeEnd } from './classic-member';
import { MemberWork, REBALANCE_TIMEOUT_MS, TOPIC } from './member';
import type { MemberParts } from './member';

const HEARTBEAT_VERSION = 1;
const REQUEST_TIMEOUT_MS = 3_000;
const STALE_ONCE_IN = 3;
const REGEX = `${TOPIC.slice(0, -1)}.`;
const JOINS = 0;
const LEAVES = -1;
const LEAVES_FOR_A_WHILE = -2;

type HeartbeatAnswer = ResponseOf<'ConsumerGroupHeartbeat'>;

/** A member that joins by the consumer protocol (KIP-848), and gives up what another one is to have, and nothing else. */
export const liveConsumer = async (
  parts: MemberParts,
  topicId: () => TopicId,
  twin: () => void,
): Promise<LifeEnd> => {
  const work = new MemberWork(parts);
  try {
    return await new ConsumerLife(work, topicId, twin).live();
  } finally {
    work.releaseAll();
  }
};

class ConsumerLife {
  readonly #work: MemberWork;
  readonly #topicId: () => TopicId;
  readonly #twin: () => void;
  /** Subscribed by an expression that matches the topic. */
  readonly #isByRegex: boolean;
  /** What it said last that it has, and was answered; undefined: it has to say all again. */
  #told: string | undefined;
  /** What it gave up last, and the epoch that it had it in. */
  #revoked: { readonly epoch: number; readonly partition: number } | undefined;

  constructor(work: MemberWork, topicId: () => TopicId, twin: () => void) {
    this.#work = work;
    this.#topicId = topicId;
    this.#twin = twin;
    const id = Buffer.alloc(16);
    for (let at = 0; at < 16; at += 4) id.writeUInt32BE(work.parts.random.uint32(), at);
    work.memberId = id.toString('base64url');
    this.#isByRegex = work.parts.random.fraction() < work.parts.shape.regexShare;
    work.epoch = JOINS;
  }

  async live(): Promise<LifeEnd> {
    const work = this.#work;
    const { link, shape, random, isDead, isResting } = work.parts;
    while (!isDead()) {
      const over = await this.#heartbeat();
      if (over !== undefined) return over;
      if (isDead()) return 'died';
      if (!isResting() && random.below(STALE_ONCE_IN) === 0) await this.#commitRevoked();
      if (work.epoch > 0) {
        await work.findPositions({ memberId: work.memberId, memberEpoch: work.epoch });
        work.process();
        if (isResting() || random.below(2) === 0) await work.commit();
      }
      await link.pause(1 + random.below(shape.heartbeatMs));
      if (isDead()) return 'died';
      const end = await this.#befalls();
      if (end !== undefined) return end;
    }
    return 'died';
  }

  /** One heartbeat, and another one at once if something was given up. */
  async #heartbeat(): Promise<LifeEnd | undefined> {
    const work = this.#work;
    const { incarnation, oracle, now } = work.parts;
    for (;;) {
      const joined = work.epoch === JOINS ? oracle.joinsAfresh(incarnation) : (): void => undefined;
      const sentMs = now();
      const { held } = work;
      const isBrief = work.epoch > 0 && this.#told === held.join() && work.parts.random.below(2) === 0;
      this.#told = undefined;
      const answer = await this.#ask(work.epoch, isBrief);
      if (answer === undefined || work.parts.isDead()) return undefined;
      joined();
      if (answer.errorCode !== ErrorCode.NONE) return this.#refused(answer.errorCode);
      this.#told = held.join();
      oracle.settles(incarnation);
      work.confirmed(held, sentMs, 'heartbeat');
      if (await this.#reconcile(answer)) continue;
      if (!work.parts.isDead()) work.stays(sentMs);
      return undefined;
    }
  }

  /** `isBrief`: says nothing that it has said before. */
  #ask(epoch: number, isBrief = false): Promise<HeartbeatAnswer | undefined> {
    const work = this.#work;
    const { link, incarnation } = work.parts;
    const partitions = [...work.held];
    const said = {
      ...{ rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS },
      ...(this.#isByRegex ? { subscribedTopicRegex: REGEX } : { subscribedTopicNames: [TOPIC] }),
      topicPartitions: partitions.length === 0 ? [] : [{ topicId: this.#topicId(), partitions }],
    };
    const nothing = {
      ...{ rebalanceTimeoutMs: -1, subscribedTopicNames: null, subscribedTopicRegex: null },
      ...{ serverAssignor: null, rackId: null, topicPartitions: null },
    };
    return link.ask(
      'ConsumerGroupHeartbeat',
      HEARTBEAT_VERSION,
      {
        groupId: incarnation.group,
        ...{ memberId: work.memberId, memberEpoch: epoch, instanceId: incarnation.instanceId },
        ...nothing,
        ...(isBrief ? {} : said),
      },
      REQUEST_TIMEOUT_MS,
    );
  }

  /** Takes what it is given; commits, and gives up, what it is to lose. Whether there is something to report. */
  async #reconcile(answer: HeartbeatAnswer): Promise<boolean> {
    const work = this.#work;
    const { say, incarnation, isDead } = work.parts;
    const target = answer.assignment?.topicPartitions.flatMap(({ partitions }) => partitions);
    const before = work.epoch;
    const gone = target === undefined ? [] : work.held.filter((partition) => !target.includes(partition));
    // Under the epoch that it has them in: the one that is answered may already be another.
    if (gone.length > 0) await work.commit(gone);
    if (isDead()) return false;
    for (const partition of gone) {
      work.release(partition);
      this.#revoked = { epoch: before, partition };
    }
    work.enters(answer.memberEpoch);
    if (target === undefined) return false;
    say(`has ${target.join(' ') || 'nothing'} of ${incarnation.group} in epoch ${answer.memberEpoch}`);
    const isNew = target.some((partition) => !work.held.includes(partition));
    for (const partition of target) work.acquire(partition);
    return gone.length > 0 || isNew;
  }

  async #refused(errorCode: number): Promise<LifeEnd | undefined> {
    const work = this.#work;
    const { link, random, oracle, incarnation } = work.parts;
    if (await link.isElsewhere(errorCode)) return undefined;
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID) {
      oracle.fenced(incarnation);
      return 'fenced';
    }
    if (isOver.includes(errorCode)) {
      oracle.counts.evictions += 1;
      work.releaseAll();
      work.enters(JOINS);
      this.#revoked = undefined;
    }
    await link.pause(1 + random.below(100));
    return undefined;
  }

  /** Commits what it has given up, under the epoch in which it had that. */
  async #commitRevoked(): Promise<void> {
    const revoked = this.#revoked;
    if (revoked === undefined || revoked.epoch <= 0 || revoked.epoch >= this.#work.epoch) return;
    this.#revoked = undefined;
    await this.#work.commitStale(revoked.epoch, revoked.partition);
  }

  async #befalls(): Promise<LifeEnd | undefined> {
    const work = this.#work;
    const { link, shape, random, incarnation } = work.parts;
    switch (work.mishap()) {
      case 'silence':
        await link.pause(random.below(3 * shape.sessionMs));
        if (work.epoch > 0) await work.commit();
        return undefined;
      case 'death':
        return 'died';
      case 'twin':
        this.#twin();
        return undefined;
      case 'stale':
        await this.#commitRevoked();
        return undefined;
      case 'leaving': {
        work.releaseAll();
        const isStatic = incarnation.instanceId !== null;
        await this.#ask(isStatic && random.below(2) === 0 ? LEAVES_FOR_A_WHILE : LEAVES);
        return 'left';
      }
      default:
        return undefined;
    }
  }
}

/** Its membership is over: it joins anew. The last one: nobody was in the group any more, and it is of the other protocol now. */
const isOver: readonly number[] = [
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.GROUP_ID_NOT_FOUND,
];
