import { UsageError } from '../command-line/usage-error';

type Part = (time: Date) => string;

const padded = (value: number, width: number): string => String(value).padStart(width, '0');

/** The letters of Java's SimpleDateFormat that are numbers; `width` is how often the letter stands. */
const numbers: Readonly<Record<string, (time: Date, width: number) => string>> = {
  y: (time, width) => (width === 2 ? padded(time.getFullYear() % 100, 2) : padded(time.getFullYear(), width)),
  M: (time, width) => padded(time.getMonth() + 1, width),
  d: (time, width) => padded(time.getDate(), width),
  H: (time, width) => padded(time.getHours(), width),
  k: (time, width) => padded(time.getHours() || 24, width),
  K: (time, width) => padded(time.getHours() % 12, width),
  h: (time, width) => padded(time.getHours() % 12 || 12, width),
  m: (time, width) => padded(time.getMinutes(), width),
  s: (time, width) => padded(time.getSeconds(), width),
  S: (time, width) => padded(time.getMilliseconds(), width),
  a: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
};

/** Text in quotes, a run of one letter, or anything else. */
const TOKEN = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g;

/** Local time in a pattern of Java's SimpleDateFormat, numbers only. Fails with UsageError for other letters. */
export const dateFormat = (pattern: string): ((time: Date) => string) => {
  const parts: Part[] = [...pattern.matchAll(TOKEN)].map(([token, quoted, letter]) => {
    if (quoted !== undefined) {
      const text = quoted === '' ? "'" : quoted.replaceAll("''", "'");
      return () => text;
    }
    if (letter === undefined) return () => token;
    const number = numbers[letter];
    if (number === undefined || (letter === 'M' && token.length > 2)) {
      throw new UsageError(
        `--date-format ${pattern}: "${token}" is not known here; known are ${Object.keys(numbers).join(' ')} and text in quotes`,
      );
    }
    return (time) => number(time, token.length);
  });
  return (time) => parts.map((part) => part(time)).join('');
};
