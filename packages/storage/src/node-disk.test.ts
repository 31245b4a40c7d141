import fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@kafkaesque/kernel';
import { diskCases } from '@kafkaesque/kernel/conformance';
import { openNodeDisk } from './node-disk';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'node-disk-'))));
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

describe('the machine’s disk keeps the promises of the port:', () => {
  test.each(diskCases)('$name', ({ run }) => run(openNodeDisk(), directory));
});

describe('when the operating system does a part of what it was asked,', () => {
  type Done = (error: Error | null, count: number) => void;

  /** Writes at most `limit` bytes of what it is given. */
  const shortenWrites = (limit: number): void => {
    const shortened = (descriptor: number, bytes: Buffer, position: number, done: Done): void => {
      done(
        null,
        fs.writeSync(descriptor, bytes.subarray(0, limit), 0, Math.min(limit, bytes.length), position),
      );
    };
    const writev = (descriptor: number, parts: readonly Buffer[], position: number, done: Done): void =>
      shortened(descriptor, Buffer.concat(parts), position, done);
    const write = (
      ...[descriptor, bytes, from, length, position, done]: [number, Buffer, number, number, number, Done]
    ): void => shortened(descriptor, bytes.subarray(from, from + length), position, done);
    jest.spyOn(fs, 'writev').mockImplementation(writev as unknown as typeof fs.writev);
    jest.spyOn(fs, 'write').mockImplementation(write as unknown as typeof fs.write);
  };

  test.each([1, 3, 4, 7, 100])(
    'a write goes on until everything is written, %i bytes at a time',
    async (limit) => {
      const file = await openNodeDisk().open(`${directory}/a`, 'create');
      shortenWrites(limit);
      await file.write(
        ['abc', '', 'defghi', 'j', 'k'].map((text) => Buffer.from(text)),
        2,
      );
      await file.close();
      expect(readFileSync(`${directory}/a`, 'latin1')).toBe('\0\0abcdefghijk');
    },
  );

  test('a write that makes no progress fails instead of going on for ever', async () => {
    const file = await openNodeDisk().open(`${directory}/a`, 'create');
    shortenWrites(0);
    const failure = await file.write([Buffer.from('abc')], 0).catch((cause: unknown) => cause);
    expect(hasCode(failure, 'EIO')).toBe(true);
    await file.close();
  });

  test('a read goes on until the buffer is full or the file ends', async () => {
    const file = await openNodeDisk().open(`${directory}/a`, 'create');
    await file.write([Buffer.from('0123456789')], 0);
    const read = (
      ...[descriptor, into, at, length, position, done]: [number, Buffer, number, number, number, Done]
    ): void => done(null, fs.readSync(descriptor, into, at, Math.min(length, 3), position));
    jest.spyOn(fs, 'read').mockImplementation(read as unknown as typeof fs.read);
    const into = Buffer.alloc(8);
    expect(await file.read(into, 1)).toBe(8);
    expect(into.toString()).toBe('12345678');
    expect(await file.read(into, 5)).toBe(5);
    expect(into.toString('latin1', 0, 5)).toBe('56789');
    await file.close();
  });

  test('what the operating system refuses is handed on with its code, and the file still closes', async () => {
    const file = await openNodeDisk().open(`${directory}/a`, 'create');
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const refuse = (...parameters: unknown[]): void => (parameters.at(-1) as Done)(full, 0);
    jest.spyOn(fs, 'write').mockImplementation(refuse);
    jest.spyOn(fs, 'fdatasync').mockImplementation(refuse);
    expect(await file.write([Buffer.from('x')], 0).catch((cause: unknown) => cause)).toBe(full);
    expect(await file.sync().catch((cause: unknown) => cause)).toBe(full);
    await file.close();
  });
});
