import { ProducerEpoch, ProducerId, messageOf } from '@kafkaesque/kernel';
import { controlTypeOf, isControl, producerEpochOf, producerIdOf, recordsOf } from '@kafkaesque/protocol';
import type { RecordCodec, ReplayedMachine } from './machine';

/**
 * Replays the records of one stored batch. Of control batches, machines hear of the ends of transactions; what cannot be decoded
 * is told and passed over: one bad record must not make a whole partition unavailable.
 */
export const replayBatch = <Record>(
  bytes: Buffer,
  at: number,
  codec: RecordCodec<Record>,
  machine: Pick<ReplayedMachine<Record, never, never>, 'replay' | 'replayEndOfTransaction'>,
  passedOver: (offset: number, error: string) => void,
): void => {
  const isMarker = isControl(bytes, at);
  const producerId = ProducerId(producerIdOf(bytes, at));
  const producerEpoch = ProducerEpoch(producerEpochOf(bytes, at));
  for (const { key, value, offset, timestampMs } of recordsOf(bytes, at)) {
    if (isMarker) {
      const type = controlTypeOf(key);
      if (type === 'commit' || type === 'abort')
        machine.replayEndOfTransaction?.(type === 'commit', {
          offset,
          timestampMs,
          producerId,
          producerEpoch,
        });
      continue;
    }
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
