import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFuzzState, whereToBegin, writeFuzzState } from './fuzz-state';

const drawSeed = (): number => 99;
const before = { seed: 5, done: 20_000 };

test('a run goes on where the one before was interrupted', () => {
  expect(whereToBegin({ executions: 30_000 }, before, drawSeed)).toEqual(before);
  expect(whereToBegin({ executions: 30_000, seed: 5 }, before, drawSeed)).toEqual(before);
});

test('a run begins anew behind one that reached its end, and where it is told to', () => {
  expect(whereToBegin({ executions: 20_000 }, before, drawSeed)).toEqual({ seed: 99, done: 0 });
  expect(whereToBegin({ executions: 30_000 }, undefined, drawSeed)).toEqual({ seed: 99, done: 0 });
  expect(whereToBegin({ executions: 30_000, seed: 6 }, before, drawSeed)).toEqual({ seed: 6, done: 0 });
  expect(whereToBegin({ executions: 7, seed: 5, from: 10_000 }, before, drawSeed)).toEqual({
    seed: 5,
    done: 10_000,
  });
});

test('the state is read as it was written, and what is no state is refused by name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-state-'));
  const path = join(directory, 'build/fuzz.json');
  try {
    expect(readFuzzState(path)).toBeUndefined();
    writeFuzzState(path, before);
    expect(readFuzzState(path)).toEqual(before);
    expect(readdirSync(join(directory, 'build'))).toEqual(['fuzz.json']);
    writeFileSync(path, '{"seed":5,"do');
    expect(() => readFuzzState(path)).toThrow('fuzz.json does not say how far a run has come: {"seed":5,"do');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
