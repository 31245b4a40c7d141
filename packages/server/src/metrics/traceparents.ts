import { hasCode } from '@kafkaesque/kernel';
import type { ProduceRequest } from '@kafkaesque/protocol';
import { BATCH_HEADER_BYTES, codecOf, recordsOf } from '@kafkaesque/protocol';

/** Traces that one request is linked to at most. */
export const MAX_TRACEPARENTS = 32;
const HEADER = 'traceparent';

/** The different `traceparent` headers in the batches of a request; compressed batches stay closed. */
export const traceparentsOf = ({ topicData }: ProduceRequest): readonly string[] => {
  const found = new Set<string>();
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null || records.length < BATCH_HEADER_BYTES || !records.includes(HEADER)) continue;
      if (codecOf(records, 0) === 'none') collect(records, found);
      if (found.size >= MAX_TRACEPARENTS) return [...found];
    }
  }
  return [...found];
};

const collect = (records: Buffer, found: Set<string>): void => {
  try {
    for (const { headers } of recordsOf(records, 0, { checkCrc: false })) {
      for (const { key, value } of headers)
        if (key === HEADER && value !== null) found.add(value.toString('latin1'));
      if (found.size >= MAX_TRACEPARENTS) return;
    }
  } catch (error) {
    // What is wrong with a batch its partition says; here it has no traces.
    if (!hasCode(error, 'CORRUPT_BATCH')) throw error;
  }
};
