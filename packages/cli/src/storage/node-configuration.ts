import { readFile } from 'node:fs/promises';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Terminal } from '../command-line/terminal';
import { UsageError } from '../command-line/usage-error';

/** What the storage tool needs of a node's properties. */
export interface NodeDirectories {
  readonly nodeId: number;
  readonly metadataDirectory: string;
  /** All of them, each once, in order of name. */
  readonly directories: readonly string[];
}

/** Reads a node's properties as the node itself would. Fails with UsageError. */
export const nodeDirectories = async (path: string, terminal: Terminal): Promise<NodeDirectories> => {
  const { readConfiguration } = await import('@kafkaesque/server');
  let file: string;
  try {
    file = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `Cannot read ${path}: ${hasCode(error, 'ENOENT') ? 'there is no such file' : messageOf(error)}`,
    );
  }
  const outcome = readConfiguration({ file, overrides: [], environment: process.env });
  for (const warning of outcome.warnings) terminal.err(`warning: ${warning}\n`);
  if (outcome.kind === 'invalid')
    throw new UsageError(outcome.errors.map(({ message }) => message).join('\n'));
  const { nodeId, logDirs, metadataLogDir } = outcome.configuration;
  return {
    nodeId,
    metadataDirectory: metadataLogDir,
    directories: [...new Set([...logDirs, metadataLogDir])].sort(),
  };
};
