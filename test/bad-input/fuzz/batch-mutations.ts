import type { Random } from '@kafkaesque/kernel';
import { crc32c } from '@kafkaesque/protocol';

/** Position and width of every field of a batch's header (KIP-98). */
const FIELDS: readonly (readonly [number, 1 | 2 | 4 | 8])[] = [
  [0, 8],
  [8, 4],
  [12, 4],
  [16, 1],
  [17, 4],
  [21, 2],
  [23, 4],
  [27, 8],
  [35, 8],
  [43, 8],
  [51, 2],
  [53, 4],
  [57, 4],
];
const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const LENGTH_OVERHEAD = 12;
const CRC_AT = 17;
const CRC_FROM = 21;
const EDGES: readonly bigint[] = [
  ...[
    0n,
    1n,
    2n,
    5n,
    7n,
    0x10n,
    0x20n,
    0x40n,
    0x7fn,
    -1n,
    -2n,
    0x7fffn,
    -0x8000n,
    0x7fff_ffffn,
    -0x8000_0000n,
  ],
  ...[2n ** 53n, 2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
];

/** Changes a batch; the checksum is mostly made right again, so that the change is looked at. */
export const mutatedBatches = (batches: Buffer, random: Random): Buffer => {
  if (batches.length < HEADER_BYTES) return random.bytes(random.below(200));
  const copy = Buffer.from(batches);
  switch (random.below(6)) {
    case 0:
    case 1: {
      const [at, width] = FIELDS[random.below(FIELDS.length)] ?? [0, 8];
      write(copy, at, width, EDGES[random.below(EDGES.length)] ?? 0n);
      break;
    }
    case 2:
    case 3: {
      const at = CRC_FROM + random.below(copy.length - CRC_FROM);
      copy.writeUInt8(random.below(256), at);
      break;
    }
    case 4:
      return copy.subarray(0, random.below(copy.length));
    default:
      return Buffer.concat([copy, copy.subarray(0, random.below(copy.length + 1))]);
  }
  if (random.below(4) > 0) rightChecksum(copy);
  return copy;
};

const write = (batch: Buffer, at: number, width: 1 | 2 | 4 | 8, value: bigint): void => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  bytes.copy(batch, at, 8 - width);
};

const rightChecksum = (batch: Buffer): void => {
  const end = batch.readInt32BE(LENGTH_AT) + LENGTH_OVERHEAD;
  if (end < CRC_FROM || end > batch.length) return;
  batch.writeUInt32BE(crc32c(batch, CRC_FROM, end), CRC_AT);
};
