import type { TopicId } from '@kafkaesque/kernel';
import { BrokerId, Offset } from '@kafkaesque/kernel';
import type { Client } from '@kafkaesque/client';
import {
  ErrorCode,
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crcOf,
  decodeBatch,
  errorName,
  initialiseCodecs,
  lastOffsetOf,
  splitBatches,
} from '@kafkaesque/protocol';
import type { PartitionReading, ReadRecord } from './acknowledged';
import { senderOf } from './values';

export interface ReadTarget {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

export interface TargetReading extends PartitionReading {
  readonly target: ReadTarget;
  /** Why there was no more to read than this, if the node did not give everything below its high watermark. */
  readonly refusal: string | undefined;
}

const PARTITIONS_AT_ONCE = 200;
const ANSWER_BYTES = 16 << 20;
const PARTITION_BYTES = 2 << 20;
/** A node that has just started may need a moment. */
const MOST_RETRIES = 40;
const RETRY_MS = 50;

/** What a node says while its partitions are on their way. */
const passing: ReadonlySet<number> = new Set([
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.OFFSET_NOT_AVAILABLE,
]);

/** A partition that is being read. */
interface Reader {
  readonly target: ReadTarget;
  logStartOffset: number;
  highWatermark: number;
  nextOffset: number;
  sizeBytes: number;
  records: ReadRecord[];
  retries: number;
  refusal: string | undefined;
}

/** Reads partitions from their log start to their high watermark as of now, with nothing between the bytes and the eye. */
export const readPartitions = async (
  client: Client,
  targets: readonly ReadTarget[],
): Promise<readonly TargetReading[]> => {
  await initialiseCodecs();
  const readers: Reader[] = targets.map((target) => ({
    ...{ target, logStartOffset: 0, highWatermark: 0, nextOffset: 0, sizeBytes: 0 },
    ...{ records: [], retries: 0, refusal: undefined },
  }));
  for (let at = 0; at < readers.length; at += PARTITIONS_AT_ONCE) {
    const group = readers.slice(at, at + PARTITIONS_AT_ONCE);
    await setBounds(client, group);
    for (;;) {
      const open = group.filter(
        ({ nextOffset, highWatermark, refusal }) => nextOffset < highWatermark && refusal === undefined,
      );
      if (open.length === 0) break;
      const hasMoved = await fetchOnce(client, open);
      if (!hasMoved) await pause();
    }
  }
  return readers;
};

/** Where each partition begins and ends; one that is not on its way but has no leader is refused. */
const setBounds = async (client: Client, readers: readonly Reader[]): Promise<void> => {
  for (const spec of ['earliest', 'latest'] as const) {
    let open = readers.filter(({ refusal }) => refusal === undefined);
    for (let tries = 0; open.length > 0; tries++) {
      if (tries > 0) await pause();
      const again: Reader[] = [];
      for (const [reader, { errorCode, offset }] of await listOffsets(client, open, spec)) {
        if (errorCode === 0 && spec === 'latest') reader.highWatermark = offset;
        else if (errorCode === 0) startAt(reader, offset);
        else if (passing.has(errorCode) && tries < MOST_RETRIES) again.push(reader);
        else reader.refusal = `ListOffsets ${spec}: ${errorName(errorCode)}`;
      }
      open = again;
    }
  }
};

const TIMESTAMPS = { earliest: -2, latest: -1 } as const;

const listOffsets = async (
  client: Client,
  readers: readonly Reader[],
  spec: keyof typeof TIMESTAMPS,
): Promise<ReadonlyMap<Reader, { readonly errorCode: number; readonly offset: number }>> => {
  const byPlace = new Map(readers.map((reader) => [placeOf(reader.target), reader]));
  const names = new Set(readers.map(({ target }) => target.topic));
  const { topics } = await client.wire.request(nodeOf(client), 'ListOffsets', {
    ...{ replicaId: BrokerId(-1), isolationLevel: 0, timeoutMs: 1000 },
    topics: [...names].map((name) => ({
      name,
      partitions: readers
        .filter(({ target }) => target.topic === name)
        .map(({ target }) => ({ partitionIndex: target.partition, timestamp: TIMESTAMPS[spec] })),
    })),
  });
  const answers = new Map<Reader, { readonly errorCode: number; readonly offset: number }>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode, offset } of partitions) {
      const reader = byPlace.get(placeOf({ topic: name, partition: partitionIndex }));
      if (reader !== undefined) answers.set(reader, { errorCode, offset });
    }
  }
  if (answers.size !== readers.length) throw new Error('ListOffsets did not answer every question');
  return answers;
};

const placeOf = ({ topic, partition }: Pick<ReadTarget, 'topic' | 'partition'>): string =>
  `${topic}/${partition}`;

/** A cluster of one: whoever was asked first has everything. */
const nodeOf = (client: Client): BrokerId => {
  const node = client.wire.bootstrapNodes[0]?.id;
  if (node === undefined) throw new Error('the client knows no node');
  return node;
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS));

const startAt = (reader: Reader, offset: number): void => {
  reader.logStartOffset = offset;
  reader.nextOffset = offset;
  reader.records = [];
  reader.sizeBytes = 0;
};

/** One Fetch over all of them; the ones behind get their turn first. Returns whether any came further. */
const fetchOnce = async (client: Client, readers: readonly Reader[]): Promise<boolean> => {
  const byTopic = new Map<string, Reader[]>();
  for (const reader of readers) {
    const { topicId } = reader.target;
    byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), reader]);
  }
  const { responses, errorCode } = await client.wire.request(
    nodeOf(client),
    'Fetch',
    {
      ...{ maxWaitMs: 0, minBytes: 0, maxBytes: ANSWER_BYTES, forgottenTopicsData: [] },
      topics: [...byTopic].map(([topicId, group]) => ({
        topic: group[0]?.target.topic ?? '',
        topicId: topicId as TopicId,
        partitions: group.map(({ target, nextOffset }) => ({
          partition: target.partition,
          fetchOffset: Offset(nextOffset),
          partitionMaxBytes: PARTITION_BYTES,
        })),
      })),
    },
    { minVersion: 13 },
  );
  if (errorCode !== 0) throw new Error(`Fetch was answered with ${errorName(errorCode)}`);
  let hasMoved = false;
  for (const { topicId, partitions } of responses) {
    for (const answer of partitions) {
      const reader = byTopic.get(topicId)?.find(({ target }) => target.partition === answer.partitionIndex);
      if (reader === undefined) throw new Error(`nobody asked for ${topicId}/${answer.partitionIndex}`);
      hasMoved = (await take(client, reader, answer.errorCode, answer.records)) || hasMoved;
    }
  }
  return hasMoved;
};

const take = async (
  client: Client,
  reader: Reader,
  errorCode: number,
  records: Buffer | null,
): Promise<boolean> => {
  if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE && reader.retries < MOST_RETRIES) {
    // Retention went on meanwhile.
    reader.retries += 1;
    await setBounds(client, [reader]);
    return true;
  }
  if (errorCode !== 0) {
    reader.retries += 1;
    if (!passing.has(errorCode) || reader.retries > MOST_RETRIES) reader.refusal = errorName(errorCode);
    return false;
  }
  const before = reader.nextOffset;
  takeBatches(reader, records ?? Buffer.alloc(0));
  if (reader.nextOffset > before) {
    reader.retries = 0;
    return true;
  }
  // An answer may be too full for this partition, but not for ever.
  reader.retries += 1;
  if (reader.retries > MOST_RETRIES) reader.refusal = `nothing comes at offset ${reader.nextOffset}`;
  return false;
};

const takeBatches = (reader: Reader, bytes: Buffer): void => {
  const split = splitBatches(bytes);
  if (split.kind === 'malformed') {
    reader.refusal = `the answer is not made of batches: ${split.message}`;
    return;
  }
  for (const at of split.positions) {
    const [from, to] = [baseOffsetOf(bytes, at), lastOffsetOf(bytes, at)];
    if (to < reader.nextOffset) continue;
    if (from >= reader.highWatermark) break;
    const records = recordsAt(bytes, at, reader.target);
    if (records === undefined) {
      reader.refusal = `the batch at offset ${from} is damaged, as its CRC tells`;
      return;
    }
    for (const record of records) {
      if (record.offset < reader.nextOffset || record.offset >= reader.highWatermark) continue;
      reader.records.push(record);
    }
    reader.sizeBytes += batchSizeBytes(bytes, at);
    reader.nextOffset = Math.min(to + 1, reader.highWatermark);
  }
};

/** Undefined: no client would take these bytes for good. */
const recordsAt = (bytes: Buffer, at: number, target: ReadTarget): readonly ReadRecord[] | undefined => {
  if (computeCrc(bytes, at) !== crcOf(bytes, at)) return undefined;
  try {
    return decodeBatch(bytes, at).records.map(({ offset, value }) => ({
      offset,
      value: senderOf(value, target) ?? 'damaged',
    }));
  } catch {
    return [{ offset: baseOffsetOf(bytes, at), value: 'damaged' }];
  }
};
