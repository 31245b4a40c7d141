import type { Random } from '@kafkaesque/kernel';
import type { Command, CommandResponses } from './decide/commands';
import type { ControllerSettings, Decision } from './decide/decision';
import type { MetadataDelta } from './delta/metadata-delta';
import type { MetadataImage } from './image/metadata-image';
import type { CommittedBatch, SnapshotSink, StateSnapshot } from './quorum';
import type { MetadataRecord } from './records';

/**
 * The rules of the metadata as a machine without input or output. The driver's order for one command, in one tick:
 * `decide`, `Quorum.propose`, `appended`; the answer goes out when the proposal's outcome is `committed` (or at once
 * when there are no records and `committed.offset` has reached `speculative.offset` as it was when deciding).
 */
export interface Controller {
  /** What is shown and pushed. */
  readonly committed: MetadataImage;
  /** `committed` plus the appended batches that are not committed yet: what `decide` reads. */
  readonly speculative: MetadataImage;
  /** Works out what a command means. Changes nothing. `nextOffset` is the quorum's. */
  decide<C extends Command>(
    command: C,
    context: { readonly random: Random; readonly nextOffset: number },
  ): Decision<CommandResponses[C['kind']]>;
  /** A decision's records have their place in the log. */
  appended(offset: number, epoch: number, records: readonly MetadataRecord[]): void;
  /** A batch is committed, own or another leader's. Returns what it changed. */
  apply(batch: CommittedBatch): MetadataDelta;
  /** Leadership is lost: everything appended and not committed is forgotten. */
  resign(): void;
  /** Replaces the committed state; `done` swaps it in and reports the change from the state before. */
  restore(offset: number, epoch: number, changed: (delta: MetadataDelta) => void): SnapshotSink;
  /** The committed state as records. */
  snapshot(): StateSnapshot;
}

export const createController = (settings: ControllerSettings): Controller => {
  throw new Error(`not decided yet for ${settings.clusterId}`);
};
