import type { Disk, Random } from '@kafkaesque/kernel';
import { Failure, hasCode } from '@kafkaesque/kernel';
import { parse } from 'dot-properties';
import { isOfTheDisk } from '../broker/away-directory';

/** `meta.properties` is a few lines. */
const LARGEST_BYTES = 64 * 1024;

/** The `cluster.id` that a log directory belongs to; undefined when it has none yet. */
const clusterIdOf = async (disk: Disk, directory: string): Promise<string | undefined> => {
  const path = `${directory}/meta.properties`;
  try {
    const file = await disk.open(path, 'read');
    try {
      const bytes = Buffer.alloc(Math.min(await file.sizeBytes(), LARGEST_BYTES));
      const size = await file.read(bytes, 0);
      const id = parse(bytes.toString('utf8', 0, size))['cluster.id'];
      return typeof id === 'string' && id !== '' ? id : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/**
 * The cluster this node belongs to: what its directories say, else what it was told, else, for a first start on its
 * own, a new random id. A directory that cannot be read says nothing, unless it is needed. Directories that disagree, with each other or with what was told, end the start.
 */
export const clusterIdentity = async (
  disk: Disk,
  random: Random,
  directories: readonly string[],
  told: string | undefined,
  isNeeded: (directory: string) => boolean = () => true,
): Promise<string> => {
  let found: { readonly id: string; readonly directory: string } | undefined;
  for (const directory of directories) {
    const id = await clusterIdOf(disk, directory).catch((error: unknown) => {
      // The start goes on without it (KIP-112), unless its metadata are in there.
      if (isNeeded(directory) || !isOfTheDisk(error)) throw error;
      return undefined;
    });
    if (id === undefined) continue;
    if (found !== undefined && found.id !== id) {
      throw new Failure(
        'WRONG_CLUSTER_ID',
        `${directory} belongs to cluster ${id}, but ${found.directory} to cluster ${found.id}. ` +
          'All log directories of a node must belong to one cluster.',
      );
    }
    found = { id, directory };
  }
  if (found !== undefined && told !== undefined && found.id !== told) {
    throw new Failure(
      'WRONG_CLUSTER_ID',
      `${found.directory} belongs to cluster ${found.id}, but this node was told that its cluster is ${told}. ` +
        'Point log.dirs at the right directory, or correct cluster.id (CLUSTER_ID).',
    );
  }
  return found?.id ?? told ?? random.bytes(16).toString('base64url');
};
