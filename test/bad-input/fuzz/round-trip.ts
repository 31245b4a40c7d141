import { isDeepStrictEqual } from 'node:util';
import { readRequestHeader } from '@kafkaesque/protocol';
import type { Mutant } from './mutations';

/** What refuses bytes; any other error is a mistake of the decoder. */
const REFUSALS: readonly unknown[] = ['INVALID_REQUEST', 'UNKNOWN_API', 'UNSUPPORTED_VERSION'];

export type RoundTrip =
  | { readonly kind: 'refused' }
  /** `same`: byte for byte; `respelled`: the bytes had another spelling of the same request. */
  | { readonly kind: 'accepted'; readonly spelling: 'same' | 'respelled' }
  | { readonly kind: 'wrong'; readonly why: string };

/**
 * Whether what is accepted encodes back to the same bytes. What we wrote ourselves must, always. Other bytes may spell a
 * request in a way of their own (long varints, tags nobody knows, true as 2, text that is no UTF-8, times beyond 2^53): then what they are
 * read as must survive.
 */
export const judgeRoundTrip = ({ frame, kind }: Mutant): RoundTrip => {
  try {
    const { api, apiVersion, bodyAt } = readRequestHeader(frame);
    const { value, end } = api.request.decodeWithEnd(frame, apiVersion, bodyAt);
    const body = frame.subarray(bodyAt, end);
    const again = api.request.encode(value, apiVersion);
    if (again.equals(body)) return { kind: 'accepted', spelling: 'same' };
    if (kind === 'value') return { kind: 'wrong', why: `comes back as ${again.toString('hex')}` };
    const read = api.request.decodeWithEnd(again, apiVersion, 0);
    if (read.end !== again.length) return { kind: 'wrong', why: 'comes back as more than one request' };
    if (!isDeepStrictEqual(read.value, value)) return { kind: 'wrong', why: 'comes back as another request' };
    const { flexible } = api.request;
    const isFlexible = flexible !== undefined && apiVersion >= flexible.min && apiVersion <= flexible.max;
    if (!isFlexible && !isInexact(value) && !differsInTruthOnly(body, again))
      return { kind: 'wrong', why: `has no other spelling, yet comes back as ${again.toString('hex')}` };
    return { kind: 'accepted', spelling: 'respelled' };
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (REFUSALS.includes(code)) return { kind: 'refused' };
    // Each byte that is no UTF-8 becomes three: a text may outgrow its field.
    if (code === 'INVALID_FIELD' && kind === 'bytes') return { kind: 'accepted', spelling: 'respelled' };
    return { kind: 'wrong', why: `fails with ${String(error)}` };
  }
};

/** Whether text that was no UTF-8, or a wide number beyond the safe integers, was read as the nearest thing there is. */
const isInexact = (value: unknown): boolean => {
  if (typeof value === 'string') return value.includes('\ufffd');
  if (typeof value === 'number') return Math.abs(value) === Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false;
  return Object.values(value).some(isInexact);
};

/** Any byte but 0 is true, and is written as 1. */
const differsInTruthOnly = (body: Buffer, again: Buffer): boolean =>
  body.length === again.length &&
  body.every((byte, at) => byte === again[at] || (byte > 1 && again[at] === 1));
