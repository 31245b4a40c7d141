import { hasCode } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { segmentFileName } from '../segment';
import { removeSegments } from '../segment-removal';

/** Of a file that is to take the place of one or more segments. */
export const CLEANED_SUFFIX = '.cleaned';

/**
 * Does to files what the entry of a compaction says. The cleaned file is there, or has taken its place already; the
 * segments that it was made of go, and so do indexes of any of them.
 */
export const swapSegments = async (
  disk: Disk,
  directory: string,
  entry: { readonly offset: number; readonly segmentBase: number },
): Promise<void> => {
  const { offset, segmentBase } = entry;
  const path = `${directory}/${segmentFileName(segmentBase, 'log')}`;
  try {
    await disk.rename(`${path}${CLEANED_SUFFIX}`, path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await removeSegments(disk, directory, (baseOffset, kind) => {
    if (kind === 'snapshot' || baseOffset < segmentBase || baseOffset >= offset) return false;
    return kind !== 'log' || baseOffset > segmentBase;
  });
};
