import { storage } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { UsageError } from '../command-line/usage-error';
import { metadataDirectory } from './metadata-files';

/** Says of every file what a start would make of it. Resolves with 1 when anything is corrupt. */
export const verifyDirectory = async (path: string, terminal: Terminal): Promise<number> => {
  const directory = await metadataDirectory(path);
  const findings = await storage().verifyMetadata(storage().openNodeDisk(), directory);
  if (findings.length === 0)
    throw new UsageError(
      `${directory} holds neither a metadata log nor a snapshot: is it the metadata.log.dir?`,
    );
  for (const { message } of findings) terminal.out(`${message}\n`);
  return findings.some(({ kind }) => kind === 'corrupt') ? 1 : 0;
};
