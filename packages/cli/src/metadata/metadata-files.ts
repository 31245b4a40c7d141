import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { UsageError } from '../command-line/usage-error';

/** A file of the metadata: of the log, or a snapshot by its place in the log. */
export type MetadataFile =
  | { readonly kind: 'log'; readonly path: string }
  | { readonly kind: 'snapshot'; readonly path: string; readonly index: number; readonly term: number };

const LOG_NAME = /^\d{20}\.wal$/;
const SNAPSHOT_NAME = /^(\d{20})-(\d{10})\.checkpoint$/;

/** Undefined for a file that is neither. */
const fileAt = (path: string): MetadataFile | undefined => {
  const name = basename(path);
  if (LOG_NAME.test(name)) return { kind: 'log', path };
  const [, index, term] = SNAPSHOT_NAME.exec(name) ?? [];
  return index === undefined
    ? undefined
    : { kind: 'snapshot', path, index: Number(index), term: Number(term) };
};

/** The directory that holds the metadata's files: the one that is named, or `metadata` in it. */
export const metadataDirectory = async (path: string): Promise<string> => {
  const below = join(path, 'metadata');
  try {
    return (await stat(below)).isDirectory() ? below : path;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return path;
    throw error;
  }
};

/** What a path names: one file, or all of a directory, snapshots first, each kind in order. */
export const metadataFiles = async (disk: Disk, path: string): Promise<readonly MetadataFile[]> => {
  if (!(await stat(path)).isDirectory()) {
    const file = fileAt(path);
    if (file !== undefined) return [file];
    throw new UsageError(
      `${path} is neither a metadata log (00000000000000000001.wal) nor a snapshot (00000000000000000000-0000000000.checkpoint); what lies in ${dirname(path)} is known by its name`,
    );
  }
  const directory = await metadataDirectory(path);
  const files = (await disk.list(directory)).flatMap(({ name, kind }) => {
    const file = kind === 'file' ? fileAt(join(directory, name)) : undefined;
    return file === undefined ? [] : [file];
  });
  if (files.length === 0)
    throw new UsageError(
      `${directory} holds neither a metadata log nor a snapshot: is it the metadata.log.dir?`,
    );
  return [...files.filter(({ kind }) => kind === 'snapshot'), ...files.filter(({ kind }) => kind === 'log')];
};
