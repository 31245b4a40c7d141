import { SeededRandom } from '@kafkaesque/kernel';
import type { ProducerRecord } from '@kafkaesque/client';
import { LineRecords } from './line-records';
import { LineSplitter } from './lines';

const linesOf = (chunks: readonly Buffer[]): readonly string[] => {
  const splitter = new LineSplitter();
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  const last = splitter.end();
  return [...lines, ...(last === undefined ? [] : [last])].map((line) => line.toString('latin1'));
};

const textOf = (record: ProducerRecord): readonly unknown[] => [
  record.key?.toString() ?? null,
  record.value?.toString() ?? null,
  (record.headers ?? []).map(({ key, value }) => `${key}=${value?.toString() ?? 'null'}`),
];

describe('the lines of standard input', () => {
  test('end with LF, CR LF or CR, and the last one needs no end', () => {
    expect(linesOf([Buffer.from('a\nb\r\nc\rd\n\ne')])).toEqual(['a', 'b', 'c', 'd', '', 'e']);
    expect(linesOf([Buffer.from('a\n')])).toEqual(['a']);
    expect(linesOf([])).toEqual([]);
  });

  test('are the same however the input is cut', () => {
    const random = new SeededRandom(11);
    const text = Array.from(
      { length: 300 },
      () => ['x', 'yy', '\n', '\r\n', '\r', 'ü'][random.below(6)],
    ).join('');
    const whole = linesOf([Buffer.from(text)]);
    for (let round = 0; round < 50; round += 1) {
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = 1 + random.below(9);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(linesOf(chunks)).toEqual(whole);
    }
  });
});

describe('records from lines', () => {
  const read = (line: string, properties: Readonly<Record<string, string>> = {}): readonly unknown[] =>
    textOf(new LineRecords('t', properties).read(Buffer.from(line)));

  test.each([
    { line: 'plain\ttext', properties: {}, expected: [null, 'plain\ttext', []] },
    { line: '', properties: {}, expected: [null, '', []] },
    { line: 'k\tv\tw', properties: { 'parse.key': 'true' }, expected: ['k', 'v\tw', []] },
    { line: 'k::v', properties: { 'parse.key': 'true', 'key.separator': '::' }, expected: ['k', 'v', []] },
    { line: 'kév', properties: { 'parse.key': 'true', 'key.separator': 'é' }, expected: ['k', 'v', []] },
    { line: 'a:1,b:2\tv', properties: { 'parse.headers': 'true' }, expected: [null, 'v', ['a=1', 'b=2']] },
    {
      line: 'a:1,b::2\tk\tv',
      properties: { 'parse.headers': 'true', 'parse.key': 'true' },
      expected: ['k', 'v', ['a=1', 'b=:2']],
    },
    {
      line: 'a:NIL\tNIL\tNIL',
      properties: { 'parse.headers': 'true', 'parse.key': 'true', 'null.marker': 'NIL' },
      expected: [null, null, ['a=null']],
    },
    {
      line: 'NIL\tv',
      properties: { 'parse.headers': 'true', 'null.marker': 'NIL' },
      expected: [null, 'v', []],
    },
    {
      line: 'nokey',
      properties: { 'parse.key': 'true', 'ignore.error': 'true' },
      expected: [null, 'nokey', []],
    },
    {
      line: 'a\tv',
      properties: { 'parse.headers': 'true', 'ignore.error': 'true' },
      expected: [null, 'v', ['a=null']],
    },
  ])('"$line" with $properties', ({ line, properties, expected }) => {
    expect(read(line, properties)).toEqual(expected);
  });

  test('keep bytes that are not text', () => {
    const bytes = Buffer.from([0xff, 0x09, 0xfe, 0x00]);
    const record = new LineRecords('t', { 'parse.key': 'true' }).read(bytes);
    expect([record.key, record.value]).toEqual([Buffer.from([0xff]), Buffer.from([0xfe, 0x00])]);
  });

  test.each([
    {
      line: 'nokey',
      properties: { 'parse.key': 'true' },
      message: "No key separator found on line number 2: 'nokey'",
    },
    {
      line: 'noheaders',
      properties: { 'parse.headers': 'true' },
      message: "No headers delimiter found on line number 2: 'noheaders'",
    },
    {
      line: 'nocolon\tv',
      properties: { 'parse.headers': 'true' },
      message: "No header key separator found in pair 'nocolon' on line number 2",
    },
    {
      line: 'NIL:x\tv',
      properties: { 'parse.headers': 'true', 'null.marker': 'NIL' },
      message: "Header keys should not be equal to the null marker 'NIL' as they can't be null",
    },
  ])('"$line" cannot be read with $properties', ({ line, properties, message }) => {
    const records = new LineRecords('t', properties);
    records.read(Buffer.from('h:1\tk\tv'));
    expect(() => records.read(Buffer.from(line))).toThrow(message);
  });

  test.each([{ 'headers.delimiter': ',' }, { 'headers.separator': ':' }, { 'null.marker': '\t' }])(
    '%p contradict themselves',
    (properties) => {
      expect(() => new LineRecords('t', properties)).toThrow('may not be equal');
    },
  );
});
