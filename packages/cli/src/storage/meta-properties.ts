import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'dot-properties';
import { hasCode } from '@kafkaesque/kernel';
import { textsOf } from '../command-line/client-flags';

export const META_PROPERTIES = 'meta.properties';

/** What a formatted log directory says of itself. */
export type MetaProperties = Readonly<Record<string, string>>;

/** Undefined when the directory is not formatted. */
export const readMetaProperties = async (directory: string): Promise<MetaProperties | undefined> => {
  try {
    return textsOf(parse(await readFile(join(directory, META_PROPERTIES), 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};
