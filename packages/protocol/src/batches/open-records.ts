import { hasCode } from '@kafkaesque/kernel';
import type { Codec } from './compression/codec';
import { decompress } from './compression/compression';

/** Most bytes that the records of one batch may have once opened, unless somebody sets another limit. */
export const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;
/** Beyond this many bytes, records may be at most `MAX_RATIO` times as large as what arrived. */
const RATIO_FREE_BYTES = 16 * 1024 * 1024;
const MAX_RATIO = 1_000;

export type OpenedRecords =
  | { readonly kind: 'open'; readonly bytes: Buffer }
  | {
      readonly kind: 'closed';
      readonly code: 'OUTPUT_TOO_LARGE' | 'CORRUPT_COMPRESSION';
      readonly message: string;
    };

/** The plain records of a batch, or why there are none. Bounded in size and in ratio, so that a bomb stays small. */
export function openRecords(codec: Codec, bytes: Buffer, maxBytes: number): OpenedRecords {
  const limitBytes = Math.min(maxBytes, Math.max(RATIO_FREE_BYTES, bytes.length * MAX_RATIO));
  try {
    return { kind: 'open', bytes: decompress(codec, bytes, limitBytes) };
  } catch (error) {
    if (hasCode(error, 'OUTPUT_TOO_LARGE'))
      return { kind: 'closed', code: 'OUTPUT_TOO_LARGE', message: error.message };
    if (hasCode(error, 'CORRUPT_COMPRESSION'))
      return { kind: 'closed', code: 'CORRUPT_COMPRESSION', message: error.message };
    throw error;
  }
}
