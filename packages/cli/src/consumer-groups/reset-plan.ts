import { readFileSync } from 'node:fs';
import { Failure } from '@kafkaesque/kernel';
import { UsageError } from '../command-line/usage-error';
import type { NewOffset } from './group-lines';

/** Positions as CSV: `topic,partition,offset`, with the group in front where there are several. */
export const exportedLines = (offsets: readonly NewOffset[], isOneGroup: boolean): string =>
  offsets
    .map(({ group, topic, partition, offset }) =>
      [...(isOneGroup ? [] : [group]), topic, String(partition), String(offset)].map(quoted).join(','),
    )
    .map((line) => `${line}\n`)
    .join('');

/** Kafka's tool looks for characters that ask for quotation marks in short texts only, and for more than need be. */
const LONGEST_WITHOUT_QUOTES = 24;

const quoted = (text: string): string =>
  text.length > LONGEST_WITHOUT_QUOTES || /[\0-,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** The fields of one line; a field in quotation marks may hold commas, and doubled marks. */
const fieldsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(
    ([, inQuotes, plain = '']) => inQuotes?.replaceAll('""', '"') ?? plain.trim(),
  );

/**
 * Reads what `exportedLines` wrote. A file for one group may leave the group out: its first line decides. Fails with
 * UNREADABLE_PLAN, or with UsageError for an offset that is none.
 */
export const readPlan = (path: string, groups: readonly string[]): readonly NewOffset[] => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Failure('UNREADABLE_PLAN', `java.io.IOException: Unable to read file ${path}`);
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [group] = groups;
  const isWithoutGroup = groups.length === 1 && fieldsOf(lines[0] ?? '').length === 3;
  return lines.map((line): NewOffset => {
    const fields = fieldsOf(line);
    const [name = '', topic = '', partition = '', offset = ''] = isWithoutGroup ? [group, ...fields] : fields;
    const isWhole = [partition, offset].every((number) => /^-?\d+$/.test(number));
    if (fields.length !== (isWithoutGroup ? 3 : 4) || !isWhole) {
      const form = isWithoutGroup ? 'topic,partition,offset' : 'group,topic,partition,offset';
      throw new Failure('UNREADABLE_PLAN', `${path} has a line that is not ${form}: ${line}`);
    }
    if (Number(offset) < 0) throw new UsageError('Invalid negative offset');
    return { group: name, topic, partition: Number(partition), offset: Number(offset) };
  });
};
