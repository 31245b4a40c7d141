import type { Random } from '@kafkaesque/kernel';
import { UsageError } from '../command-line/usage-error';

/** The value of the record with this number, counted from 0. */
export type Payloads = (index: number) => Buffer;

/** Letters to cut values from. Making each value anew would measure the maker. */
const LETTERS_BYTES = 1024 * 1024;
const LETTERS = 26;
const FIRST_LETTER = 'A'.charCodeAt(0);

/** Values of random capital letters, as Kafka's tool makes them. */
export const randomPayloads = (sizeBytes: number, random: Random): Payloads => {
  const spare = Math.max(LETTERS_BYTES, sizeBytes);
  const letters = random.bytes(sizeBytes + spare);
  for (const [at, byte] of letters.entries()) letters[at] = FIRST_LETTER + ((byte * LETTERS) >> 8);
  return () => {
    const at = random.below(spare);
    return letters.subarray(at, at + sizeBytes);
  };
};

/** 0, 1, 2 … as text. */
export const monotonicPayloads: Payloads = (index) => Buffer.from(String(index));

/** Values drawn at random from those of a file. */
export const chosenPayloads = (values: readonly Buffer[], random: Random): Payloads => {
  const [first] = values;
  if (first === undefined) throw new UsageError('File does not exist or empty file provided.');
  return () => values[random.below(values.length)] ?? first;
};

/** Cuts a file's text at a regular expression, as Java's Scanner does: neither a leading nor a trailing one counts. */
export const splitPayloads = (text: string, delimiter: string): readonly Buffer[] => {
  const parts = text.split(new RegExp(delimiter, 'u'));
  if (parts[0] === '') parts.shift();
  if (parts.at(-1) === '') parts.pop();
  return parts.map((part) => Buffer.from(part));
};
