import type { LeaderEpoch, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { encodeBatch } from './encode-batch';

/** What a control record says, by the type in its key (Kafka's ControlRecordType). */
const controlTypes = [
  'abort',
  'commit',
  'leader-change',
  'snapshot-header',
  'snapshot-footer',
  'raft-version',
  'raft-voters',
] as const;
/** What a control record says. */
export type ControlType = (typeof controlTypes)[number];

/** The type of a control record; undefined for one that is newer than this code, which readers skip. */
export function controlTypeOf(key: Buffer | null): ControlType | undefined {
  return key === null || key.length < 4 ? undefined : controlTypes[key.readInt16BE(2)];
}

/** The marker that ends a transaction in one partition (KIP-98): a control batch of one record. */
export function encodeTransactionMarker(marker: {
  readonly type: 'abort' | 'commit';
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
  readonly coordinatorEpoch: number;
  readonly timestampMs: number;
  readonly baseOffset?: Offset;
  readonly leaderEpoch?: LeaderEpoch;
}): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(controlTypes.indexOf(marker.type), 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  return encodeBatch({
    ...marker,
    records: [{ key, value }],
    isTransactional: true,
    isControl: true,
  });
}
