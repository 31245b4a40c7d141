import { MALFORMED, readVarint, readVarlong, varintEnd } from './varint';

/** What the walk holds the records against. */
export interface WalkRules {
  /** The count that the header names; the records must fill the bytes exactly. */
  readonly recordCount: number;
  /** What the timestamp deltas are added to. */
  readonly baseTimestampMs: number;
  /** Bounds of the timestamps; a record without one (-1) is not held against them. */
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly keyRequired: boolean;
}

/** One record that is well-formed and yet refused. */
export interface RefusedRecord {
  readonly index: number;
  readonly why: 'timestamp' | 'key';
}

export type WalkOutcome =
  | { readonly kind: 'walked'; readonly maxTimestampMs: number; readonly refused: readonly RefusedRecord[] }
  | { readonly kind: 'malformed'; readonly index: number; readonly message: string };

/** Refused records that are listed; however many there are, the batch is refused as a whole. */
export const MAX_REFUSED_LISTED = 1_000;
const NOTHING_REFUSED: readonly RefusedRecord[] = [];
const NO_TIMESTAMP = -1;

/*
 * State of the walk under way. It stands in the module and not in an object, because this is the produce path's only
 * loop over records: no allocation and no property access per record. The walk is synchronous, so there is only one.
 */
let problem = '';

/**
 * Walks over the records in `bytes[from, to)` once, without reading keys or values: lengths must agree, offset deltas
 * must be 0, 1, 2 …, header counts must fit, and nothing may be left over.
 */
export function walkRecords(bytes: Buffer, from: number, to: number, rules: WalkRules): WalkOutcome {
  let refused: RefusedRecord[] | undefined;
  let maxTimestampMs = NO_TIMESTAMP;
  let at = from;
  for (let index = 0; index < rules.recordCount; index += 1) {
    const length = readVarint(bytes, at, to);
    const start = varintEnd();
    if (start === MALFORMED || length < 0 || length > to - start)
      return malformed(index, 'its length does not fit the batch');
    const end = start + length;
    const timestampDelta = readVarlong(bytes, start + 1, end);
    at = varintEnd();
    if (at === MALFORMED) return malformed(index, 'its timestamp is malformed');
    const timestampMs = rules.baseTimestampMs + timestampDelta;
    const offsetDelta = readVarint(bytes, at, end);
    at = varintEnd();
    if (at === MALFORMED || offsetDelta !== index)
      return malformed(index, 'its offset delta does not follow the last');
    const keyLength = readVarint(bytes, at, end);
    at = skipBytes(keyLength, varintEnd(), end);
    if (at === MALFORMED) return malformed(index, 'its key does not fit the record');
    at = skipValueAndHeaders(bytes, at, end);
    if (at !== end)
      return malformed(index, at === MALFORMED ? problem : 'its length is more than its fields take');
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
    const why = refusal(timestampMs, keyLength, rules);
    if (why !== undefined) {
      refused ??= [];
      if (refused.length < MAX_REFUSED_LISTED) refused.push({ index, why });
    }
  }
  if (at !== to) return malformed(rules.recordCount, 'bytes are left over behind the last record');
  return { kind: 'walked', maxTimestampMs, refused: refused ?? NOTHING_REFUSED };
}

function refusal(timestampMs: number, keyLength: number, rules: WalkRules): RefusedRecord['why'] | undefined {
  if (rules.keyRequired && keyLength < 0) return 'key';
  if (timestampMs === NO_TIMESTAMP) return undefined;
  // Negated, so that what is beyond exact numbers is refused as well.
  if (!(timestampMs >= rules.minTimestampMs && timestampMs <= rules.maxTimestampMs)) return 'timestamp';
  return undefined;
}

function skipBytes(length: number, at: number, end: number): number {
  if (at === MALFORMED || length < -1 || length > end - at) return MALFORMED;
  return length < 0 ? at : at + length;
}

function skipValueAndHeaders(bytes: Buffer, from: number, end: number): number {
  const valueLength = readVarint(bytes, from, end);
  let at = skipBytes(valueLength, varintEnd(), end);
  if (at === MALFORMED) return fail('its value does not fit the record');
  const headerCount = readVarint(bytes, at, end);
  at = varintEnd();
  // A header takes two bytes at least.
  if (at === MALFORMED || headerCount < 0 || headerCount * 2 > end - at)
    return fail('its header count does not fit');
  for (let header = 0; header < headerCount; header += 1) {
    const keyLength = readVarint(bytes, at, end);
    at = keyLength < 0 ? MALFORMED : skipBytes(keyLength, varintEnd(), end);
    if (at === MALFORMED) return fail('a header key does not fit the record');
    const headerLength = readVarint(bytes, at, end);
    at = skipBytes(headerLength, varintEnd(), end);
    if (at === MALFORMED) return fail('a header value does not fit the record');
  }
  return at;
}

function fail(why: string): number {
  problem = why;
  return MALFORMED;
}

const malformed = (index: number, message: string): WalkOutcome => ({ kind: 'malformed', index, message });
