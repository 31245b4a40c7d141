import { Offset } from '@kafkaesque/kernel';
import type { DecodedBatch } from '@kafkaesque/protocol';
import { apis, decodeBatch, initialiseCodecs, splitBatches } from '@kafkaesque/protocol';
import type { RawConnection } from './raw-connection';
import { openRawConnection } from './raw-connection';

export interface StoredBatch extends DecodedBatch {
  readonly partition: number;
}

/** The last version of Fetch that names topics. */
const FETCH_VERSION = 12;
const ANSWER_BYTES = 16 * 1024 * 1024;

export interface FetchedRecords {
  readonly errorCode: number;
  readonly highWatermark: number;
  /** The bytes as they came, a cut batch at their end included. */
  readonly records: Buffer;
}

/** One fetch of one partition. */
export const fetchOnce = async (
  connection: RawConnection,
  topic: string,
  partition: number,
  fetchOffset: number,
  maxBytes = ANSWER_BYTES,
): Promise<FetchedRecords> => {
  const { responses } = await connection.ask(apis.Fetch, FETCH_VERSION, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes,
    topics: [
      { topic, partitions: [{ partition, fetchOffset: Offset(fetchOffset), partitionMaxBytes: maxBytes }] },
    ],
    forgottenTopicsData: [],
  });
  const answer = responses[0]?.partitions[0];
  if (answer === undefined) throw new Error(`no answer about ${topic}-${partition}`);
  return {
    errorCode: answer.errorCode,
    highWatermark: answer.highWatermark,
    records: answer.records ?? Buffer.alloc(0),
  };
};

/** Every batch of the partitions as the server hands it out: CRC checked, records opened. */
export const readStored = async (
  bootstrap: string,
  topic: string,
  partitions: readonly number[],
): Promise<readonly StoredBatch[]> => {
  await initialiseCodecs();
  const connection = await openRawConnection(bootstrap);
  const batches: StoredBatch[] = [];
  try {
    for (const partition of partitions) {
      for (let offset = 0, end = Infinity; offset < end;) {
        const { errorCode, highWatermark, records } = await fetchOnce(connection, topic, partition, offset);
        if (errorCode !== 0)
          throw new Error(`fetching ${topic}-${partition} from ${offset}: error ${errorCode}`);
        end = highWatermark;
        const split = splitBatches(records);
        if (split.kind === 'malformed') throw new Error(split.message);
        if (split.positions.length === 0 && offset < end)
          throw new Error(`${topic}-${partition} gives nothing at ${offset} of ${end}`);
        for (const at of split.positions) {
          const batch = decodeBatch(records, at);
          batches.push({ partition, ...batch });
          offset = batch.header.baseOffset + batch.header.lastOffsetDelta + 1;
        }
      }
    }
  } finally {
    connection.close();
  }
  return batches;
};
