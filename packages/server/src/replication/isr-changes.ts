import type { BrokerEpoch, BrokerId, Clock, TopicId } from '@kafkaesque/kernel';
import type { AlterPartitionCommand, AlteredPartition, PartitionToAlter } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ControllerDoor } from '../controller/controller-host';
import type { IsrAnswer, IsrChange } from './replicated';
import { Turns } from './turns';

export interface IsrChangesOptions {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: () => BrokerEpoch;
  readonly clock: Clock;
  readonly controller: ControllerDoor;
  readonly answered: (change: IsrChange, answer: IsrAnswer, countBefore: number) => void;
  /** A rule was broken while an answer was carried out. */
  readonly failed: (cause: unknown) => void;
}

interface Waiting {
  readonly change: IsrChange;
  readonly countBefore: number;
}

/** So long is one request tried: a leader asks anew when it looks for replicas that lag. */
const TIMEOUT_MS = 5000;
/** Partitions in one request. */
const MAX_PARTITIONS = 5000;

/** Changes of in-sync sets on their way to the controller: one request at a time, with all that came meanwhile. */
export class IsrChanges {
  readonly #options: IsrChangesOptions;
  readonly #turns: Turns;
  #waiting: Waiting[] = [];
  #isAsking = false;
  #isClosed = false;

  constructor(options: IsrChangesOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock, () => this.#ask());
  }

  /** `countBefore`: replicas in sync now. */
  add(change: IsrChange, countBefore: number): void {
    this.#waiting.push({ change, countBefore });
    this.#turns.request();
  }

  close(): void {
    this.#isClosed = true;
    this.#turns.close();
  }

  #ask(): void {
    if (this.#isAsking || this.#isClosed || this.#waiting.length === 0) return;
    this.#isAsking = true;
    const asked = this.#waiting.splice(0, MAX_PARTITIONS);
    this.#submit(asked.map(({ change }) => change))
      .catch((): readonly IsrAnswer[] => asked.map(({ change }) => unanswered(change)))
      .then((answers) => {
        this.#isAsking = false;
        if (this.#isClosed) return;
        for (const [i, { change, countBefore }] of asked.entries())
          this.#options.answered(change, answers[i] ?? unanswered(change), countBefore);
        if (this.#waiting.length > 0) this.#turns.request();
      })
      .catch((error: unknown) => this.#options.failed(error));
  }

  async #submit(changes: readonly IsrChange[]): Promise<readonly IsrAnswer[]> {
    const { controller, brokerId, brokerEpoch } = this.#options;
    const command = commandOf(brokerId, brokerEpoch(), changes);
    const outcome = await controller.submit(command, { timeoutMs: TIMEOUT_MS });
    switch (outcome.kind) {
      case 'done': {
        const altered = new Map(
          outcome.response.topics.flatMap(({ topicId, partitions }) =>
            partitions.map((partition) => [keyOf(topicId, partition.partitionIndex), partition] as const),
          ),
        );
        return changes.map((change) =>
          answerOf(change, altered.get(keyOf(change.topicId, change.partition))),
        );
      }
      case 'refused':
        return changes.map((change) => refused(change, outcome.errorCode));
      default:
        return changes.map(unanswered);
    }
  }
}

const refused = ({ leaderEpoch, partitionEpoch }: IsrChange, error: number): IsrAnswer => ({
  kind: 'refused',
  leaderEpoch,
  partitionEpoch,
  error,
});

const unanswered = (change: IsrChange): IsrAnswer => refused(change, ErrorCode.REQUEST_TIMED_OUT);

const keyOf = (topicId: TopicId, partition: number): string => `${topicId}-${partition}`;

const commandOf = (
  brokerId: BrokerId,
  brokerEpoch: BrokerEpoch,
  changes: readonly IsrChange[],
): AlterPartitionCommand => {
  const topics = new Map<TopicId, PartitionToAlter[]>();
  for (const { topicId, partition, leaderEpoch, partitionEpoch, isr, leaderRecoveryState } of changes) {
    const partitions = topics.get(topicId) ?? [];
    partitions.push({
      partitionIndex: partition,
      leaderEpoch,
      partitionEpoch,
      leaderRecoveryState,
      newIsrWithEpochs: isr,
    });
    topics.set(topicId, partitions);
  }
  return {
    kind: 'alter-partition',
    brokerId,
    brokerEpoch,
    topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
  };
};

const answerOf = (change: IsrChange, altered: AlteredPartition | undefined): IsrAnswer => {
  if (altered === undefined) return unanswered(change);
  const { errorCode, leaderEpoch, partitionEpoch, isr, leaderRecoveryState } = altered;
  return errorCode === ErrorCode.NONE
    ? {
        kind: 'committed',
        leaderEpoch,
        partitionEpoch,
        isr,
        leaderRecoveryState: leaderRecoveryState === 1 ? 1 : 0,
      }
    : refused(change, errorCode);
};
