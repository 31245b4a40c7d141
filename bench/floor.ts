import { closeSync, fdatasync, openSync, readSync, unlinkSync, writev } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BrokerId, Offset } from '@kafkaesque/kernel';
import { apis, crc32c, encodeResponseFrame, readRequestHeader, recordCountOf } from '@kafkaesque/protocol';
import { FETCH_VERSION } from './load/fetch';
import { PRODUCE_VERSION } from './load/batch';

// The floor under every figure: one process that does what a broker cannot avoid and nothing else. It reads frames,
// checks each batch's CRC, gives it offsets, writes it to one file off the event loop (with a flush if FSYNC=1), and
// answers; for a fetch it reads the file. No topics, no partitions, no rules; a frame that it does not expect ends it.
//
//   PORT=… FILE=… [FSYNC=1] node floor.js

const port = Number(process.env['PORT']);
const path = process.env['FILE'] ?? 'floor.log';
const isFlushing = process.env['FSYNC'] === '1';
const file = openSync(path, 'w+');
unlinkSync(path);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
/** Chunks of sockets lie outside V8's heap, so it does not notice in time that they are garbage. */
const COLLECT_EVERY_BYTES = 4 << 20;

const LENGTH_BYTES = 4;
const CRC_AT = 17;
const CRC_FROM = 21;
/** Copied together, so that a round of small batches is one piece. */
const SMALL_BYTES = 16 << 10;
const SLAB_BYTES = 1 << 20;
const FETCH_BYTES = 1 << 20;
const ANSWER_BYTES = 256;

/** A batch between its arrival and its answer. */
interface Waiting {
  readonly connection: Connection;
  readonly correlationId: number;
  readonly topic: Buffer;
  readonly partition: number;
  readonly offset: number;
  /** Memory to give back. */
  readonly frame: Buffer | undefined;
}

interface Connection {
  readonly socket: Socket;
  answers: Buffer;
  answerBytes: number;
}

const firstOffsets: number[] = [];
const positions: number[] = [];
let endOffset = 0;
let endPosition = 0;
/** End of what has been written: fetches read no further. */
let writtenPosition = 0;
let waitingFetches: (() => void)[] = [];

let pieces: Buffer[] = [];
let waiting: Waiting[] = [];
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let otherSlab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let slabFrom = 0;
let slabTo = 0;
let isWriting = false;
let isStartAsked = false;

const endSlabPiece = (): void => {
  if (slabTo > slabFrom) pieces.push(slab.subarray(slabFrom, slabTo));
  slabFrom = slabTo;
};

const append = (batch: Buffer): void => {
  if (batch.length < SMALL_BYTES && slabTo + batch.length <= SLAB_BYTES) {
    slabTo += batch.copy(slab, slabTo);
    return;
  }
  endSlabPiece();
  pieces.push(batch);
};

/** One write at a time; what arrives meanwhile is the next one. */
const startWrite = (): void => {
  isStartAsked = false;
  if (isWriting || waiting.length === 0) return;
  isWriting = true;
  endSlabPiece();
  const written = pieces;
  const answered = waiting;
  pieces = [];
  waiting = [];
  [slab, otherSlab] = [otherSlab, slab];
  slabFrom = slabTo = 0;
  const sizeBytes = written.reduce((sum, piece) => sum + piece.length, 0);
  const settled = (error: Error | null): void => {
    if (error !== null) throw error;
    writtenPosition += sizeBytes;
    isWriting = false;
    answerAll(answered);
    startWrite();
  };
  writev(file, written, writtenPosition, (error, count) => {
    if (error === null && count !== sizeBytes) throw new Error('the disk took less than was written');
    if (error !== null || !isFlushing) settled(error);
    else fdatasync(file, settled);
  });
};

const answerAll = (answered: readonly Waiting[]): void => {
  const connections = new Set<Connection>();
  for (const item of answered) {
    writeProduceAnswer(item);
    connections.add(item.connection);
    if (item.frame !== undefined) freeFrames.push(item.frame);
  }
  for (const connection of connections) sendAnswers(connection);
  const fetches = waitingFetches;
  waitingFetches = [];
  for (const fetch of fetches) fetch();
};

const sendAnswers = (connection: Connection): void => {
  connection.socket.write(connection.answers.subarray(0, connection.answerBytes));
  connection.answers = Buffer.allocUnsafe(ANSWER_BYTES * 64);
  connection.answerBytes = 0;
};

/** ProduceResponse 11 with one partition, by hand. */
const writeProduceAnswer = ({ connection, correlationId, topic, partition, offset }: Waiting): void => {
  if (connection.answerBytes + ANSWER_BYTES + topic.length > connection.answers.length)
    sendAnswers(connection);
  const { answers } = connection;
  const from = connection.answerBytes;
  let at = answers.writeInt32BE(correlationId, from + LENGTH_BYTES);
  at = answers.writeUInt16BE(2, at); // no tags, one topic
  at = answers.writeUInt8(topic.length + 1, at);
  at += topic.copy(answers, at);
  at = answers.writeUInt8(2, at); // one partition
  at = answers.writeInt32BE(partition, at);
  at = answers.writeInt16BE(0, at);
  at = writeInt64(answers, offset, at);
  answers.fill(0xff, at, at + 8); // no append time
  at += 8;
  at = writeInt64(answers, 0, at); // log start
  at = answers.writeUInt32BE(0x01_00_00_00, at); // no record errors, no message, no tags of partition and topic
  at = answers.writeUInt32BE(0, at); // throttle time
  at = answers.writeUInt8(0, at);
  answers.writeInt32BE(at - from - LENGTH_BYTES, from);
  connection.answerBytes = at;
};

const writeInt64 = (bytes: Buffer, value: number, at: number): number => {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  return bytes.writeUInt32BE(value >>> 0, at + 4);
};

/** Reads an unsigned varint; where it ends is in `varintEnd`. */
let varintEnd = 0;
const readVarint = (bytes: Buffer, from: number): number => {
  let value = 0;
  let shift = 0;
  let at = from;
  for (;;) {
    const byte = bytes.readUInt8(at);
    at += 1;
    value |= (byte & 127) << shift;
    if (byte < 128) break;
    shift += 7;
  }
  varintEnd = at;
  return value;
};

/** ProduceRequest 11 with one partition, by hand. */
const produce = (connection: Connection, frame: Buffer, pooled: Buffer | undefined): void => {
  let at = 10 + Math.max(0, frame.readInt16BE(8)) + 1; // client id, tags of the header
  at += 1 + 2 + 4 + 1; // transactional id, acks, time-out, count of topics
  const topicBytes = frame.readUInt8(at) - 1;
  const topic = frame.subarray(at + 1, at + 1 + topicBytes);
  at += 1 + topicBytes + 1; // count of partitions
  const partition = frame.readInt32BE(at);
  const batchBytes = readVarint(frame, at + 4) - 1;
  const batch = frame.subarray(varintEnd, varintEnd + batchBytes);
  if (crc32c(batch.subarray(CRC_FROM)) !== batch.readUInt32BE(CRC_AT)) throw new Error('a CRC is wrong');
  const offset = endOffset;
  writeInt64(batch, offset, 0);
  firstOffsets.push(offset);
  positions.push(endPosition);
  endOffset += recordCountOf(batch);
  endPosition += batch.length;
  append(batch);
  waiting.push({
    connection,
    correlationId: frame.readInt32BE(4),
    topic,
    partition,
    offset,
    frame: pooled,
  });
  if (isStartAsked || isWriting) return;
  isStartAsked = true;
  queueMicrotask(startWrite);
};

const freeAnswers: Buffer[] = [];

/** One partition's bytes from its place in the file, in the calling turn: they are in the page cache. */
const fetch = ({ socket }: Connection, frame: Buffer): void => {
  const { bodyAt, correlationId } = readRequestHeader(frame);
  const request = apis.Fetch.request.decode(frame, FETCH_VERSION, bodyAt);
  const { topic, partitions } = request.topics[0] as (typeof request.topics)[number];
  const { partition, fetchOffset } = partitions[0] as (typeof partitions)[number];
  let isDue = false;
  const serve = (): void => {
    const from = placeOf(fetchOffset);
    const sizeBytes = Math.min(FETCH_BYTES, request.maxBytes, writtenPosition - from);
    if (sizeBytes <= 0 && !isDue) {
      waitingFetches.push(serve);
      return;
    }
    clearTimeout(timer);
    const memory = freeAnswers.pop() ?? Buffer.allocUnsafeSlow(FETCH_BYTES);
    const records = memory.subarray(0, Math.max(0, sizeBytes));
    if (records.length > 0) readSync(file, records, 0, records.length, from);
    const answer = {
      partitionIndex: partition,
      errorCode: 0,
      highWatermark: endOffset as Offset,
      abortedTransactions: null,
      records,
    };
    const parts = encodeResponseFrame(apis.Fetch, FETCH_VERSION, correlationId, {
      responses: [{ topic, partitions: [answer] }],
    });
    socket.cork();
    for (const part of parts.slice(0, -1)) socket.write(part);
    socket.write(parts[parts.length - 1] as Buffer, () => freeAnswers.push(memory));
    socket.uncork();
  };
  const timer = setTimeout(() => {
    isDue = true;
    waitingFetches = waitingFetches.filter((other) => other !== serve);
    serve();
  }, request.maxWaitMs);
  serve();
};

/** The file position of the batch that begins at an offset. */
const placeOf = (offset: number): number => {
  let low = 0;
  let high = firstOffsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((firstOffsets[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return positions[low] ?? endPosition;
};

/** Everything that is not measured goes through the protocol package. */
const answerOther = ({ socket }: Connection, frame: Buffer): void => {
  const { api, apiVersion, correlationId, bodyAt } = readRequestHeader(frame);
  const send = (parts: readonly Buffer[]): void => {
    for (const part of parts) socket.write(Buffer.from(part));
  };
  switch (api.name) {
    case 'ApiVersions': {
      const served = [
        [apis.Produce.key, PRODUCE_VERSION, PRODUCE_VERSION],
        [apis.Fetch.key, FETCH_VERSION, FETCH_VERSION],
        [apis.ListOffsets.key, 5, 5],
        [apis.Metadata.key, 5, 5],
        [apis.ApiVersions.key, 0, 3],
      ] as const;
      send(
        encodeResponseFrame(apis.ApiVersions, apiVersion, correlationId, {
          errorCode: 0,
          apiKeys: served.map(([apiKey, minVersion, maxVersion]) => ({ apiKey, minVersion, maxVersion })),
        }),
      );
      return;
    }
    case 'Metadata': {
      const { topics } = apis.Metadata.request.decode(frame, apiVersion, bodyAt);
      const self = 1 as BrokerId;
      const partition = {
        errorCode: 0,
        partitionIndex: 0,
        leaderId: self,
        replicaNodes: [self],
        isrNodes: [self],
        offlineReplicas: [],
      };
      send(
        encodeResponseFrame(apis.Metadata, apiVersion, correlationId, {
          brokers: [{ nodeId: self, host: '127.0.0.1', port }],
          topics: (topics ?? []).map(({ name }) => ({ errorCode: 0, name, partitions: [partition] })),
        }),
      );
      return;
    }
    case 'ListOffsets': {
      const { topics } = apis.ListOffsets.request.decode(frame, apiVersion, bodyAt);
      const partitions = [{ partitionIndex: 0, errorCode: 0, timestamp: -1, offset: endOffset as Offset }];
      send(
        encodeResponseFrame(apis.ListOffsets, apiVersion, correlationId, {
          topics: topics.map(({ name }) => ({ name, partitions })),
        }),
      );
      return;
    }
    default:
      throw new Error(`the floor does not speak ${api.name}`);
  }
};

const receive = (connection: Connection, frame: Buffer, pooled: Buffer | undefined): void => {
  const apiKey = frame.readInt16BE(0);
  if (apiKey === apis.Produce.key) {
    produce(connection, frame, pooled);
    return;
  }
  if (apiKey === apis.Fetch.key) fetch(connection, frame);
  else answerOther(connection, frame);
  if (pooled !== undefined) freeFrames.push(pooled);
};

/** Memory of frames that came in several chunks, for the next ones. A run has frames of one size. */
const freeFrames: Buffer[] = [];
const frameMemory = (sizeBytes: number): Buffer => {
  const found = freeFrames.pop();
  return found !== undefined && found.length >= sizeBytes ? found : Buffer.allocUnsafeSlow(sizeBytes);
};

let readBytes = 0;
const serve = (socket: Socket): void => {
  const connection: Connection = {
    socket,
    answers: Buffer.allocUnsafe(ANSWER_BYTES * 64),
    answerBytes: 0,
  };
  let length = Buffer.alloc(0);
  let memory: Buffer | undefined;
  let frameBytes = 0;
  let arrivedBytes = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (memory !== undefined) {
        const taken = chunk.copy(memory, arrivedBytes, at, at + frameBytes - arrivedBytes);
        arrivedBytes += taken;
        at += taken;
        if (arrivedBytes < frameBytes) break;
        const pooled = memory;
        memory = undefined;
        receive(connection, pooled.subarray(0, frameBytes), pooled);
        continue;
      }
      if (length.length > 0 || chunk.length - at < LENGTH_BYTES) {
        const taken = chunk.subarray(at, at + LENGTH_BYTES - length.length);
        length = Buffer.concat([length, taken]);
        at += taken.length;
        if (length.length < LENGTH_BYTES) break;
        frameBytes = length.readInt32BE(0);
        length = Buffer.alloc(0);
      } else {
        frameBytes = chunk.readInt32BE(at);
        at += LENGTH_BYTES;
      }
      if (chunk.length - at >= frameBytes) {
        receive(connection, chunk.subarray(at, at + frameBytes), undefined);
        at += frameBytes;
      } else {
        memory = frameMemory(frameBytes);
        arrivedBytes = 0;
      }
    }
    readBytes += chunk.length;
    if (readBytes < COLLECT_EVERY_BYTES) return;
    readBytes = 0;
    collect({ type: 'minor' });
  });
};

const server = createServer({ noDelay: true }, serve);
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => {
  closeSync(file);
  process.exit(0);
});
