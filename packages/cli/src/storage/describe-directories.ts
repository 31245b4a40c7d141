import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@kafkaesque/kernel';
import type { Terminal } from '../command-line/terminal';
import { META_PROPERTIES, readMetaProperties } from './meta-properties';
import type { MetaProperties } from './meta-properties';
import { nodeStorage } from './node-configuration';

/** `kafka-storage info`: which directories there are, whose they are, and what is wrong. Exit code 1 if anything is. */
export const describeDirectories = async (configPath: string, terminal: Terminal): Promise<number> => {
  const { directories } = await nodeStorage(configPath, terminal);
  const found: string[] = [];
  const problems: string[] = [];
  let first: MetaProperties | undefined;
  for (const directory of directories) {
    const kind = await kindOf(directory);
    if (kind !== 'directory') {
      problems.push(kind === 'missing' ? `${directory} does not exist` : `${directory} is not a directory`);
      continue;
    }
    found.push(directory);
    const read = await readMetaProperties(directory);
    const meta: MetaProperties | undefined = read === undefined ? undefined : { version: '0', ...read };
    if (meta === undefined) problems.push(`${directory} is not formatted.`);
    else if (meta['version'] !== '0' && !/^\d+$/.test(meta['node.id'] ?? '')) {
      problems.push(
        `Error loading ${join(directory, META_PROPERTIES)}: Unable to read node.id as a base-10 number.`,
      );
    } else if (first === undefined) first = meta;
    else if (meta['cluster.id'] !== first['cluster.id']) {
      problems.push('Mismatched cluster IDs between storage directories.');
    } else if (meta['node.id'] !== first['node.id']) {
      problems.push('Mismatched node IDs between storage directories.');
    }
  }
  if (first?.['version'] === '0') {
    problems.push(
      'The kafka configuration file appears to be for a cluster in KRaft mode, but the directories are formatted for legacy mode.',
    );
  }
  print(terminal, found.length === 1 ? 'Found log directory:' : 'Found log directories:', found);
  if (first !== undefined) {
    const values = Object.entries(first)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`);
    terminal.out(`Found metadata: {${values.join(', ')}}\n\n`);
  }
  print(terminal, problems.length === 1 ? 'Found problem:' : 'Found problems:', problems);
  return problems.length === 0 ? 0 : 1;
};

const print = (terminal: Terminal, title: string, lines: readonly string[]): void => {
  if (lines.length > 0) terminal.out(`${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
};

const kindOf = async (path: string): Promise<'directory' | 'missing' | 'other'> => {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'missing';
    throw error;
  }
};
