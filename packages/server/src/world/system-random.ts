import { randomBytes, randomFillSync } from 'node:crypto';
import type { Random } from '@kafkaesque/kernel';

const WORDS = new Uint32Array(1024);
let used = WORDS.length;

const uint32 = (): number => {
  if (used === WORDS.length) {
    randomFillSync(WORDS);
    used = 0;
  }
  return WORDS[used++] ?? 0;
};

const RANGE = 2 ** 32;

/** The operating system's chance, fit for secrets. */
export const systemRandom: Random = {
  uint32,
  below: (bound) => {
    // Words beyond the last whole multiple of the bound would favour small results.
    const fair = RANGE - (RANGE % bound);
    let word = uint32();
    while (word >= fair) word = uint32();
    return word % bound;
  },
  fraction: () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53,
  bytes: (sizeBytes) => randomBytes(sizeBytes),
  fork: () => systemRandom,
};
