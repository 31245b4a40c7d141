import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Voter } from '@kafkaesque/protocol';
import { metadata } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { UsageError } from '../command-line/usage-error';
import { parseFeatureLevel } from '../feature-levels/feature-lines';
import { bootstrapFeatures, chosenRelease } from './bootstrap-features';
import type { BootstrapFeatures, FeatureRange } from './bootstrap-features';
import { writeFormattedDirectory } from './formatted-directory';
import { parseInitialControllers, voterOf } from './initial-controllers';
import { META_PROPERTIES, readMetaProperties } from './meta-properties';
import { nodeStorage } from './node-configuration';
import type { NodeStorage } from './node-configuration';
import { randomUuid } from './random-uuid';
import type { FormatFlags } from './storage-flags';

/** What is to be written, once the command line has been understood. */
interface FormatPlan {
  readonly clusterId: string;
  readonly node: NodeStorage;
  readonly features: BootstrapFeatures;
  /** Undefined: none are known here. */
  readonly voters: readonly Voter[] | undefined;
  /** Of the metadata directory, where the voters name it. */
  readonly directoryId: string | undefined;
}

/**
 * `kafka-storage format`: gives every log directory its `meta.properties`, and the metadata directory a first snapshot
 * with the voters and feature levels to begin with. Checks, their order and their sentences are Kafka's. Resolves with
 * the exit code; fails with UsageError before anything was written.
 */
export const formatDirectories = async (flags: FormatFlags, terminal: Terminal): Promise<number> => {
  const node = await nodeStorage(flags.config ?? '', terminal);
  const plan = planOf(flags, node, metadata().supportedFeatures);
  const unformatted = await unformattedDirectories(plan, flags.ignoreFormatted === true, terminal);
  if (unformatted.length === 0) {
    terminal.out('All of the log directories are already formatted.\n');
    return 0;
  }
  terminal.out(`Bootstrap metadata: ${shownFeatures(plan.features)}\n`);
  for (const directory of unformatted) await formatOne(directory, plan, terminal);
  return 0;
};

const planOf = (flags: FormatFlags, node: NodeStorage, ranges: readonly FeatureRange[]): FormatPlan => {
  const release = chosenRelease(flags.releaseVersion, ranges);
  const levels = new Map(
    (flags.feature ?? []).map(parseFeatureLevel).map(({ feature, level }) => [feature, level] as const),
  );
  const { voters, directoryId } = votersOf(flags, node);
  const features = bootstrapFeatures({ release, levels }, ranges, node.hasStaticVoters);
  if (flags.addScram !== undefined)
    throw new UsageError(
      'SCRAM is not in this release, so --add-scram cannot be honoured: leave it out, and let clients come without SASL.',
    );
  return { clusterId: flags.clusterId ?? '', node, features, voters, directoryId };
};

/** Who votes first, and the id that the metadata directory gets with it. */
const votersOf = (flags: FormatFlags, node: NodeStorage): Pick<FormatPlan, 'voters' | 'directoryId'> => {
  const { nodeId, controllerEndpoint, hasStaticVoters } = node;
  if (hasStaticVoters && (flags.standalone || flags.initialControllers !== undefined))
    throw new UsageError(
      'You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. ' +
        'If you want to use dynamic quorum, please remove controller.quorum.voters and specify controller.quorum.bootstrap.servers instead.',
    );
  if (flags.initialControllers !== undefined) {
    const voters = parseInitialControllers(flags.initialControllers, controllerEndpoint.name);
    return { voters, directoryId: voters.find((voter) => voter.nodeId === nodeId)?.directoryId };
  }
  if (flags.standalone && !node.isController)
    throw new UsageError('You can only use --standalone on a controller.');
  const isUndecided = node.isController && !hasStaticVoters && flags.noInitialControllers === undefined;
  if (flags.standalone || (isUndecided && node.isAlone)) {
    const directoryId = randomUuid();
    return { voters: [voterOf(nodeId, directoryId, controllerEndpoint)], directoryId };
  }
  if (isUndecided)
    throw new UsageError(
      'Because controller.quorum.voters is not set on this controller, you must specify one of the following: ' +
        '--standalone, --initial-controllers, or --no-initial-controllers.',
    );
  return { voters: undefined, directoryId: undefined };
};

/** Those without `meta.properties`. Fails with UsageError where another cluster or node has been, or formatting is not wanted. */
const unformattedDirectories = async (
  { clusterId, node }: FormatPlan,
  ignoresFormatted: boolean,
  terminal: Terminal,
): Promise<readonly string[]> => {
  const unformatted: string[] = [];
  const formatted: string[] = [];
  const unreadable: string[] = [];
  const ids = new Map<string, string>();
  for (const directory of node.directories) {
    if (!(await isReadable(directory))) {
      unreadable.push(directory);
      continue;
    }
    const meta = await readMetaProperties(directory);
    (meta === undefined ? unformatted : formatted).push(directory);
    if (meta?.['version'] !== '1') continue;
    checkOwner(directory, meta, clusterId, node.nodeId);
    const id = meta['directory.id'] ?? '';
    const other = ids.get(id);
    if (other !== undefined && id !== '')
      throw new UsageError(
        `Duplicate directory ID ${id} found. It was the ID of ${other}, but also of ${directory}`,
      );
    ids.set(id, directory);
  }
  const [first] = formatted;
  if (first !== undefined && !ignoresFormatted)
    throw new UsageError(
      `Log directory ${first} is already formatted. Use --ignore-formatted to ignore this directory and format the others.`,
    );
  for (const directory of unreadable)
    terminal.out(`I/O error trying to read log directory ${directory}. Ignoring...\n`);
  if (first === undefined && unformatted.length === 0)
    throw new UsageError('No available log directories to format.');
  return unformatted;
};

const checkOwner = (
  directory: string,
  meta: Readonly<Record<string, string>>,
  clusterId: string,
  nodeId: number,
): void => {
  const path = join(directory, META_PROPERTIES);
  if (meta['cluster.id'] !== clusterId)
    throw new UsageError(
      `Invalid cluster.id in: ${path}. Expected ${clusterId}, but read ${meta['cluster.id'] ?? ''}`,
    );
  const stored = meta['node.id'] ?? '';
  if (/^\d+$/.test(stored) && Number(stored) !== nodeId)
    throw new UsageError(
      `Stored node id ${stored} doesn't match previous node id ${nodeId} in ${path}. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.`,
    );
};

/** Whether it is a directory, or can become one. */
const isReadable = async (directory: string): Promise<boolean> => {
  try {
    return (await stat(directory)).isDirectory();
  } catch (error) {
    return hasCode(error, 'ENOENT');
  }
};

const formatOne = async (directory: string, plan: FormatPlan, terminal: Terminal): Promise<void> => {
  const { clusterId, node, features, voters } = plan;
  const isMetadata = directory === node.metadataDirectory;
  const kind = isMetadata ? metadataKind(plan) : 'data';
  terminal.out(
    `Formatting ${kind} directory ${directory} with metadata.version ${features.metadataVersion.name}.\n`,
  );
  const identity = {
    clusterId,
    nodeId: node.nodeId,
    directoryId: (isMetadata ? plan.directoryId : undefined) ?? randomUuid(),
  };
  try {
    await writeFormattedDirectory(
      directory,
      identity,
      isMetadata ? { voters: voters ?? [], features: features.levels } : undefined,
    );
  } catch (error) {
    if (hasCode(error, 'USAGE')) throw error;
    throw new UsageError(`Error while writing meta.properties file ${directory}: ${messageOf(error)}`);
  }
};

const metadataKind = ({ voters, directoryId }: FormatPlan): string => {
  if (voters === undefined) return 'metadata';
  return directoryId === undefined ? 'dynamic metadata' : 'dynamic metadata voter';
};

/** As Kafka prints its records. */
const shownFeatures = ({ metadataVersion, levels }: BootstrapFeatures): string => {
  const records = levels.map(
    ({ feature, level }) =>
      `ApiMessageAndVersion(FeatureLevelRecord(name='${feature}', featureLevel=${level}) at version 0)`,
  );
  return `BootstrapMetadata(records=[${records.join(', ')}], metadataVersionLevel=${metadataVersion.level}, source=format command)`;
};
