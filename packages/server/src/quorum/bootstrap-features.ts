import type { Logger } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import { decodeRecords } from '@kafkaesque/metadata';
import type { SnapshotPlace } from '@kafkaesque/storage';
import { listSnapshots, readSnapshot } from '@kafkaesque/storage';

/**
 * The feature levels that a directory was formatted with, by name; the first active controller writes them into the
 * log. Empty where it was not formatted by the tool, or is long past its beginning.
 */
export const bootstrapFeatures = async (
  place: SnapshotPlace,
  logger: Logger,
): Promise<ReadonlyMap<string, number>> => {
  const levels = new Map<string, number>();
  try {
    const first = (await listSnapshots(place)).find(({ index }) => index === 0);
    if (first === undefined) return levels;
    const { chunks } = await readSnapshot(place, first);
    for (const chunk of chunks)
      for (const record of decodeRecords(chunk))
        if (record.kind === 'FeatureLevelRecord') levels.set(record.value.name, record.value.featureLevel);
  } catch (error) {
    // Whoever needs it, a quorum that has only begun, is told so when it opens its log.
    logger.warn('the bootstrap snapshot cannot be read', { error: messageOf(error) });
  }
  return levels;
};
