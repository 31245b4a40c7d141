import { assertNever } from '@kafkaesque/kernel';
import type { Check, ConfigurationKey, ConfigurationValue, KeyType } from './key';

/** A value that was understood, with its text in Kafka's one way to write it; or why it was not, in Kafka's words. */
export type ParsedValue =
  | { readonly kind: 'value'; readonly value: ConfigurationValue; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string };

/** Understands `text` as a value of `key`. Java's rules: surrounding blanks do not count, `+5` is a number. */
export const parseValue = (name: string, key: ConfigurationKey, text: string): ParsedValue => {
  const parsed = parseType(key.type, text);
  if (typeof parsed === 'string') return wrong(name, text, parsed);
  const complaint = key.check === undefined ? undefined : complaintOf(name, key.check, parsed);
  if (complaint === undefined) return { kind: 'value', ...parsed };
  return complaint.isWhole
    ? { kind: 'wrong', message: complaint.message }
    : wrong(name, complaint.shown, complaint.message);
};

/** The default of a key as a value. */
export const defaultValue = (name: string, key: ConfigurationKey): ConfigurationValue => {
  if (key.default === null) return null;
  const parsed = parseType(key.type, key.default);
  if (typeof parsed === 'string') throw new Error(`the default of ${name} is wrong: ${parsed}`);
  return parsed.value;
};

/** The items of a list; of none, none. */
export const itemsOf = (value: ConfigurationValue): readonly string[] =>
  typeof value === 'object' && value !== null ? value : [];

/**
 * A value for people: control characters as escapes, so that it stays on its line, and not longer than a line.
 */
export const shown = (text: string): string => {
  const cut = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return cut.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
};

const LONGEST_SHOWN = 300;
// eslint-disable-next-line no-control-regex -- control characters are what must not reach a log line or a terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

const wrong = (name: string, text: string, why: string): ParsedValue => ({
  kind: 'wrong',
  message: `Invalid value ${shown(text)} for configuration ${shown(name)}: ${why}`,
});

interface Understood {
  readonly value: ConfigurationValue;
  readonly text: string;
  /** Of an integer: as it was before longs were capped. */
  readonly exact?: bigint;
}

const INTEGER = /^[+-]?[0-9]+$/;
const DECIMAL = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?$/;
const INTEGER_BITS = { short: 16, int: 32, long: 64 } as const;

/** A string is the complaint. */
const parseType = (type: KeyType, text: string): Understood | string => {
  const trimmed = text.trim();
  switch (type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return 'Expected value to be either true or false';
      return { value: lower === 'true', text: lower };
    }
    case 'short':
    case 'int':
    case 'long':
      return parseInteger(trimmed, type);
    case 'double': {
      const value = DECIMAL.test(trimmed) ? Number(trimmed.replace(/[dDfF]$/, '')) : NaN;
      return Number.isNaN(value) ? 'Not a number of type DOUBLE' : { value, text: trimmed };
    }
    case 'list': {
      const items = trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
      return { value: items, text: items.join(',') };
    }
    case 'password':
      return { value: text, text };
    case 'string':
    case 'class':
      return { value: trimmed, text: trimmed };
    default:
      return assertNever(type);
  }
};

const parseInteger = (text: string, type: 'short' | 'int' | 'long'): Understood | string => {
  const complaint = `Not a number of type ${type.toUpperCase()}`;
  // Twenty digits are more than any long; a million would keep BigInt busy.
  if (!INTEGER.test(text) || text.replace(/^[+-]?0*/, '').length > 20) return complaint;
  const exact = BigInt(text.replace(/^\+/, ''));
  const bits = INTEGER_BITS[type];
  if (BigInt.asIntN(bits, exact) !== exact) return complaint;
  return { value: cap(exact), text: exact.toString(), exact };
};

const cap = (exact: bigint): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(exact)));

interface Complaint {
  readonly message: string;
  /** The value as the message shows it. */
  readonly shown: string;
  /** Kafka words it without naming the value. */
  readonly isWhole: boolean;
}

const complaintOf = (
  name: string,
  check: Check,
  { value, text, exact }: Understood,
): Complaint | undefined => {
  const about = (message: string, of = text): Complaint => ({ message, shown: of, isWhole: false });
  switch (check.kind) {
    case 'at-least':
      return typeof value === 'number' && !(value >= check.min)
        ? about(`Value must be at least ${check.min}`, numberText(value, exact))
        : undefined;
    case 'between':
      if (typeof value !== 'number') return undefined;
      if (!(value >= check.min))
        return about(`Value must be at least ${check.min}`, numberText(value, exact));
      if (!(value <= check.max))
        return about(`Value must be no more than ${check.max}`, numberText(value, exact));
      return undefined;
    case 'one-of':
      return oneOfComplaint(check, text, about);
    case 'items':
      return itemsComplaint(name, check, itemsOf(value), about);
    case 'not-empty':
      return text === '' ? about('String must be non-empty') : undefined;
    case 'gzip-level':
      return typeof value === 'number' && (value === -1 || (value >= 1 && value <= 9))
        ? undefined
        : about('Value must be between 1 and 9 or equal to -1');
    case 'share-offset-reset':
      return isOffsetReset(text)
        ? undefined
        : about(
            `Invalid value \`${shown(text)}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`,
          );
    case 'throttled-replicas':
      return isThrottledReplicas(itemsOf(value))
        ? undefined
        : about(
            `${name} must be the literal '*' or a list of replicas in the following format: ${REPLICAS_FORM}`,
            `[${text.split(',').join(', ')}]`,
          );
    default:
      return assertNever(check);
  }
};

/** An integer as it was given; a double as Java writes it, with `.0` if it is whole. */
const numberText = (value: number, exact: bigint | undefined): string =>
  exact !== undefined ? exact.toString() : Number.isInteger(value) ? `${value}.0` : String(value);

const oneOfComplaint = (
  check: Extract<Check, { kind: 'one-of' }>,
  text: string,
  about: (message: string) => Complaint,
): Complaint | undefined => {
  const isAllowed = check.ignoresCase
    ? check.values.some((allowed) => allowed.toUpperCase() === text.toUpperCase())
    : check.values.includes(text);
  if (isAllowed) return undefined;
  return about(
    `String must be one of${check.ignoresCase ? ' (case insensitive)' : ''}: ${check.values.join(', ')}`,
  );
};

const itemsComplaint = (
  name: string,
  check: Extract<Check, { kind: 'items' }>,
  items: readonly string[],
  about: (message: string, of: string) => Complaint,
): Complaint | undefined => {
  const whole = (message: string): Complaint => ({ message, shown: '', isWhole: true });
  if (items.length === 0 && !check.canBeEmpty) {
    const allowed = check.values.length === 0 ? 'any non-empty value' : `[${check.values.join(', ')}]`;
    return whole(`Configuration '${name}' must not be empty. Valid values include: ${allowed}`);
  }
  if (items.includes('')) return whole(`Configuration '${name}' values must not be empty.`);
  const wrongItem =
    check.values.length === 0 ? undefined : items.find((item) => !check.values.includes(item));
  return wrongItem === undefined
    ? undefined
    : about(`String must be one of: ${check.values.join(', ')}`, wrongItem);
};

const REPLICAS_FORM = '[partitionId]:[brokerId],[partitionId]:[brokerId],...';

const isThrottledReplicas = (items: readonly string[]): boolean =>
  (items.length === 1 && items[0] === '*') || items.every((item) => /^[0-9]+:[0-9]+$/.test(item));

const BY_DURATION =
  /^by_duration:\+?P(?=.*\d)(\+?\d+D)?(T(?=.*\d)(\+?\d+H)?(\+?\d+M)?(\+?\d+([.,]\d{0,9})?S)?)?$/i;

/** `earliest`, `latest`, or how far back, as Java's `Duration` is written; not below zero. */
const isOffsetReset = (text: string): boolean =>
  text === 'earliest' || text === 'latest' || BY_DURATION.test(text);
