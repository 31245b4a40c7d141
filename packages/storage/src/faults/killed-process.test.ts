import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { transformSync } from '@swc/core';
import { SeededRandom } from '@kafkaesque/kernel';
import { openNodeDisk } from '../node-disk';
import { openLazyDisk } from './lazy-disk';
import type { LazyMode } from './lazy-disk';
import { dropUnsynced } from './power-loss';

/** Appends numbered blocks to one file after another; tells each number once the block is synced. */
const child = `
const { SeededRandom } = require('@kafkaesque/kernel');
const { openNodeDisk } = require('./storage/node-disk.js');
const { openLazyDisk } = require('./storage/faults/lazy-disk.js');
const { writeSync } = require('node:fs');
const [mode, directory, from, seed] = process.argv.slice(2);
const block = (number) => { const bytes = Buffer.alloc(1000 + (number % 5000), number % 251); bytes.writeUInt32LE(number, 0); bytes.writeUInt32LE(bytes.length, 4); return bytes; };
(async () => {
  const disk = await openLazyDisk(openNodeDisk(), { mode, directory, random: new SeededRandom(Number(seed)) });
  for (let number = Number(from); ; ) {
    const path = directory + '/' + String(number).padStart(9, '0');
    const file = await disk.open(path + '.tmp', 'create');
    await disk.rename(path + '.tmp', path);
    await disk.syncDirectory(directory);
    for (let at = 0, i = 0; i < 20; i++, number++) {
      const bytes = block(number);
      const unsynced = Buffer.alloc(3000, 255);
      await Promise.all([file.write([bytes.subarray(0, 100), bytes.subarray(100)], at), file.write([unsynced], at + bytes.length)]);
      await file.sync();
      at += bytes.length;
      writeSync(1, number + '\\n');
      await file.write([Buffer.alloc(500, 254)], at + 100);
    }
    await file.close();
  }
})();
`;

let root: string;

/** The few sources that the child needs, as a process without jest can load them. */
const transpile = (from: string, to: string): void => {
  for (const entry of readdirSync(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/(?<!\.test|\.d)\.ts$/.test(entry.name)) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source)).replace(/\.ts$/, '.js');
    const { code } = transformSync(readFileSync(source, 'utf8'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'killed-process-'));
  transpile(join(__dirname, '../../../kernel/src'), join(root, 'node_modules/@kafkaesque/kernel'));
  transpile(__dirname, join(root, 'storage/faults'));
  const disk = transformSync(readFileSync(join(__dirname, '../node-disk.ts'), 'utf8'), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  writeFileSync(join(root, 'storage/node-disk.js'), disk.code);
  writeFileSync(join(root, 'child.js'), child);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Runs the child until it has told `acknowledgements` numbers, kills it, and returns the last number it told. */
const killedAfter = (acknowledgements: number, parameters: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [join(root, 'child.js'), ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    let complaint = '';
    running.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.split('\n').length > acknowledgements) running.kill('SIGKILL');
    });
    running.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    running.on('close', () => {
      const last = told.split('\n').at(-2);
      if (last === undefined) reject(new Error(`the child told nothing: ${complaint}`));
      else resolve(Number(last));
    });
  });

/** The numbers of the whole blocks in all files, in order. */
const blocksBelow = (directory: string): readonly number[] =>
  readdirSync(directory)
    .filter((name) => !name.endsWith('.tmp'))
    .sort()
    .flatMap((name) => {
      const content = readFileSync(join(directory, name));
      const found: number[] = [];
      for (let at = 0; at + 8 <= content.length;) {
        const [number, sizeBytes] = [content.readUInt32LE(at), content.readUInt32LE(at + 4)];
        if (sizeBytes !== 1000 + (number % 5000) || at + sizeBytes > content.length) break;
        const body = content.subarray(at + 8, at + sizeBytes);
        if (!body.equals(Buffer.alloc(body.length, number % 251))) break;
        found.push(number);
        at += sizeBytes;
      }
      return found;
    });

describe('what a process that is killed for good had synced is there:', () => {
  test.each(['lazy', 'lazy-kill'] as const)('%s', async (mode: LazyMode) => {
    const directory = join(root, mode);
    mkdirSync(directory);
    const inner = openNodeDisk();
    const acknowledged: number[] = [];
    let next = 0;
    for (let round = 1; round <= 6; round++) {
      const random = new SeededRandom(round, mode);
      const last = await killedAfter(1 + random.below(120), [mode, directory, String(next), String(round)]);
      if (mode === 'lazy') await openLazyDisk(inner, { mode, directory, random });
      else if (random.below(2) === 0) await dropUnsynced({ disk: inner, directory, random });
      for (let number = next; number <= last; number++) acknowledged.push(number);
      const found = new Set(blocksBelow(directory));
      expect({ round, missing: acknowledged.filter((number) => !found.has(number)) }).toEqual({
        round,
        missing: [],
      });
      next = Math.ceil((last + 100) / 20) * 20;
    }
  });
});
