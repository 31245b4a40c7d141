import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How far a long run has come. */
export interface FuzzState {
  readonly seed: number;
  readonly done: number;
}

/** What a run is asked to do; what is not said is chosen. */
export interface FuzzWishes {
  readonly seed?: number;
  readonly from?: number;
  readonly executions: number;
}

/** Where a run begins: where the one before was interrupted, unless that had reached its end, or another seed is asked for. */
export const whereToBegin = (
  { seed, from, executions }: FuzzWishes,
  before: FuzzState | undefined,
  drawSeed: () => number,
): FuzzState =>
  before !== undefined &&
  from === undefined &&
  before.done < executions &&
  (seed === undefined || seed === before.seed)
    ? before
    : { seed: seed ?? drawSeed(), done: from ?? 0 };

/** Undefined: there was no run before. Throws with the file's name where it is none of ours. */
export const readFuzzState = (path: string): FuzzState | undefined => {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    const { seed, done } = JSON.parse(text) as FuzzState;
    if (Number.isSafeInteger(seed) && Number.isSafeInteger(done) && done >= 0) return { seed, done };
  } catch {
    // Said below.
  }
  throw new Error(`${path} does not say how far a run has come: ${text.slice(0, 100)}`);
};

/** Whole or not at all: whoever is killed in between finds the state before. */
export const writeFuzzState = (path: string, state: FuzzState): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`);
  renameSync(`${path}.new`, path);
};
