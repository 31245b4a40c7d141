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
