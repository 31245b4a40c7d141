import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Terminal } from '../command-line/terminal';
import { requireFlag } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { META_PROPERTIES, readMetaProperties } from './meta-properties';
import { nodeDirectories } from './node-configuration';
import { randomUuid } from './random-uuid';
import type { FormatFlags } from './storage-flags';

const UUID_BYTES = 16;
const METADATA_VERSION = '4.3-IV0';

/** `kafka-storage format`: gives every log directory its `meta.properties`. A directory that has one is left alone. */
export const formatDirectories = async (flags: FormatFlags, terminal: Terminal): Promise<number> => {
  requireFlag(flags.config, 'config');
  requireFlag(flags.clusterId, 'cluster-id');
  const clusterId = checkedClusterId(flags.clusterId ?? '');
  const { nodeId, metadataDirectory, directories } = await nodeDirectories(flags.config ?? '', terminal);
  const unformatted: string[] = [];
  for (const directory of directories) {
    const meta = await readMetaProperties(directory);
    if (meta === undefined) unformatted.push(directory);
    else if (!flags.ignoreFormatted) {
      terminal.err(
        `Log directory ${directory} is already formatted. Use --ignore-formatted to ignore this directory and format the others.\n`,
      );
      return 1;
    }
  }
  if (unformatted.length === 0) terminal.out('All of the log directories are already formatted.\n');
  for (const directory of unformatted) {
    const what = directory === metadataDirectory ? 'metadata' : 'data';
    terminal.out(`Formatting ${what} directory ${directory} with metadata.version ${METADATA_VERSION}.\n`);
    await writeMetaProperties(directory, { clusterId, nodeId });
  }
  return 0;
};

const checkedClusterId = (text: string): string => {
  const bytes = Buffer.from(text, 'base64url').length;
  if (bytes === UUID_BYTES) return text;
  throw new UsageError(
    `Cluster ID string ${text} does not appear to be a valid UUID: Input string \`${text}\` decoded as ${bytes} bytes, ` +
      `which is not equal to the expected ${UUID_BYTES} bytes of a base64-encoded UUID`,
  );
};

/** Durable when it returns: written beside, synced, renamed, and the names synced too. */
const writeMetaProperties = async (
  directory: string,
  { clusterId, nodeId }: { readonly clusterId: string; readonly nodeId: number },
): Promise<void> => {
  await mkdir(directory, { recursive: true });
  const path = join(directory, META_PROPERTIES);
  const text = `#\ncluster.id=${clusterId}\ndirectory.id=${randomUuid()}\nnode.id=${nodeId}\nversion=1\n`;
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  for (const name of [directory, dirname(directory)]) {
    const opened = await open(name, 'r');
    try {
      await opened.sync();
    } finally {
      await opened.close();
    }
  }
};
