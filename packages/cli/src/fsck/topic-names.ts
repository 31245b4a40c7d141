import { dirname } from 'node:path';
import type { Disk } from '@kafkaesque/kernel';
import { metadata, storage } from '../command-line/loaded-on-demand';
import { metadataFiles } from '../metadata/metadata-files';
import type { MetadataFile } from '../metadata/metadata-files';

/** As the quorum numbers its entries. */
const RECORDS = 0;

/** Names by id of all topics that the metadata in a log directory speak of, also of those deleted since. */
export const topicNames = async (disk: Disk, path: string): Promise<ReadonlyMap<string, string>> => {
  const names = new Map<string, string>();
  for (const file of await filesIn(disk, path)) {
    for (const bytes of await batchesOf(disk, file)) {
      for (const [id, name] of namesIn(bytes)) names.set(id, name);
    }
  }
  return names;
};

/** A directory without metadata, or with some that cannot be listed, has no names to give. */
const filesIn = async (disk: Disk, path: string): Promise<readonly MetadataFile[]> => {
  try {
    return await metadataFiles(disk, path);
  } catch {
    return [];
  }
};

/** What is damaged gives no names; that it is damaged, others say. */
const batchesOf = async (disk: Disk, file: MetadataFile): Promise<readonly Buffer[]> => {
  try {
    if (file.kind === 'log') {
      const { frames } = await storage().inspectLogFile(disk, file.path);
      return [...frames].flatMap(({ records }) =>
        records.flatMap((record) =>
          record.kind === 'entry' && record.entry.type === RECORDS ? [record.entry.bytes] : [],
        ),
      );
    }
    const { path, index, term } = file;
    const place = { disk, directory: dirname(path), clusterId: '' };
    return (await storage().readSnapshot(place, { path, index, term, sizeBytes: 0 })).chunks;
  } catch {
    return [];
  }
};

const namesIn = (bytes: Buffer): readonly (readonly [string, string])[] => {
  try {
    return metadata()
      .decodeRecords(bytes)
      .flatMap((record) =>
        record.kind === 'TopicRecord' ? [[record.value.topicId, record.value.name] as const] : [],
      );
  } catch {
    return [];
  }
};
