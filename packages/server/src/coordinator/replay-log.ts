import type { Clock } from '@kafkaesque/kernel';
import { Offset } from '@kafkaesque/kernel';
import { lastOffsetOf, splitBatches } from '@kafkaesque/protocol';
import type { Log } from '@kafkaesque/storage';

/** Longest work on one turn: half of what a section may take, as one batch is not divided. */
const TURN_MS = 10;

interface LogReplay {
  readonly log: Pick<Log, 'logStartOffset' | 'endOffset' | 'read'>;
  readonly clock: Clock;
  /** Read at once. */
  readonly bufferBytes: number;
  /** One whole batch at `at`; false ends it. */
  readonly replay: (bytes: Buffer, at: number) => boolean;
  readonly isWanted: () => boolean;
}

/** Replays a whole log, from its start to the end that it has by then, in turns. False: it was not wanted any more. */
export const replayLog = async ({
  log,
  clock,
  bufferBytes,
  replay,
  isWanted,
}: LogReplay): Promise<boolean> => {
  let from = log.logStartOffset;
  let turnEndsMs = clock.monotonicMs() + TURN_MS;
  while (from < log.endOffset) {
    const slices = await log.read(from, log.endOffset, bufferBytes, { atLeastOne: true });
    // A copy: records keep views, and borrowed memory is used again.
    const bytes = slices.parts.length === 0 ? EMPTY : Buffer.concat(slices.parts, slices.sizeBytes);
    const { nextOffset } = slices;
    slices.release();
    const split = splitBatches(bytes);
    if (split.kind === 'malformed') throw new Error(split.message);
    for (const at of split.positions) {
      if (lastOffsetOf(bytes, at) < from) continue;
      if (!isWanted() || !replay(bytes, at)) return false;
      if (clock.monotonicMs() < turnEndsMs) continue;
      await endOfTurn(clock);
      turnEndsMs = clock.monotonicMs() + TURN_MS;
    }
    if (!isWanted()) return false;
    // What is left out here would be forgotten for good.
    if (nextOffset <= from) throw new Error(`the log gives nothing at offset ${from} of ${log.endOffset}`);
    from = Offset(nextOffset);
  }
  return true;
};

const EMPTY = Buffer.alloc(0);

const endOfTurn = (clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    clock.wakeAt(clock.monotonicMs(), resolve);
  });
