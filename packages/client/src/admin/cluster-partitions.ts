import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { byTopic } from '../cluster/leader-questions';
import type { ClientError } from '../errors';
import { isClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { DraftFor } from '../wire/wire';
import type { CallOptions, Outcome } from './admin';
import type { AdminCalls } from './admin-calls';
import { failed, incomplete } from './admin-calls';
import type {
  ElectionType,
  NewReassignment,
  PartitionAdmin,
  Reassignment,
  ReplicaKey,
  ReplicaMove,
} from './partition-admin';

/** Kafka's numbers. */
const electionTypes: Readonly<Record<ElectionType, number>> = { preferred: 0, unclean: 1 };
/** Before, every election was one of preferred leaders (KIP-460). */
const FIRST_VERSION_WITH_ELECTION_TYPE = 1;
const FIRST_VERSION_WITH_FACTOR_CHANGE = 1;

/** The admin's calls about where partitions are and who leads them. */
export class ClusterPartitions implements PartitionAdmin {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  electLeaders(
    electionType: ElectionType,
    partitions?: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicPartition, undefined>[]> {
    return this.#calls.call('electing leaders', options, async (bounds) => {
      const draft: DraftFor<'ElectLeaders'> = (version) => ({
        ...(version >= FIRST_VERSION_WITH_ELECTION_TYPE ? { electionType: electionTypes[electionType] } : {}),
        topicPartitions:
          partitions === undefined
            ? null
            : byTopic(partitions).map(({ name, questions }) => ({
                topic: name,
                partitions: questions.map(({ partition }) => partition),
              })),
        timeoutMs: bounds.timeoutMs,
      });
      const minVersion = electionType === 'preferred' ? undefined : FIRST_VERSION_WITH_ELECTION_TYPE;
      const answer = await this.#calls.change('ElectLeaders', draft, { ...bounds, minVersion });
      this.#check(answer.errorCode);
      const verdicts = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
        partitionResult.map(({ partitionId: partition, ...verdict }) => ({ topic, partition, ...verdict })),
      );
      return this.#outcomes(partitions ?? verdicts, verdicts);
    });
  }

  alterPartitionReassignments(
    changes: readonly NewReassignment[],
    options: CallOptions & { readonly allowReplicationFactorChange?: boolean } = {},
  ): Promise<readonly Outcome<TopicPartition, undefined>[]> {
    const { allowReplicationFactorChange = true } = options;
    return this.#calls.call('altering partition reassignments', options, async (bounds) => {
      const draft: DraftFor<'AlterPartitionReassignments'> = (version) => ({
        timeoutMs: bounds.timeoutMs,
        ...(version >= FIRST_VERSION_WITH_FACTOR_CHANGE ? { allowReplicationFactorChange } : {}),
        topics: byTopic(changes).map(({ name, questions }) => ({
          name,
          partitions: questions.map(({ partition, replicas }) => ({
            partitionIndex: partition,
            replicas: replicas?.map((id) => BrokerId(id)) ?? null,
          })),
        })),
      });
      const minVersion = allowReplicationFactorChange ? undefined : FIRST_VERSION_WITH_FACTOR_CHANGE;
      const answer = await this.#calls.change('AlterPartitionReassignments', draft, {
        ...bounds,
        minVersion,
      });
      this.#check(answer.errorCode, answer.errorMessage);
      const verdicts = answer.responses.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, ...verdict }) => ({
          topic: name,
          partition: partitionIndex,
          ...verdict,
        })),
      );
      return this.#outcomes(changes, verdicts);
    });
  }

  listPartitionReassignments(
    options: CallOptions & { readonly partitions?: readonly TopicPartition[] } = {},
  ): Promise<readonly Reassignment[] | undefined> {
    const { partitions: asked } = options;
    const topics =
      asked === undefined
        ? null
        : byTopic(asked).map(({ name, questions }) => ({
            name,
            partitionIndexes: questions.map(({ partition }) => partition),
          }));
    return this.#calls.call('listing partition reassignments', options, async (bounds) => {
      try {
        const { timeoutMs } = bounds;
        const answer = await this.#calls.askActive(
          'ListPartitionReassignments',
          { timeoutMs, topics },
          bounds,
        );
        this.#check(answer.errorCode, answer.errorMessage);
        return answer.topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
            topic: name,
            partition: partitionIndex,
            replicas,
            addingReplicas,
            removingReplicas,
          })),
        );
      } catch (error) {
        if (isClientError(error, 'unsupported')) return undefined;
        throw error;
      }
    });
  }

  /** Asks each broker about its own replicas; a broker that cannot be asked fails those alone. */
  async alterReplicaLogDirs(
    moves: readonly ReplicaMove[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<ReplicaKey, undefined>[]> {
    const brokers = [...new Set(moves.map(({ broker }) => broker))];
    const answered = await Promise.all(
      brokers.map(async (broker) => {
        const own = moves.filter((move) => move.broker === broker);
        try {
          const verdicts = await this.#calls.call('moving replicas', options, async (bounds) => {
            const draft = { dirs: movesByPath(own) };
            const answer = await this.#calls.changeBroker(broker, 'AlterReplicaLogDirs', draft, bounds);
            return new Map(
              answer.results.flatMap(({ topicName, partitions }) =>
                partitions.map((one) => [`${topicName}-${one.partitionIndex}`, one.errorCode] as const),
              ),
            );
          });
          return own.map(({ topic, partition }) => {
            const errorCode = verdicts.get(`${topic}-${partition}`);
            const error =
              errorCode === undefined ? incomplete(`${topic}-${partition}`) : errorFrom(errorCode);
            return outcomeOf({ topic, partition, broker }, error);
          });
        } catch (error) {
          if (!isClientError(error) || this.#calls.isClosed) throw error;
          return own.map(({ topic, partition }) => failed({ topic, partition, broker }, error));
        }
      }),
    );
    return answered.flat();
  }

  /** Fails for what concerns a request as a whole. */
  #check(errorCode: number, errorMessage?: string | null): void {
    if (errorCode === ErrorCode.NOT_CONTROLLER) this.#calls.cluster.forgetController();
    if (errorCode !== 0) throw brokerError(errorCode, errorMessage);
  }

  #outcomes(
    asked: readonly TopicPartition[],
    verdicts: readonly (TopicPartition & {
      readonly errorCode: number;
      readonly errorMessage: string | null;
    })[],
  ): readonly Outcome<TopicPartition, undefined>[] {
    const known = new Map(verdicts.map((one) => [`${one.topic}-${one.partition}`, one]));
    // In version 0 of ElectLeaders each partition says that the request went astray.
    for (const { errorCode, errorMessage } of verdicts)
      if (errorCode === ErrorCode.NOT_CONTROLLER) this.#check(errorCode, errorMessage);
    return asked.map(({ topic, partition }) => {
      const one = known.get(`${topic}-${partition}`);
      const error =
        one === undefined ? incomplete(`${topic}-${partition}`) : errorFrom(one.errorCode, one.errorMessage);
      return outcomeOf({ topic, partition }, error);
    });
  }
}

const errorFrom = (errorCode: number, errorMessage?: string | null): ClientError | undefined =>
  errorCode === 0 ? undefined : brokerError(errorCode, errorMessage);

const outcomeOf = <Key>(key: Key, error: ClientError | undefined): Outcome<Key, undefined> =>
  error === undefined ? { kind: 'done', key, value: undefined } : failed(key, error);

const movesByPath = (
  moves: readonly ReplicaMove[],
): readonly {
  readonly path: string;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[];
}[] =>
  [...new Set(moves.map(({ path }) => path))].map((path) => ({
    path,
    topics: byTopic(moves.filter((move) => move.path === path)).map(({ name, questions }) => ({
      name,
      partitions: questions.map(({ partition }) => partition),
    })),
  }));
