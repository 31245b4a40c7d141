import { readFile } from 'node:fs/promises';

/** How many files and sockets this process may have open; undefined where the system does not tell. */
export const openFilesLimit = async (): Promise<number | undefined> => {
  try {
    return parseOpenFilesLimit(await readFile('/proc/self/limits', 'utf8'));
  } catch {
    return undefined;
  }
};

/** The soft limit, which Node has raised to the hard one when it started. `text`: proc(5), `/proc/pid/limits`. */
export const parseOpenFilesLimit = (text: string): number | undefined => {
  const found = /^Max open files\s+(\d+)\s/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
};
