import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * A function that collects V8's young generation. It is there in every context made after V8 was told to expose it; the
 * flag is the process's, so only who owns the process may call this.
 */
export const youngGarbageCollector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  return () => collect({ type: 'minor' });
};
