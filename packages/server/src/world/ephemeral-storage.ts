import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '@kafkaesque/kernel';

/** File systems that are gone after a restart of the machine or of the container (linux/magic.h). */
const EPHEMERAL: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'in memory (tmpfs)'],
  [0x858458f6, 'in memory (ramfs)'],
  [0x794c7630, 'in the layer of a container (overlayfs), which goes with it'],
]);

/** Why what is written below `path` may not outlive a restart; undefined when nothing says so. */
export const ephemeralStorage = async (path: string): Promise<string | undefined> => {
  try {
    return EPHEMERAL.get((await statfs(path)).type);
  } catch (error) {
    // Not there yet: it will be where its parent is.
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) return undefined;
    return ephemeralStorage(dirname(path));
  }
};
