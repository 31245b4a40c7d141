import type { Random } from '@kafkaesque/kernel';
import type { MetadataImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import type { CommandError, ConfigView } from './commands';
import type { Policies } from './policies';
import type { QuorumView } from './quorum-view';

/**
 * What a command comes to: records to append as one batch (none: answer at once) and the answer to give when they are
 * committed; or a refusal that changes nothing.
 */
export type Decision<Response> =
  | {
      readonly kind: 'decided';
      readonly records: readonly MetadataRecord[];
      readonly response: Response;
      /**
       * Not all of it goes into one batch: when these records are committed the command is to be decided again. Only the
       * last answer counts.
       */
      readonly again?: true;
      /** The quorum is to be taken to this `kraft.version` first, by a record of its own before these. */
      readonly kraftVersion?: number;
    }
  | ({ readonly kind: 'refused' } & CommandError);

/** Defaults of the cluster that decisions read. */
export interface ControllerSettings {
  readonly clusterId: string;
  /** `num.partitions`. */
  readonly defaultPartitions: number;
  /** `default.replication.factor`. */
  readonly defaultReplicationFactor: number;
  /** `max.request.partition.size.limit`-like bound on partitions one request may create. */
  readonly maxPartitionsPerRequest: number;
  readonly configs: ConfigView;
  readonly quorum: QuorumView;
  readonly policies?: Policies;
}

/** What a decision may look at. */
export interface DecisionContext {
  /** Committed plus everything appended since. */
  readonly image: MetadataImage;
  readonly settings: ControllerSettings;
  readonly random: Random;
  /** The offset that this decision's batch will get. */
  readonly nextOffset: number;
}
