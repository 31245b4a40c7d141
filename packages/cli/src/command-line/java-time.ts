import { Failure } from '@kafkaesque/kernel';

const DATE_TIME = /^(\d+)-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d+)(Z|[+-]\d{2}(?::?\d{2})?)/;

/**
 * A time as Kafka's tools read it, `2020-11-10T16:51:38.198`, in milliseconds since 1970; UTC unless `Z`, `+08`, `+0800`
 * or `+08:00` follows. Fails with UNREADABLE_TIME.
 */
export const parseDateTime = (text: string): number => {
  const parts = text.split('T');
  if (parts[1] === undefined || parts[1] === '') {
    throw unreadable(
      "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
    );
  }
  const zoned = /[+\-Z]/.test(parts[1]) ? text : `${text}Z`;
  const match = DATE_TIME.exec(zoned);
  if (match === null) throw unparseable(zoned);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0] = match
    .slice(1, 8)
    .map(Number);
  const utcMs = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const date = new Date(utcMs);
  const isReal =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    millisecond < 1000;
  if (!isReal) throw unparseable(zoned);
  return utcMs - zoneMs(match[8] ?? 'Z');
};

const zoneMs = (zone: string): number => {
  if (zone === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
};

const unparseable = (text: string): Failure<'UNREADABLE_TIME'> =>
  unreadable(`java.text.ParseException: Unparseable date: "${text}"`);

const unreadable = (message: string): Failure<'UNREADABLE_TIME'> => new Failure('UNREADABLE_TIME', message);

const DURATION =
  /^([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?$/i;

/** A duration as `java.time.Duration` reads it, `P1DT2H`, in milliseconds. Fails with UNREADABLE_TIME. */
export const parseDuration = (text: string): number => {
  const match = DURATION.exec(text);
  const [, sign = '', days, time, hours, minutes, seconds, fraction] = match ?? [];
  const isEmpty = [days, hours, minutes, seconds].every((part) => part === undefined);
  if (match === null || isEmpty || time?.toUpperCase() === 'T') {
    throw unreadable('Text cannot be parsed to a Duration');
  }
  const wholeSeconds =
    Number(days ?? 0) * 86_400 +
    Number(hours ?? 0) * 3_600 +
    Number(minutes ?? 0) * 60 +
    Number(seconds ?? 0);
  const fractionMs = Number(`0.${fraction === undefined || fraction === '' ? '0' : fraction}`) * 1000;
  const total = wholeSeconds * 1000 + (seconds?.startsWith('-') ? -fractionMs : fractionMs);
  return Math.floor(sign === '-' ? -total : total);
};
