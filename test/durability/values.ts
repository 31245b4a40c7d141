import { SeededRandom } from '@kafkaesque/kernel';
import type { SentValue } from './acknowledged';

/** Where a value was sent to. */
export interface Destination {
  readonly topic: string;
  readonly partition: number;
}

/** Bytes that values take their bodies from: halves that compress well and halves that do not. */
const POOL_BYTES = 1 << 20;
const pool: Buffer = (() => {
  const random = new SeededRandom(20, 'bodies of values');
  const bytes = Buffer.alloc(POOL_BYTES);
  for (let at = 0; at < POOL_BYTES; at += 4) {
    const isPlain = (at & 1024) === 0;
    bytes.writeUInt32LE(isPlain ? at >>> 10 : random.uint32(), at);
  }
  return bytes;
})();

/** 32-bit FNV-1a. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

const END_OF_LABEL = '\n';

const fill = (label: string, sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(Math.max(sizeBytes, label.length));
  bytes.write(label, 'latin1');
  let from = hashOf(label) % POOL_BYTES;
  for (let at = label.length; at < bytes.length;) {
    const copied = pool.copy(bytes, at, from);
    at += copied;
    from = 0;
  }
  return bytes;
};

/** A value that says what it is, and whose other bytes follow from that: whoever reads it can tell every flipped bit. */
export const valueOf = (sent: SentValue, to: Destination, sizeBytes: number): Buffer => {
  const { producer, sequence, isIdempotent } = sent;
  const size = Math.max(sizeBytes, 100);
  const label = [
    ...[to.topic, to.partition, producer, sequence, isIdempotent ? 'once' : 'at-least-once', size],
    END_OF_LABEL,
  ].join(' ');
  return fill(label, size);
};

/** Whose value this is; undefined if anything in it is not as it was sent to this very partition. */
export const senderOf = (value: Buffer | null, at: Destination): SentValue | undefined => {
  const end = value === null ? -1 : value.indexOf(END_OF_LABEL);
  if (value === null || end < 0) return undefined;
  const [topic, partition, producer, sequence, kind, size] = value.toString('latin1', 0, end).split(' ');
  if (topic !== at.topic || Number(partition) !== at.partition || producer === undefined) return undefined;
  const sent = { producer, sequence: Number(sequence), isIdempotent: kind === 'once' };
  if (!(Number(size) === value.length && Number.isSafeInteger(sent.sequence))) return undefined;
  return valueOf(sent, at, value.length).equals(value) ? sent : undefined;
};
