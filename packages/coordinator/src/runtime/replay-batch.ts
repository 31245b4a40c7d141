import { ProducerEpoch, ProducerId, messageOf } from '@kafkaesque/kernel';
import { isControl, producerEpochOf, producerIdOf, recordsOf } from '@kafkaesque/protocol';
import type { RecordCodec, ReplayedMachine } from './machine';

/**
 * Replays the records of one stored batch. Control batches are no business of machines; what cannot be decoded is told and passed
 * over: one bad record must not make a whole partition unavailable.
 */
export const replayBatch = <Record>(
  bytes: Buffer,
  at: number,
  codec: RecordCodec<Record>,
  machine: Pick<ReplayedMachine<Record, never, never>, 'replay'>,
  passedOver: (offset: number, error: string) => void,
): void => {
  if (isControl(bytes, at)) return;
  const producerId = ProducerId(producerIdOf(bytes, at));
  const producerEpoch = ProducerEpoch(producerEpochOf(bytes, at));
  for (const { key, value, offset, timestampMs } of recordsOf(bytes, at)) {
    if (key === null) {
      passedOver(offset, 'it has no key');
      continue;
    }
    let record: Record | undefined;
    try {
      record = codec.decode(key, value);
    } catch (error) {
      passedOver(offset, messageOf(error));
      continue;
    }
    if (record !== undefined) machine.replay(record, { offset, timestampMs, producerId, producerEpoch });
  }
};
