import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutants } from './mutants';

const root = join(__dirname, '../../..');

describe('bugs planted into clusters', () => {
  // `npm run simulate:mutants -- --suite cluster` searches for them.
  test.each(mutants)('can be planted: $name', ({ edits }) => {
    for (const { file, find } of edits) {
      const text = readFileSync(join(root, file), 'utf8');
      const matches =
        typeof find === 'string'
          ? text.split(find).length - 1
          : [...text.matchAll(new RegExp(find, 'g'))].length;
      expect([file, matches]).toEqual([file, 1]);
    }
  });
});
