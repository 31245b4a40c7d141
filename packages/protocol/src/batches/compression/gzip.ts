import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { corrupt, tooLarge } from './failures';

/** zlib's own default buffer; smaller ones cost more calls than they save memory. */
const MIN_CHUNK_BYTES = 16 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;

export const gzip = (bytes: Buffer, level: number = constants.Z_DEFAULT_COMPRESSION): Buffer =>
  gzipSync(bytes, { level });

export function gunzip(bytes: Buffer, limitBytes: number): Buffer {
  // zlib keeps its limit one chunk too late and refuses a limit of 0; the exact comparison is below.
  const options = { maxOutputLength: Math.max(limitBytes, 1), chunkSize: chunkBytes(bytes) };
  try {
    const plain = gunzipSync(bytes, options);
    if (plain.length > limitBytes) throw tooLarge(limitBytes);
    return plain;
  } catch (error) {
    if (hasCode(error, 'OUTPUT_TOO_LARGE')) throw error;
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) throw tooLarge(limitBytes);
    throw corrupt(`The gzip stream is damaged: ${messageOf(error)}.`, error);
  }
}

/** The last four bytes of a gzip stream name its plain size. They may lie, so they only choose the size of the pieces. */
function chunkBytes(bytes: Buffer): number {
  const named = bytes.length >= 4 ? bytes.readUInt32LE(bytes.length - 4) : 0;
  return Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, named + 64));
}
