import type { BrokerId, Offset, TopicId } from '@kafkaesque/kernel';
import { PartitionIndex } from '@kafkaesque/kernel';
import type { FetchPlan, FetchRead, Isolation } from '@kafkaesque/partition';
import type { Draft, FetchRequest, FetchResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Slices } from '@kafkaesque/storage';
import type { Broker } from '../broker/broker';
import type { FetchContext, FetchWish } from '../broker/fetch-sessions';
import { errorOfRead } from '../broker/read-failures';
import type { Replica } from '../broker/replica';
import { nearestReplica, racksOf } from '../broker/replica-selection';
import type { Waiter } from '../broker/waiting-room';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof FetchResponse>['responses'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type FetchReply = Reply<Draft<typeof FetchResponse>>;

const UNKNOWN = -1 as Offset;
/** writev takes 1,024 parts; an answer's headers need some of them. */
const MAX_SLICES = 960;

/** Fetch (1). v4 isolation level · v7 sessions · v9 leader epoch · v11 rack · v12 flexible, diverging epoch · v13 topic ids · v16 leader hints */
export const fetch =
  (broker: Broker) =>
  (context: RequestContext, request: FetchRequest): FetchReply | Promise<FetchReply> => {
    // Kafka has no word for it; data of another isolation than was asked for would be worse.
    if (request.isolationLevel !== 0 && request.isolationLevel !== 1) {
      return {
        kind: 'answer',
        response: { errorCode: ErrorCode.INVALID_REQUEST, sessionId: 0, responses: [] },
      };
    }
    const usesTopicIds = context.apiVersion >= 13;
    const opened = broker.fetchSessions.open(
      {
        sessionId: request.sessionId,
        sessionEpoch: request.sessionEpoch,
        usesTopicIds,
        wishes: wishesOf(request),
        forgotten: request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
          partitions.map((partition) => ({ topic, topicId, partition: PartitionIndex(partition) })),
        ),
      },
      broker.clock.monotonicMs(),
    );
    if (opened.kind === 'error') {
      return {
        kind: 'answer',
        response: { errorCode: ErrorCode[opened.error], sessionId: 0, responses: [] },
      };
    }
    const isFollower = request.replicaId >= 0 || request.replicaState.replicaId >= 0;
    return new FetchWork(broker, context, request, opened, isFollower).run();
  };

const wishesOf = (request: FetchRequest): readonly FetchWish[] => {
  const wishes: FetchWish[] = [];
  for (const { topic, topicId, partitions } of request.topics) {
    for (const one of partitions) {
      wishes.push({
        topic,
        topicId,
        partition: PartitionIndex(one.partition),
        fetchOffset: one.fetchOffset,
        currentLeaderEpoch: one.currentLeaderEpoch,
        lastFetchedEpoch: one.lastFetchedEpoch,
        logStartOffset: one.logStartOffset,
        maxBytes: one.partitionMaxBytes,
      });
    }
  }
  return wishes;
};

/** What one wish has come to in this look. */
interface Served {
  readonly wish: FetchWish;
  plan: FetchPlan;
  /** Where the client is to read instead (KIP-392); then nothing is read here. */
  readonly readReplica: BrokerId | undefined;
  readonly replica: Replica | undefined;
  slices: Slices | undefined;
}

/** One Fetch request from its plan to the moment its answer has left. */
class FetchWork implements Waiter {
  readonly #broker: Broker;
  readonly #context: RequestContext;
  readonly #request: FetchRequest;
  readonly #opened: Exclude<FetchContext, { kind: 'error' }>;
  readonly #isFollower: boolean;
  readonly #isolation: Isolation;
  readonly #maxBytes: number;
  /** What the answer may hold, once memory for it has been granted. */
  #limitBytes: number;
  #racks: ReadonlyMap<BrokerId, string> | undefined;
  #resolve: ((reply: FetchReply | Promise<FetchReply>) => void) | undefined;

  constructor(
    broker: Broker,
    context: RequestContext,
    request: FetchRequest,
    opened: Exclude<FetchContext, { kind: 'error' }>,
    isFollower: boolean,
  ) {
    this.#broker = broker;
    this.#context = context;
    this.#request = request;
    this.#opened = opened;
    this.#isFollower = isFollower;
    this.#isolation = request.isolationLevel === 1 ? 'read-committed' : 'read-uncommitted';
    this.#maxBytes = Math.max(0, Math.min(request.maxBytes, broker.fetchMaxBytes));
    this.#limitBytes = this.#maxBytes;
  }

  run(): FetchReply | Promise<FetchReply> {
    const served = this.#plan();
    const minBytes = Math.min(this.#request.minBytes, this.#maxBytes);
    const missingBytes = minBytes - this.#readableBytes(served);
    const mustAnswer =
      missingBytes <= 0 ||
      this.#request.maxWaitMs <= 0 ||
      served.length === 0 ||
      served.some(({ plan, readReplica }) => plan.kind !== 'read' || readReplica !== undefined);
    if (mustAnswer) return this.#answer(served);
    const waits = served.map(({ wish, replica }) => ({
      topicId: replica?.topicId ?? wish.topicId,
      partition: wish.partition,
      fetchOffset: wish.fetchOffset,
      isolation: this.#isolation,
    }));
    const deadlineMs = this.#broker.clock.monotonicMs() + this.#request.maxWaitMs;
    const { connectionId } = this.#context;
    if (!this.#broker.waitingRoom.watchFetch(waits, missingBytes, connectionId, deadlineMs, this)) {
      return this.#answer(served);
    }
    this.#context.patienceMs = this.#request.maxWaitMs;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  over(): void {
    this.#resolve?.(
      new Promise((resolve) => {
        resolve(this.#answer(this.#plan()));
      }),
    );
  }

  #plan(): Served[] {
    return this.#opened.wishes.map((wish) => {
      const found =
        wish.topic === '' ? this.#broker.topicById(wish.topicId) : this.#broker.topicByName(wish.topic);
      const refused = this.#refusal(wish, found);
      if (refused !== undefined) return { ...NOWHERE, wish, plan: errorPlan(refused) };
      const topicId = found?.topicId ?? wish.topicId;
      const replica = this.#broker.replicas.find(topicId, wish.partition);
      replica?.traffic.fetchAsked();
      const plan =
        replica === undefined
          ? errorPlan(this.#broker.missingReplicaError(topicId, wish.partition))
          : upToDamage(
              replica,
              wish,
              replica.machine.planFetch({
                fetchOffset: wish.fetchOffset,
                currentLeaderEpoch: wish.currentLeaderEpoch,
                lastFetchedEpoch: wish.lastFetchedEpoch,
                isolation: this.#isolation,
                acceptsFollower: this.#context.apiVersion >= FIRST_VERSION_WITH_RACK,
              }),
            );
      const readReplica =
        plan.kind === 'read' && replica !== undefined ? this.#nearest(replica, wish) : undefined;
      return { wish, plan, replica, readReplica, slices: undefined };
    });
  }

  #nearest({ machine }: Replica, { fetchOffset }: FetchWish): BrokerId | undefined {
    const { role } = machine;
    const { rackId } = this.#request;
    if (!this.#broker.selectsByRack || rackId === '' || role.kind !== 'leader') return undefined;
    this.#racks ??= racksOf(this.#broker.image(), this.#context.listenerName);
    const followers = machine.readableReplicas(fetchOffset, this.#broker.clock.monotonicMs());
    return nearestReplica(rackId, role.self, followers, this.#racks);
  }

  #refusal(wish: FetchWish, found: { readonly name: string } | undefined): number | undefined {
    const byId = wish.topic === '';
    // Members replicate over their own channel: whoever says on a client listener that it is a replica is not one.
    if (this.#isFollower) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    if (!this.#broker.isAllowed(this.#context, 'READ', 'TOPIC', found?.name ?? wish.topic)) {
      return byId && found === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    }
    if (found !== undefined) return undefined;
    return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }

  #readableBytes(served: readonly Served[]): number {
    let sizeBytes = 0;
    for (const one of served) {
      if (!isReadable(one)) continue;
      const { wish, plan, replica } = one;
      sizeBytes += Math.min(replica.log.sizeBetween(plan.from, plan.upTo), Math.max(wish.maxBytes, 0));
      if (sizeBytes >= this.#request.minBytes) break;
    }
    return sizeBytes;
  }

  /** Reads what was planned, within the limits of the request and of the process, and makes the answer. */
  #answer(served: Served[]): FetchReply | Promise<FetchReply> {
    const wanted = served.reduce(
      (sum, one) =>
        isReadable(one)
          ? sum +
            Math.min(
              Math.max(one.wish.maxBytes, 0),
              one.replica.log.sizeBetween(one.plan.from, one.plan.upTo),
            )
          : sum,
      0,
    );
    const { answerMemory } = this.#broker;
    const wantedBytes = Math.min(wanted, this.#maxBytes);
    if (wantedBytes === 0) return this.#read(served, 0, 0);
    const granted = (bytes: number): number => {
      // What is wanted was estimated: only a smaller grant bounds the answer.
      if (bytes > 0 && bytes < wantedBytes) this.#limitBytes = bytes;
      return bytes;
    };
    const reservedBytes = granted(answerMemory.tryTake(wantedBytes));
    if (reservedBytes > 0) return this.#read(served, 0, reservedBytes);
    // Memory came late: what was planned may be old by now.
    return answerMemory.take(wantedBytes).then((bytes) => this.#read(this.#plan(), 0, granted(bytes)));
  }

  #read(served: Served[], start: number, reservedBytes: number): FetchReply | Promise<FetchReply> {
    try {
      return this.#readFrom(served, start, reservedBytes);
    } catch (error) {
      this.#release(served, reservedBytes);
      throw error;
    }
  }

  #readFrom(served: Served[], start: number, reservedBytes: number): FetchReply | Promise<FetchReply> {
    let taken = 0;
    let slices = 0;
    for (const done of served.slice(0, start)) {
      taken += done.slices?.sizeBytes ?? 0;
      slices += done.slices?.parts.length ?? 0;
    }
    for (let i = start; i < served.length; i++) {
      const one = served[i];
      if (one === undefined || !isReadable(one)) continue;
      const left = Math.min(this.#limitBytes - taken, one.wish.maxBytes);
      if ((left <= 0 && taken > 0) || slices >= MAX_SLICES) continue;
      const read = this.#readOne(one, one.replica, one.plan, Math.max(left, 0), taken === 0);
      if (read instanceof Promise) {
        return read.then((arrived) => {
          one.slices = arrived;
          return this.#read(served, i + 1, reservedBytes);
        });
      }
      one.slices = read;
      taken += read?.sizeBytes ?? 0;
      slices += read?.parts.length ?? 0;
    }
    return this.#reply(served, reservedBytes);
  }

  /** What one partition gives; a read that fails is that partition's error, not the whole answer's. */
  #readOne(
    one: Served,
    replica: Replica,
    plan: FetchRead,
    maxBytes: number,
    atLeastOne: boolean,
  ): Slices | Promise<Slices | undefined> | undefined {
    const failed = (error: unknown): undefined => {
      one.plan = errorPlan(errorOfRead(this.#broker, replica, error));
    };
    try {
      const read = replica.log.read(plan.from, plan.upTo, maxBytes, { atLeastOne });
      if (!(read instanceof Promise)) return read;
      return read.then((arrived) => {
        if (this.#stillHolds(one)) return arrived;
        arrived.release();
        return undefined;
      }, failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  /**
   * After a wait for the disk the partition may have another leader, or its log have been cut, and the bytes another
   * meaning.
   */
  #stillHolds({ replica, plan }: Served): boolean {
    if (plan.kind !== 'read' || replica?.machine.leaderEpoch !== plan.leaderEpoch) return false;
    const { role, highWatermark } = replica.machine;
    return role.kind === 'leader' || (role.kind === 'follower' && highWatermark >= plan.highWatermark);
  }

  #release(served: readonly Served[], reservedBytes: number): void {
    for (const { slices } of served) slices?.release();
    if (reservedBytes > 0) this.#broker.answerMemory.give(reservedBytes);
  }

  #reply(served: readonly Served[], reservedBytes: number): FetchReply {
    const { fetchSessions } = this.#broker;
    const opened = this.#opened;
    const responses: { topic: string; topicId: TopicId; partitions: PartitionAnswer[] }[] = [];
    for (const one of served) {
      const { wish, plan, slices } = one;
      const sizeBytes = slices?.sizeBytes ?? 0;
      if (
        opened.kind === 'incremental' &&
        !fetchSessions.mustTell(opened.session, wish, {
          ...marksOf(plan),
          errorCode: plan.kind === 'error' ? plan.error : 0,
          sizeBytes,
          isElsewhere: plan.kind === 'diverging' || one.readReplica !== undefined,
        })
      ) {
        continue;
      }
      if (sizeBytes > 0) one.replica?.traffic.fetched(sizeBytes);
      if (plan.kind === 'error') one.replica?.traffic.fetchRefused(plan.error);
      const last = responses.at(-1);
      const isSameTopic = last !== undefined && last.topic === wish.topic && last.topicId === wish.topicId;
      if (isSameTopic) last.partitions.push(this.#partitionAnswer(one));
      else
        responses.push({
          topic: wish.topic,
          topicId: wish.topicId,
          partitions: [this.#partitionAnswer(one)],
        });
    }
    if (opened.kind !== 'sessionless') {
      for (const { wish, plan, slices } of served) {
        const told = plan.kind === 'error' ? undefined : marksOf(plan);
        fetchSessions.told(opened.session, wish, told, (slices?.sizeBytes ?? 0) > 0);
      }
    }
    const hasBytes = served.some(({ slices }) => slices !== undefined);
    return {
      kind: 'answer',
      response: { sessionId: opened.kind === 'sessionless' ? 0 : opened.session.id, responses },
      ...(hasBytes || reservedBytes > 0
        ? {
            sent: () => {
              this.#release(served, reservedBytes);
            },
          }
        : {}),
    };
  }

  #partitionAnswer({ wish, plan, replica, readReplica, slices }: Served): PartitionAnswer {
    const answer = {
      partitionIndex: wish.partition,
      errorCode: plan.kind === 'error' ? plan.error : ErrorCode.NONE,
      ...marksOf(plan),
      abortedTransactions:
        plan.kind === 'read' && plan.abortedTransactions !== null ? plan.abortedTransactions : null,
      ...(readReplica === undefined ? {} : { preferredReadReplica: readReplica }),
      records: slices?.parts ?? EMPTY,
    };
    if (plan.kind === 'diverging') {
      return { ...answer, divergingEpoch: { epoch: plan.epoch, endOffset: plan.endOffset } };
    }
    const isElsewhere =
      this.#context.apiVersion >= 12 &&
      plan.kind === 'error' &&
      (plan.error === ErrorCode.NOT_LEADER_OR_FOLLOWER || plan.error === ErrorCode.FENCED_LEADER_EPOCH);
    return isElsewhere && replica !== undefined
      ? { ...answer, currentLeader: this.#broker.leaderHint(replica) }
      : answer;
  }
}

const EMPTY = Buffer.alloc(0);

/** A partition that is not here. */
const NOWHERE = { replica: undefined, readReplica: undefined, slices: undefined } as const;

/** Since then a client says in which rack it is, and follows the hint where to read; so it may read from followers. */
const FIRST_VERSION_WITH_RACK = 11;

interface Readable extends Served {
  readonly plan: FetchRead;
  readonly replica: Replica;
}

const isReadable = (one: Served): one is Readable =>
  one.plan.kind === 'read' &&
  one.plan.from < one.plan.upTo &&
  one.replica !== undefined &&
  one.readReplica === undefined;

const errorPlan = (error: number): FetchPlan => ({ kind: 'error', error });

/** A damaged log is read up to the damage. There is more behind it: an end that was told would be a loss in silence. */
const upToDamage = (replica: Replica, { fetchOffset }: FetchWish, plan: FetchPlan): FetchPlan => {
  if (!replica.isDamaged || fetchOffset < replica.log.endOffset) return plan;
  const isRefusal = plan.kind === 'error' && plan.error !== ErrorCode.OFFSET_OUT_OF_RANGE;
  return isRefusal ? plan : errorPlan(ErrorCode.KAFKA_STORAGE_ERROR);
};

/** High watermark and the like as the answer tells them: unknown beside an error. */
const marksOf = (
  plan: FetchPlan,
): Pick<PartitionAnswer, 'highWatermark'> & {
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
} =>
  plan.kind === 'error'
    ? { highWatermark: UNKNOWN, lastStableOffset: UNKNOWN, logStartOffset: UNKNOWN }
    : {
        highWatermark: plan.highWatermark,
        lastStableOffset: plan.lastStableOffset,
        logStartOffset: plan.logStartOffset,
      };
