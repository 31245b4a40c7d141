import type { Offset } from '@kafkaesque/kernel';
import type { Replica } from './replica';

/** Rebuilds producer state: the newest readable snapshot, then the headers behind it. */
export const readProducers = async ({ machine, log }: Replica, nowMs: number): Promise<void> => {
  let from: Offset = log.logStartOffset;
  let below: Offset = log.endOffset;
  for (;;) {
    const snapshot = await log.latestProducerSnapshot(below);
    if (snapshot === undefined) break;
    if (machine.loadProducers(snapshot, nowMs) === 'loaded') {
      from = snapshot.offset;
      break;
    }
    below = (snapshot.offset - 1) as Offset;
  }
  if (from >= log.endOffset) return;
  await log.scanHeaders(from, (bytes, at) => {
    machine.replayHeader(bytes, at, nowMs);
  });
};

/**
 * Keeps producer state as it is now. A snapshot must never know of batches that a crash takes back, so it is written
 * only once everything in it is durable; state that is over by then is not written at all.
 */
export const writeProducerSnapshot = async (replica: Replica): Promise<void> => {
  const { machine, log } = replica;
  if (replica.isLoading || log.failure !== undefined) return;
  if (machine.role.kind !== 'leader' && machine.role.kind !== 'follower') return;
  const { leaderEpoch } = machine;
  const segmentCount = log.segmentCount;
  const snapshot = machine.producerSnapshot();
  if (machine.durableEndOffset < snapshot.offset) await log.flush();
  if (machine.leaderEpoch !== leaderEpoch || machine.durableEndOffset < snapshot.offset) return;
  await log.writeProducerSnapshot(snapshot.offset, snapshot.bytes);
  replica.snapshotSegments = segmentCount;
};
