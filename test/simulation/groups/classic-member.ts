import { ErrorCode, ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '@kafkaesque/protocol';
import { assignCooperatively } from './cooperative-assignment';
import type { Claim } from './cooperative-assignment';
import { MemberWork, REBALANCE_TIMEOUT_MS, TOPIC } from './member';
import type { MemberParts } from './member';

const JOIN_VERSION = 9;
const SYNC_VERSION = 5;
const HEARTBEAT_VERSION = 4;
const LEAVE_VERSION = 5;
const REQUEST_TIMEOUT_MS = 3_000;
const PROTOCOL_TYPE = 'consumer';
const PROTOCOL_VERSION = 2;
const STALE_ONCE_IN = 4;

/** How a member's life ended. */
export type LifeEnd = 'died' | 'left' | 'fenced' | 'twin';

/** A member that joins by the classic protocol, and gives up everything at each rebalance, or only what another is to have. */
export const liveClassic = async (
  parts: MemberParts,
  partitionCount: () => number,
  twin: () => void,
): Promise<LifeEnd> => {
  const work = new MemberWork(parts);
  try {
    return await new ClassicLife(work, partitionCount, twin).live();
  } finally {
    work.releaseAll();
  }
};

type Step = 'joined' | 'again' | 'fenced';
/** Partitions by member. */
type Assignments = ReadonlyMap<string, readonly number[]>;

class ClassicLife {
  readonly #work: MemberWork;
  readonly #partitionCount: () => number;
  readonly #twin: () => void;
  #epochBefore = -1;
  /** The last generation that it has joined; -1: none in this membership. */
  #joined = -1;
  /** As the leader it has assigned so many partitions; undefined: it does not lead. */
  #assigned: number | undefined;

  constructor(work: MemberWork, partitionCount: () => number, twin: () => void) {
    this.#work = work;
    this.#partitionCount = partitionCount;
    this.#twin = twin;
  }

  async live(): Promise<LifeEnd> {
    const { parts } = this.#work;
    while (!parts.isDead()) {
      if (!parts.shape.isCooperative) this.#work.releaseAll();
      const step = await this.#join();
      if (step === 'fenced') return 'fenced';
      if (step === 'again') continue;
      const end = await this.#serve();
      if (end !== undefined) return end;
    }
    return 'died';
  }

  get #group(): string {
    return this.#work.parts.incarnation.group;
  }

  async #join(): Promise<Step> {
    const work = this.#work;
    const { link, shape, incarnation, oracle, say } = work.parts;
    oracle.joins(incarnation);
    const joined = work.memberId === '' ? oracle.joinsAfresh(incarnation) : (): void => undefined;
    const answer = await link.ask(
      'JoinGroup',
      JOIN_VERSION,
      {
        groupId: this.#group,
        sessionTimeoutMs: shape.sessionMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        memberId: work.memberId,
        groupInstanceId: incarnation.instanceId,
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: this.#protocol, metadata: subscription(work.held, work.epoch) }],
        reason: null,
      },
      REBALANCE_TIMEOUT_MS + shape.sessionMs + REQUEST_TIMEOUT_MS,
    );
    if (answer === undefined) return 'again';
    joined();
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) work.memberId = answer.memberId;
    if (answer.errorCode !== ErrorCode.NONE) return this.#refused(answer.errorCode);
    work.memberId = answer.memberId;
    const hasMissedOne = this.#joined >= 0 && answer.generationId > this.#joined + 1;
    this.#joined = answer.generationId;
    say(`joined ${this.#group} as ${answer.memberId} in generation ${answer.generationId}`);
    // Without it the others may have divided what it has, and have worked on: it has nothing any more.
    if (hasMissedOne && work.held.length > 0) {
      work.releaseAll();
      return 'again';
    }
    const isLeader = answer.leader === answer.memberId;
    const divides = isLeader && !answer.skipAssignment;
    const claims = answer.members.map(({ memberId, metadata }) => claimOf(memberId, metadata));
    // A static leader that comes back knows nothing of what it has assigned: at least what there was in the beginning (KIP-814).
    const known = divides ? this.#partitionCount() : shape.cluster.partitionCount;
    this.#assigned = isLeader ? known : undefined;
    const assignments: Assignments = divides ? this.#assign(claims, known) : new Map<string, number[]>();
    return this.#sync(answer.generationId, answer.protocolName, assignments);
  }

  /** Some take their time to divide, or to ask for their part: meanwhile nobody has an assignment. */
  async #takesItsTime(): Promise<void> {
    const { link, shape, random, isResting } = this.#work.parts;
    if (shape.dawdles > 0 && !isResting() && random.below(100) < shape.dawdles)
      await link.pause(random.below(REBALANCE_TIMEOUT_MS));
  }

  get #protocol(): string {
    return this.#work.parts.shape.isCooperative ? 'sticky' : 'round';
  }

  async #sync(generationId: number, protocolName: string | null, assignments: Assignments): Promise<Step> {
    const work = this.#work;
    const { link, incarnation, oracle, say } = work.parts;
    await this.#takesItsTime();
    const answer = await link.ask(
      'SyncGroup',
      SYNC_VERSION,
      {
        groupId: this.#group,
        ...{ generationId, memberId: work.memberId, groupInstanceId: incarnation.instanceId },
        ...{ protocolType: PROTOCOL_TYPE, protocolName },
        assignments: Array.from(assignments, ([memberId, partitions]) => ({
          memberId,
          assignment: assignment(partitions),
        })),
      },
      REBALANCE_TIMEOUT_MS + REQUEST_TIMEOUT_MS,
    );
    if (answer === undefined) return 'again';
    if (answer.errorCode !== ErrorCode.NONE) return this.#refused(answer.errorCode);
    this.#epochBefore = work.epoch;
    oracle.enters(incarnation, work.memberId, generationId);
    oracle.settles(incarnation);
    work.enters(generationId);
    const assigned = partitionsOf(answer.assignment);
    say(`has ${assigned.join(' ') || 'nothing'} of ${this.#group} in generation ${generationId}`);
    const gone = work.held.filter((partition) => !assigned.includes(partition));
    if (gone.length > 0) await work.commit(gone);
    for (const partition of gone) work.release(partition);
    for (const partition of assigned) work.acquire(partition);
    // Others wait for what it has given up, until it joins without.
    return gone.length > 0 ? 'again' : 'joined';
  }

  /** In turns, in the order of the ids; or so that everybody keeps what it has. */
  #assign(claims: readonly Claim[], partitionCount: number): Assignments {
    if (this.#work.parts.shape.isCooperative) return assignCooperatively(claims, partitionCount);
    const members = claims.map(({ memberId }) => memberId).sort();
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    return new Map(
      members.map((memberId, index) => [
        memberId,
        partitions.filter((partition) => partition % members.length === index),
      ]),
    );
  }

  /** Works and reports until it has to join again: undefined; or until its life is over. */
  async #serve(): Promise<LifeEnd | undefined> {
    const work = this.#work;
    const { link, shape, random, incarnation, now, isDead, isResting } = work.parts;
    while (!isDead()) {
      await work.findPositions({ memberId: null, memberEpoch: -1 });
      work.process();
      if (isResting() || random.below(2) === 0) await work.commit();
      await link.pause(1 + random.below(shape.heartbeatMs));
      if (isDead()) return 'died';
      if (!isResting() && random.below(STALE_ONCE_IN) === 0) await this.#commitStale();
      const over = await this.#befalls();
      if (over !== undefined) return over;
      // A leader that sees more partitions than it has assigned joins anew.
      if (this.#assigned !== undefined && this.#assigned < this.#partitionCount()) return undefined;
      const { held, epoch } = work;
      const sentMs = now();
      const answer = await link.ask(
        'Heartbeat',
        HEARTBEAT_VERSION,
        {
          groupId: this.#group,
          ...{ generationId: epoch, memberId: work.memberId, groupInstanceId: incarnation.instanceId },
        },
        REQUEST_TIMEOUT_MS,
      );
      if (answer === undefined) continue;
      if (answer.errorCode === ErrorCode.NONE) {
        work.confirmed(held, sentMs, 'heartbeat');
        work.stays(sentMs);
        continue;
      }
      // What it has done so far it may still commit.
      if (answer.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) await work.commit();
      const step = await this.#refused(answer.errorCode);
      if (step === 'fenced') return 'fenced';
      if (!isOfCoordinator(answer.errorCode)) return undefined;
    }
    return 'died';
  }

  /**
   * Commits under the generation before, once, what it has not got now: where a group is of the consumer protocol, what a member had
   * all the time may still be committed (KIP-1251).
   */
  async #commitStale(): Promise<void> {
    const { epoch, parts, held } = this.#work;
    const before = this.#epochBefore;
    this.#epochBefore = -1;
    const partition = parts.random.below(this.#partitionCount());
    if (before >= 0 && before < epoch && !held.includes(partition))
      await this.#work.commitStale(before, partition);
  }

  async #befalls(): Promise<LifeEnd | undefined> {
    const work = this.#work;
    const { link, shape, random, incarnation } = work.parts;
    switch (work.mishap()) {
      case 'silence':
        await link.pause(random.below(3 * shape.sessionMs));
        await work.commit();
        return undefined;
      case 'death':
        return 'died';
      case 'twin':
        this.#twin();
        return undefined;
      case 'stale':
        await this.#commitStale();
        return undefined;
      case 'leaving': {
        const members = [{ memberId: work.memberId, groupInstanceId: incarnation.instanceId, reason: null }];
        work.releaseAll();
        await link.ask('LeaveGroup', LEAVE_VERSION, { groupId: this.#group, members }, REQUEST_TIMEOUT_MS);
        return 'left';
      }
      default:
        return undefined;
    }
  }

  async #refused(errorCode: number): Promise<Step> {
    const work = this.#work;
    const { link, random, oracle, incarnation } = work.parts;
    if (await link.isElsewhere(errorCode)) return 'again';
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID) {
      oracle.fenced(incarnation);
      return 'fenced';
    }
    if (errorCode === ErrorCode.ILLEGAL_GENERATION) work.releaseAll();
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) {
      oracle.counts.evictions += 1;
      work.releaseAll();
      work.memberId = '';
      this.#epochBefore = -1;
      this.#joined = -1;
      work.epoch = -1;
    }
    if (errorCode !== ErrorCode.MEMBER_ID_REQUIRED) await link.pause(1 + random.below(100));
    return 'again';
  }
}

const isOfCoordinator = (errorCode: number): boolean =>
  errorCode === ErrorCode.NOT_COORDINATOR ||
  errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
  errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;

const versioned = (body: Buffer): Buffer => {
  const head = Buffer.alloc(2);
  head.writeInt16BE(PROTOCOL_VERSION);
  return Buffer.concat([head, body]);
};

const subscription = (held: readonly number[], generationId: number): Buffer =>
  versioned(
    ConsumerProtocolSubscription.encode(
      {
        ...{ topics: [TOPIC], generationId },
        ownedPartitions: held.length === 0 ? [] : [{ topic: TOPIC, partitions: [...held] }],
      },
      PROTOCOL_VERSION,
    ),
  );

const claimOf = (memberId: string, bytes: Buffer): Claim => {
  const { ownedPartitions, generationId } = ConsumerProtocolSubscription.decode(
    bytes.subarray(2),
    bytes.readInt16BE(0),
  );
  return {
    ...{ memberId, generation: generationId },
    partitions: ownedPartitions.flatMap(({ partitions }) => partitions),
  };
};

const assignment = (partitions: readonly number[]): Buffer =>
  versioned(
    ConsumerProtocolAssignment.encode(
      { assignedPartitions: [{ topic: TOPIC, partitions: [...partitions] }] },
      PROTOCOL_VERSION,
    ),
  );

const partitionsOf = (bytes: Buffer): readonly number[] => {
  if (bytes.length < 2) return [];
  const { assignedPartitions } = ConsumerProtocolAssignment.decode(bytes.subarray(2), bytes.readInt16BE(0));
  return assignedPartitions.flatMap(({ partitions }) => partitions);
};
