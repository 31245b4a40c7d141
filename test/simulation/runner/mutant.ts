import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One change of a source; `find` must match exactly once. */
export interface MutantEdit {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly find: string | RegExp;
  readonly replace: string;
}

/** A bug planted into the code as it is loaded (scripts/typescript-sources.cjs), to see whether a simulation finds it. */
export interface Mutant {
  readonly name: string;
  /** What the bug does, in a sentence. */
  readonly about: string;
  readonly edits: readonly MutantEdit[];
}

const root = join(__dirname, '../../..');

/** How often each edit finds its place in the sources as they are: once, or the bug cannot be planted any more. */
export const placesOf = ({ edits }: Mutant): readonly (readonly [file: string, places: number])[] =>
  edits.map(({ file, find }) => {
    const text = readFileSync(join(root, file), 'utf8');
    const places =
      typeof find === 'string'
        ? text.split(find).length - 1
        : [...text.matchAll(new RegExp(find, 'g'))].length;
    return [file, places];
  });
