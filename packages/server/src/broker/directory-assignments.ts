import type {
  BrokerEpoch,
  BrokerId,
  CancelWake,
  Clock,
  Logger,
  PartitionIndex,
  TopicId,
} from '@kafkaesque/kernel';
import type {
  AssignReplicasToDirsCommand,
  MetadataDelta,
  MetadataImage,
  PartitionImage,
} from '@kafkaesque/metadata';
import { partitionOf, partitionsHeldBy } from '@kafkaesque/metadata';
import type { ControllerDoor } from '../controller/controller-host';

export interface DirectoryAssignmentsOptions {
  readonly nodeId: BrokerId;
  /** Below 0: not registered yet. */
  readonly brokerEpoch: () => BrokerEpoch;
  readonly image: () => MetadataImage;
  readonly controller: Pick<ControllerDoor, 'submit'>;
  /** Id of the directory that holds a replica; undefined when none does. */
  readonly directoryOf: (topicId: TopicId, partition: PartitionIndex) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Misplaced {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** Replicas in one request (Kafka's limit). */
const MAX_ASSIGNMENTS = 2250;
/** What was not assigned is tried again after so long. */
const TRY_AGAIN_AFTER_MS = 500;

/**
 * Tells the controller in which directory each replica of this broker is, where the metadata say otherwise (KIP-858):
 * with several directories the broker chooses, and a new disk has a new id. A replica leads only where its directory is
 * known to serve.
 */
export class DirectoryAssignments {
  readonly #options: DirectoryAssignmentsOptions;
  readonly #misplaced = new Map<string, Misplaced>();
  #isSending = false;
  #cancelWake: CancelWake | undefined;
  #isClosed = false;

  constructor(options: DirectoryAssignmentsOptions) {
    this.#options = options;
  }

  /** This incarnation is registered: all its replicas are looked at. */
  registered(): void {
    const { image, nodeId } = this.#options;
    for (const { topicId, partition } of partitionsHeldBy(image(), nodeId)) this.#look(topicId, partition);
    this.#send();
  }

  /** The metadata changed, and the replicas that they give to this broker are there. */
  changed({ topicsCreated, topicsChanged }: MetadataDelta): void {
    if (this.#options.brokerEpoch() < 0) return;
    for (const { topicId, partitions } of topicsCreated)
      for (const partition of partitions) this.#look(topicId, partition);
    for (const { after, partitions } of topicsChanged)
      for (const change of partitions) this.#look(after.topicId, change.after);
    this.#send();
  }

  /** It lies in another directory now. */
  moved(topicId: TopicId, partition: PartitionIndex): void {
    const known = partitionOf(this.#options.image(), topicId, partition);
    if (known !== undefined && this.#options.brokerEpoch() >= 0) this.#look(topicId, known);
    this.#send();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
  }

  #look(topicId: TopicId, partition: PartitionImage): void {
    if (this.#directoryToAssign(topicId, partition) === undefined) return;
    const { partition: index } = partition;
    this.#misplaced.set(`${topicId}-${index}`, { topicId, partition: index });
  }

  /** Where the replica is, if the metadata have it elsewhere. */
  #directoryToAssign(
    topicId: TopicId,
    { partition, replicas, directories }: PartitionImage,
  ): string | undefined {
    const at = replicas.indexOf(this.#options.nodeId);
    const directory = at < 0 ? undefined : this.#options.directoryOf(topicId, partition);
    return directory === directories[at] ? undefined : directory;
  }

  #send(): void {
    if (this.#isSending || this.#isClosed || this.#misplaced.size === 0) return;
    this.#isSending = true;
    void this.#assign()
      .catch((error: unknown) => {
        this.#options.logger.error('replicas could not be assigned to directories', { error });
        return false;
      })
      .then((isDone) => {
        this.#isSending = false;
        if (isDone) this.#send();
        else this.#sendLater();
      });
  }

  #sendLater(): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    this.#cancelWake = clock.wakeAt(clock.monotonicMs() + TRY_AGAIN_AFTER_MS, () => {
      this.#send();
    });
  }

  async #assign(): Promise<boolean> {
    // Not within the call that applies a change to the metadata; by then all that came with it has been noted.
    await Promise.resolve();
    const { controller, nodeId, brokerEpoch } = this.#options;
    const sent = [...this.#misplaced].slice(0, MAX_ASSIGNMENTS);
    const directories = this.#directories(sent.map(([, replica]) => replica));
    for (const [key] of sent) this.#misplaced.delete(key);
    if (directories.length === 0) return true;
    const outcome = await controller.submit({
      kind: 'assign-replicas-to-dirs',
      brokerId: nodeId,
      brokerEpoch: brokerEpoch(),
      directories,
    });
    if (outcome.kind === 'done') return true;
    for (const [key, replica] of sent) this.#misplaced.set(key, replica);
    return false;
  }

  /** What is to be said now: meanwhile a topic may be gone, or its replica be where the metadata have it. */
  #directories(replicas: readonly Misplaced[]): AssignReplicasToDirsCommand['directories'] {
    const image = this.#options.image();
    const byDirectory = new Map<string, Map<TopicId, { readonly partitionIndex: number }[]>>();
    for (const { topicId, partition } of replicas) {
      const known = partitionOf(image, topicId, partition);
      const id = known === undefined ? undefined : this.#directoryToAssign(topicId, known);
      if (id === undefined) continue;
      const topics = byDirectory.get(id) ?? new Map<TopicId, { readonly partitionIndex: number }[]>();
      byDirectory.set(id, topics);
      const partitions = topics.get(topicId) ?? [];
      topics.set(topicId, partitions);
      partitions.push({ partitionIndex: partition });
    }
    return [...byDirectory].map(([id, topics]) => ({
      id,
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
    }));
  }
}
