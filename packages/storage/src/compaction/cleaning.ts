import { Failure, hasCode } from '@kafkaesque/kernel';
import type { ComputeJob, DiskFile } from '@kafkaesque/kernel';
import { batchSizeBytes } from '@kafkaesque/protocol';
import type { LogServices } from '../log-services';
import type { CleaningOptions } from '../log';
import type { LogState } from '../log-state';
import type { Segment } from '../segment';
import { withSegmentFile } from '../segment-files';
import { isPlausibleBatch } from '../segment-scan';
import type { CleaningPlan } from './cleanable';

const LEAST_READ_BYTES = 1024;

/** Something else changed the log, or it may not be written: what was begun is given up, and nothing has happened. */
export const STOPPED = 'CLEANING_STOPPED';

/**
 * One pass over a log. The log may be appended to, read, cut and deleted meanwhile; whatever the pass does to its files
 * it does while it excludes these (rule 5), and only while what it has read is still what the log is made of.
 */
export class Cleaning {
  readonly services: LogServices;
  readonly log: LogState;
  readonly plan: CleaningPlan;
  readonly options: CleaningOptions;
  #cuts: number;
  removedRecords = 0;
  beforeBytes = 0;
  afterBytes = 0;

  constructor(services: LogServices, log: LogState, plan: CleaningPlan, options: CleaningOptions) {
    this.services = services;
    this.log = log;
    this.plan = plan;
    this.options = options;
    this.#cuts = log.cuts;
  }

  /** This pass itself has put another segment in the place of some. */
  swapped(): void {
    this.#cuts = this.log.cuts;
  }

  /** Throws `STOPPED` unless the log still is what was read. */
  check(sources: readonly Segment[]): void {
    const { log, services } = this;
    const { context } = services;
    const isOver =
      log.cuts !== this.#cuts || log.deleted || log.failed || log.quarantined || services.isClosing;
    if (isOver || context.offline || context.reserve.isReleased || this.options.signal?.aborted === true)
      throw stopped(log);
    if (!sources.every((source) => log.segments.includes(source))) throw stopped(log);
  }

  /** Throws `STOPPED` if a replica has come to lie before a tombstone that would go. */
  checkTombstones(tombstonesGoneTo: number): void {
    if (tombstonesGoneTo > this.options.tombstonesBelow()) throw stopped(this.log);
  }

  /** Does something with the log's files that nothing else may come between. */
  exclusively<T>(sources: readonly Segment[], work: () => Promise<T>): Promise<T> {
    return this.log.exclusive.run(() => {
      this.check(sources);
      return work();
    });
  }

  async compute<Input, Output>(job: ComputeJob<Input, Output>, input: Input): Promise<Output> {
    return this.options.compute.run(job, input, this.options.signal);
  }

  damaged(segment: Segment, message: string): Failure {
    this.log.suspectReason ??= `segment ${segment.baseOffset}: ${message}`;
    return new Failure('LOG_CORRUPT', `${this.log.directory}: ${this.log.suspectReason}`);
  }

  /** Whole batches of a segment from `position` on, in memory of their own: as much as fits, and at least one. */
  async read(segment: Segment, position: number): Promise<Uint8Array> {
    this.check([segment]);
    const wantedBytes = Math.min(
      Math.max(this.options.ioBufferBytes, LEAST_READ_BYTES),
      segment.sizeBytes - position,
    );
    const bytes = await this.#readPart(segment, position, wantedBytes);
    let end = 0;
    while (end < bytes.length && isPlausibleBatch(bytes, end, segment.sizeBytes - position - end)) {
      const sizeBytes = batchSizeBytes(bytes, end);
      if (end + sizeBytes > bytes.length) {
        if (end > 0) break;
        return this.#readPart(segment, position, sizeBytes);
      }
      end += sizeBytes;
    }
    if (end === 0) {
      this.check([segment]);
      throw this.damaged(segment, `no batch stands at ${position}`);
    }
    return bytes.subarray(0, end);
  }

  async #readPart(segment: Segment, position: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    try {
      const read = (file: DiskFile): Promise<number> => file.read(bytes, position);
      const filledBytes = await withSegmentFile(this.services.context, this.log, segment, read);
      return bytes.subarray(0, filledBytes);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) this.check([segment]);
      throw error;
    }
  }
}

const stopped = (log: LogState): Failure =>
  new Failure(STOPPED, `${log.directory}: the pass ends before it is through`, { retriable: true });
