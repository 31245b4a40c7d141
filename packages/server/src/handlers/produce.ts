import { messageOf } from '@kafkaesque/kernel';
import type { Lease, Offset, TimestampMs, TopicId } from '@kafkaesque/kernel';
import { TimestampMs as timestampMs, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type {
  AppendAccepted,
  AppendDuplicate,
  Operation,
  ProduceProgress,
  ProduceWait,
} from '@kafkaesque/partition';
import type { Draft, ProduceRequest, ProduceResponse } from '@kafkaesque/protocol';
import {
  BATCH_HEADER_BYTES,
  CURRENT_MAGIC,
  ErrorCode,
  isTransactional,
  magicOf,
  recompressBatch,
} from '@kafkaesque/protocol';
import type { Replica } from '../broker/replica';
import { isInternalTopic } from '../broker/topic-names';
import type { Waiter } from '../broker/waiting-room';
import type { Broker } from '../broker/broker';
import { traceparentsOf } from '../metrics/traceparents';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof ProduceResponse>['responses'][number];
type PartitionAnswer = Mutable<TopicAnswer['partitionResponses'][number]>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type TopicRecords = ProduceRequest['topicData'][number];

/** Who says so may write to the cluster's own topics, for those who restore them (Kafka's AdminUtils). */
const ADMIN_CLIENT_ID = '__admin_client';
const NONE_OFFSET = -1 as Offset;

/** A produced partition that waits: which answer it belongs to. */
interface Pending {
  readonly answer: PartitionAnswer;
}

/** What a Produce request has come to so far; answered when nothing waits any more, or at its deadline. */
class ProduceWork implements Waiter {
  readonly responses: TopicAnswer[] = [];
  readonly waits: ProduceWait[] = [];
  readonly pending: Pending[] = [];
  resolve: ((reply: Reply<Draft<typeof ProduceResponse>>) => void) | undefined;

  over(operation: Operation<Waiter>): void {
    this.close(operation.kind === 'produce' ? operation.waits : []);
    this.resolve?.(this.reply());
  }

  /** What has not come as far as its answer needs may or may not be in the log. */
  close(progress: readonly ProduceProgress[]): void {
    for (let i = 0; i < this.pending.length; i++) {
      const answer = this.pending[i]?.answer;
      if (answer === undefined || progress[i]?.state === 'reached') continue;
      // The records may be in the log: the error must not promise that they are not.
      answer.errorCode = ErrorCode.REQUEST_TIMED_OUT;
      answer.baseOffset = NONE_OFFSET;
    }
  }

  reply(): Reply<Draft<typeof ProduceResponse>> {
    return { kind: 'answer', response: { responses: this.responses } };
  }
}

/** Produce (0). v3 record batches v2 · v7 zstd · v8 record errors · v9 flexible · v10 leader hints · v13 topic ids */
export const produce =
  (broker: Broker) =>
  (
    context: RequestContext,
    request: ProduceRequest,
  ): Reply<Draft<typeof ProduceResponse>> | Promise<Reply<Draft<typeof ProduceResponse>>> => {
    const refusal = transactionRefusal(broker, context, request);
    if (broker.isTracing) context.traceparents = traceparentsOf(request);
    const work = new ProduceWork();
    const nowMs = broker.clock.monotonicMs();
    const wallMs = timestampMs(broker.clock.wallMs());
    let hasError = false;
    for (const topic of request.topicData) {
      const answers: PartitionAnswer[] = [];
      const resolved = refusal ?? resolveTopic(broker, context, topic);
      for (const { index, records } of topic.partitionData) {
        const answer: PartitionAnswer = { index, errorCode: resolved.errorCode, baseOffset: NONE_OFFSET };
        answers.push(answer);
        if (resolved.errorCode === ErrorCode.NONE) {
          const replica = broker.replicas.find(resolved.topicId, index);
          if (replica === undefined) answer.errorCode = broker.missingReplicaError(resolved.topicId, index);
          else append({ broker, context, request, work, nowMs, wallMs }, replica, records, answer);
        }
        hasError ||= answer.errorCode !== ErrorCode.NONE;
      }
      work.responses.push({ name: topic.name, topicId: topic.topicId, partitionResponses: answers });
    }
    if (request.acks === 0) {
      // Nobody reads an answer; closing is how Kafka tells such a client that something is wrong.
      if (!hasError) return { kind: 'none' };
      const why = 'a produce request with acks=0 failed';
      return { kind: 'close', why, unsent: { responses: work.responses } };
    }
    if (work.waits.length === 0) return work.reply();
    const deadlineMs = nowMs + request.timeoutMs;
    const operation = broker.waitingRoom.watchProduce(work.waits, context.connectionId, deadlineMs, work);
    if (operation === undefined) {
      work.close([]);
      return work.reply();
    }
    return new Promise((resolve) => {
      work.resolve = resolve;
    });
  };

interface Append {
  readonly broker: Broker;
  readonly context: RequestContext;
  readonly request: ProduceRequest;
  readonly work: ProduceWork;
  readonly nowMs: number;
  readonly wallMs: TimestampMs;
}

const append = (
  { broker, context, request, work, nowMs, wallMs }: Append,
  replica: Replica,
  records: Buffer | null,
  answer: PartitionAnswer,
): void => {
  replica.traffic.produceAsked();
  if (
    replica.log.isFull ||
    replica.isDamaged ||
    (replica.log.failure !== undefined && replica.machine.role.kind === 'leader')
  ) {
    answer.errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
    return;
  }
  const question = {
    acks: request.acks,
    origin: 'client',
    apiVersion: context.apiVersion,
    transactionalId: request.transactionalId,
  } as const;
  let bytes = records ?? EMPTY;
  let lease: Lease | undefined = context.lease;
  let outcome = replica.machine.append(bytes, question, nowMs, wallMs);
  if (outcome.kind === 'recompress') {
    // The topic's `compression.type` differs from the batch's codec: the broker encodes it again, as Kafka does.
    bytes = recompressBatch(bytes, 0, outcome.codec);
    context.temporaryBytes += bytes.length;
    lease = undefined;
    outcome = replica.machine.append(bytes, question, nowMs, wallMs);
  }
  switch (outcome.kind) {
    case 'accepted': {
      const { batches } = outcome;
      try {
        replica.log.append(lease === undefined ? batches : batches.map((batch) => ({ ...batch, lease })));
      } catch (error) {
        // The rules have counted the batches as appended: they must start over from what the log has.
        broker.replicas.carryOut(replica, replica.machine.failed());
        broker.logger.error('a log refused an append', {
          topic: replica.topic,
          partition: replica.partition,
          error: messageOf(error),
        });
        answer.errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
        return;
      }
      broker.replicas.appended(replica);
      accepted(replica, outcome, work, answer);
      return;
    }
    case 'duplicate':
      accepted(replica, outcome, work, answer);
      return;
    case 'rejected':
      answer.errorCode = outcome.error;
      replica.traffic.produceRefused(outcome, bytes.length);
      answer.errorMessage = outcome.message;
      answer.logStartOffset = outcome.logStartOffset;
      answer.recordErrors = outcome.recordErrors;
      if (outcome.error === ErrorCode.NOT_LEADER_OR_FOLLOWER && context.apiVersion >= 10)
        answer.currentLeader = broker.leaderHint(replica);
      return;
    case 'recompress':
      throw new Error('a batch in the topic’s own codec was to be recompressed');
  }
};

const EMPTY = Buffer.alloc(0);

const accepted = (
  replica: Replica,
  outcome: AppendAccepted | AppendDuplicate,
  work: ProduceWork,
  answer: PartitionAnswer,
): void => {
  answer.baseOffset = outcome.baseOffset;
  answer.logAppendTimeMs = outcome.logAppendTimeMs;
  answer.logStartOffset = outcome.logStartOffset;
  if (outcome.kind === 'accepted') replica.traffic.appended(outcome);
  if (outcome.awaits === 'nothing') return;
  const { topicId, partition } = replica;
  work.waits.push({ topicId, partition, awaits: outcome.awaits, awaitedOffset: outcome.awaitedOffset });
  work.pending.push({ answer });
};

interface Resolved {
  readonly topicId: TopicId;
  readonly errorCode: number;
}

/**
 * Whoever writes transactional batches needs a transactional id, and permission for it: else the whole request is
 * refused (CVE-2018-17196 was a Produce that nobody asked).
 */
const transactionRefusal = (
  broker: Broker,
  context: RequestContext,
  request: ProduceRequest,
): Resolved | undefined => {
  if (!hasTransactionalRecords(request)) return undefined;
  const { transactionalId } = request;
  if (transactionalId !== null && broker.isAllowed(context, 'WRITE', 'TRANSACTIONAL_ID', transactionalId)) {
    return undefined;
  }
  return { topicId: ZERO_TOPIC_ID, errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
};

const hasTransactionalRecords = ({ topicData }: ProduceRequest): boolean => {
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null || records.length < BATCH_HEADER_BYTES) continue;
      if (magicOf(records) === CURRENT_MAGIC && isTransactional(records)) return true;
    }
  }
  return false;
};

const resolveTopic = (broker: Broker, context: RequestContext, topic: TopicRecords): Resolved => {
  const byId = context.apiVersion >= 13;
  const found = byId ? broker.topicById(topic.topicId) : broker.topicByName(topic.name);
  if (!broker.isAllowed(context, 'WRITE', 'TOPIC', found?.name ?? topic.name)) {
    return {
      topicId: topic.topicId,
      errorCode: byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    };
  }
  if (found === undefined) {
    return {
      topicId: topic.topicId,
      errorCode: byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    };
  }
  if (isInternalTopic(found.name) && context.clientId !== ADMIN_CLIENT_ID) {
    return { topicId: found.topicId, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION };
  }
  return { topicId: found.topicId, errorCode: ErrorCode.NONE };
};
