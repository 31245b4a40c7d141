import type { Random } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { Command, CommandResponses } from './decide/commands';
import { decide } from './decide/decide';
import type { ControllerSettings, Decision } from './decide/decision';
import { applyRecords, replaySnapshotRecord } from './delta/apply-records';
import { ImageDraft } from './delta/image-draft';
import { differenceInSteps } from './delta/image-difference';
import type { MetadataDelta } from './delta/metadata-delta';
import { emptyImage } from './image/lookups';
import type { MetadataImage } from './image/metadata-image';
import { snapshotChunks } from './image/snapshot-records';
import type { CommittedBatch, SnapshotSink, StateSnapshot } from './quorum';
import type { MetadataRecord } from './records';

/**
 * The rules of the metadata as a machine without input or output. The driver's order for one command, in one tick:
 * `decide`, `Quorum.propose`, `appended`; the answer goes out when the proposal's outcome is `committed` (or, when
 * there are no records, as soon as `committed.offset` has reached what `speculative.offset` was when deciding).
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
  /**
   * Leadership is lost: everything appended and not committed is forgotten. Due before anything of a later epoch is
   * applied; what was appended here may still be committed by the next leader, and is applied as anybody's.
   */
  resign(): void;
  /**
   * Replaces the committed state of a controller that does not lead; the end of `finish` swaps it in and reports the
   * change from the state before. A restore that is not finished changes nothing.
   */
  restore(offset: number, epoch: number, changed: (delta: MetadataDelta) => void): SnapshotSink;
  /** The committed state as records. */
  snapshot(): StateSnapshot;
}

class MetadataController implements Controller {
  readonly #settings: ControllerSettings;
  #committed = emptyImage;
  /** Appended and not committed, oldest first; each begins with the image that the one before it ended with. */
  #appended: MetadataDelta[] = [];

  constructor(settings: ControllerSettings) {
    this.#settings = settings;
  }

  get committed(): MetadataImage {
    return this.#committed;
  }

  get speculative(): MetadataImage {
    return this.#appended.at(-1)?.after ?? this.#committed;
  }

  decide<C extends Command>(
    command: C,
    { random, nextOffset }: { readonly random: Random; readonly nextOffset: number },
  ): Decision<CommandResponses[C['kind']]> {
    const image = this.speculative;
    assert(nextOffset > image.offset, () => `offset ${nextOffset} comes after ${image.offset}`);
    // `decide` gives each kind of command its own kind of answer; the compiler cannot follow that through a switch.
    return decide(command, { image, settings: this.#settings, random, nextOffset }) as Decision<
      CommandResponses[C['kind']]
    >;
  }

  appended(offset: number, epoch: number, records: readonly MetadataRecord[]): void {
    this.#appended.push(applyRecords(this.speculative, records, { offset, epoch }));
  }

  apply({ offset, epoch, records }: CommittedBatch): MetadataDelta {
    const own = this.#appended[0];
    if (own?.after.offset === offset && own.after.epoch === epoch) {
      this.#appended.shift();
      this.#committed = own.after;
      return own;
    }
    // The leader's own batches commit in the order in which it appended them; leader changes lie between terms.
    assert(
      own === undefined || offset < own.after.offset,
      'what another leader committed was never appended here',
    );
    assert(own === undefined || records.length === 0, 'a batch of records that this leader did not append');
    const delta = applyRecords(this.#committed, records, { offset, epoch });
    this.#committed = delta.after;
    return delta;
  }

  resign(): void {
    this.#appended = [];
  }

  restore(offset: number, epoch: number, changed: (delta: MetadataDelta) => void): SnapshotSink {
    // Who is given a snapshot follows a leader, and what it appended itself is lost.
    this.resign();
    const before = this.#committed;
    let image = emptyImage;
    return {
      // One draft for each chunk, so that none of them has more to finish than its own chunk.
      records: (chunk) => {
        const draft = new ImageDraft(image);
        for (const record of chunk) replaySnapshotRecord(draft, record);
        image = draft.finish(offset, epoch).after;
      },
      finish: () => this.#replace(before, { ...image, offset, epoch, topicRemovedAt: offset }, changed),
    };
  }

  *#replace(
    before: MetadataImage,
    after: MetadataImage,
    changed: (delta: MetadataDelta) => void,
  ): Generator<void, void, void> {
    const delta = yield* differenceInSteps(before, after);
    assert(this.#committed === before, 'nothing is committed while a snapshot replaces the state');
    assert(this.#appended.length === 0, 'nobody leads while a snapshot replaces his state');
    this.#committed = after;
    changed(delta);
  }

  snapshot(): StateSnapshot {
    const { offset, epoch } = this.#committed;
    return { offset, epoch, chunks: snapshotChunks(this.#committed) };
  }
}

/** A controller with an empty image; records give it the rest. */
export const createController = (settings: ControllerSettings): Controller =>
  new MetadataController(settings);
