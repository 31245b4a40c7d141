import type * as ZstdWasm from '@bokuweb/zstd-wasm';
import * as zlib from 'node:zlib';
import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import { corrupt, tooLarge } from './failures';
import { zstdFrames } from './zstd-frames';
import type { ZstdFrame } from './zstd-frames';

/** One way to the reference library. `decompress` gets one whole frame and never gives more than `capacityBytes`. */
export interface ZstdEngine {
  compress(bytes: Buffer, level: number): Buffer;
  /** Throws when the frame is damaged or holds more. */
  decompress(frame: Buffer, capacityBytes: number): Buffer;
}

/** What node:zlib offers from Node 22.15 on; the types of the oldest Node that we run on do not know it. */
interface ZlibWithZstd {
  readonly constants: { readonly ZSTD_c_compressionLevel: number; readonly ZSTD_d_windowLogMax: number };
  zstdCompressSync(bytes: Buffer, options: { readonly params: Record<number, number> }): Buffer;
  zstdDecompressSync(
    bytes: Buffer,
    options: { readonly maxOutputLength: number; readonly params: Record<number, number> },
  ): Buffer;
}

const DEFAULT_LEVEL = 3;
const MAX_WINDOW_LOG = 27;

let engine: ZstdEngine | undefined =
  'zstdCompressSync' in zlib ? zlibEngine(zlib as unknown as ZlibWithZstd) : undefined;
let loading: Promise<void> | undefined;

/** Loads the WebAssembly build where node:zlib knows no zstd. Once; more calls wait for the same. */
export function initialiseZstd(): Promise<void> {
  if (engine !== undefined) return Promise.resolve();
  return (loading ??= loadWasm());
}

async function loadWasm(): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- over a megabyte of WebAssembly, needed only on Node without zstd
  const wasm = require('@bokuweb/zstd-wasm') as typeof ZstdWasm;
  await wasm.init();
  engine = wasmEngine(wasm);
}

const wasmEngine = (wasm: typeof ZstdWasm): ZstdEngine => ({
  compress: (bytes, level) => asBuffer(wasm.compress(bytes, level)),
  decompress: (frame, capacityBytes) =>
    asBuffer(wasm.decompress(frame, { defaultHeapSize: Math.max(capacityBytes, 1) })),
});

function zlibEngine(native: ZlibWithZstd): ZstdEngine {
  const { constants } = native;
  return {
    compress: (bytes, level) =>
      native.zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
    decompress: (frame, capacityBytes) =>
      native.zstdDecompressSync(frame, {
        maxOutputLength: Math.max(capacityBytes, 1),
        params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
      }),
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function readyEngine(): ZstdEngine {
  if (engine === undefined)
    throw new Failure('CODEC_NOT_READY', 'zstd needs initialiseCodecs() to have finished.', {
      retriable: true,
    });
  return engine;
}

export const compressZstd = (bytes: Buffer, level: number = DEFAULT_LEVEL): Buffer =>
  readyEngine().compress(bytes, level);

/** Frame by frame, each into a buffer whose size the frame's blocks justify. */
export function decompressZstd(bytes: Buffer, limitBytes: number): Buffer {
  const parts: Buffer[] = [];
  let plainBytes = 0;
  for (const frame of zstdFrames(bytes)) {
    const part = decompressFrame(bytes, frame, limitBytes - plainBytes, limitBytes);
    plainBytes += part.length;
    parts.push(part);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, plainBytes);
}

function decompressFrame(bytes: Buffer, frame: ZstdFrame, leftBytes: number, limitBytes: number): Buffer {
  if ((frame.contentBytes ?? 0) > leftBytes) throw tooLarge(limitBytes);
  const enoughBytes = frame.contentBytes ?? frame.boundBytes;
  const plain = attempt(
    bytes.subarray(frame.from, frame.to),
    Math.min(enoughBytes, leftBytes),
    enoughBytes,
    limitBytes,
  );
  if (plain.length > leftBytes) throw tooLarge(limitBytes);
  if (frame.contentBytes !== undefined && plain.length !== frame.contentBytes)
    throw corrupt(`The zstd frame names ${frame.contentBytes} bytes and holds ${plain.length}.`);
  return plain;
}

function attempt(frame: Buffer, capacityBytes: number, enoughBytes: number, limitBytes: number): Buffer {
  try {
    return readyEngine().decompress(frame, capacityBytes);
  } catch (error) {
    if (hasCode(error, 'CODEC_NOT_READY')) throw error;
    // With room for all that its blocks can hold, only damage is left as a reason.
    if (capacityBytes < enoughBytes) throw tooLarge(limitBytes);
    throw corrupt(`The zstd frame is damaged: ${messageOf(error)}.`, error);
  }
}
