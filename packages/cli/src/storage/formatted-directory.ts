import { dirname, join, resolve } from 'node:path';
import { hasCode } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import type { VoterSet } from '@kafkaesque/protocol';
import type { MetaProperties } from '@kafkaesque/storage';
import { metadata, protocol, storage } from '../command-line/loaded-on-demand';
import { UsageError } from '../command-line/usage-error';
import type { FeatureLevel } from '../feature-levels/kafka-features';

/** Where the metadata log and its snapshots lie, below the metadata directory. */
const METADATA = 'metadata';
const BEGINNING = { index: 0, term: 0 };

/** What the metadata begins with. */
export interface FirstMetadata {
  readonly voters: VoterSet;
  readonly features: readonly FeatureLevel[];
}

/**
 * Makes a directory what a node finds at its first start. `meta.properties` comes last of all, so that its presence
 * means that everything else is there and durable; what an interrupted call left behind is written anew.
 */
export const writeFormattedDirectory = async (
  directory: string,
  identity: MetaProperties,
  first: FirstMetadata | undefined,
): Promise<void> => {
  const disk = storage().openNodeDisk();
  await makeDurableDirectory(disk, directory);
  if (first !== undefined) await writeFirstSnapshot(disk, directory, identity.clusterId, first);
  await storage().writeMetaProperties(disk, directory, identity);
};

/** With its parents, all of whose names are synced. (Node's own recursive `mkdir` never returns below `/proc`.) */
const makeDurableDirectory = async (disk: Disk, directory: string): Promise<void> => {
  const path = resolve(directory);
  const make = async (): Promise<void> => {
    await disk.makeDirectory(path);
    await disk.syncDirectory(dirname(path));
  };
  try {
    await make();
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || path === dirname(path)) throw error;
    await makeDurableDirectory(disk, dirname(path));
    await make();
  }
};

const writeFirstSnapshot = async (
  disk: Disk,
  metadataDirectory: string,
  clusterId: string,
  { voters, features }: FirstMetadata,
): Promise<void> => {
  const directory = join(metadataDirectory, METADATA);
  await makeDurableDirectory(disk, directory);
  await removeLeftovers(disk, directory);
  const records = features.map(({ feature, level }) => ({
    kind: 'FeatureLevelRecord' as const,
    value: { name: feature, featureLevel: level },
  }));
  await storage().writeSnapshot(
    { disk, directory, clusterId },
    {
      ...BEGINNING,
      voters: protocol().encodeVoterSet(voters),
      chunks: [metadata().encodeRecords(records)],
    },
  );
};

/** The snapshot of an interrupted format goes; metadata that somebody may need does not. */
const removeLeftovers = async (disk: Disk, directory: string): Promise<void> => {
  const names = (await disk.list(directory)).map(({ name }) => name);
  const isLeftover = (name: string): boolean => /^0{20}-0{10}\.checkpoint(\.part)?$/.test(name);
  const kept = names.find((name) => /\.(wal|checkpoint)$/.test(name) && !isLeftover(name));
  if (kept !== undefined)
    throw new UsageError(
      `${dirname(directory)} holds metadata (${join(directory, kept)}) but no meta.properties. Restore meta.properties ` +
        `from a backup; or, if other controllers have the metadata, move ${directory} away and format again.`,
    );
  for (const name of names.filter(isLeftover)) {
    try {
      await disk.unlink(join(directory, name));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
};
