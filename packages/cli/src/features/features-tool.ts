import { BrokerId, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin, FeatureChange, FeaturesDescription } from '@kafkaesque/client';
import { argumentWords, checkArguments, chosenAction, refuseWords } from '../command-line/argument-rules';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { dependencyLines, parseFeatureLevel, versionMapping } from '../feature-levels/feature-lines';
import { METADATA_VERSION } from '../feature-levels/kafka-features';
import { metadataVersionOf } from '../feature-levels/metadata-versions';
import type { Tool } from '../tools';
import { featureChanges } from './feature-changes';
import { ACTIONS, featuresCommand } from './features-flags';
import type { FeaturesAction, FeaturesFlags } from './features-flags';

export const tool: Tool = {
  command: featuresCommand,
  run: async (argv, terminal, calledAs) => {
    let understood: { readonly action: FeaturesAction; readonly flags: FeaturesFlags };
    try {
      const command = featuresCommand(calledAs);
      const parsed = parseFlags<FeaturesFlags>(command, argv, terminal, argumentWords);
      if (parsed.kind === 'done') return 0;
      const [word, ...rest] = command.args;
      understood = { action: checkedAction(word, parsed.flags), flags: parsed.flags };
      refuseWords(rest);
    } catch (error) {
      if (!hasCode(error, 'USAGE')) throw error;
      terminal.err(`Command line error: ${messageOf(error)}. Type --help for help.\n`);
      return 1;
    }
    try {
      return await runAction(understood.action, understood.flags, terminal);
    } catch (error) {
      if (!hasCode(error, 'USAGE')) throw error;
      terminal.err(`${messageOf(error)}\n`);
      return 1;
    }
  },
};

const checkedAction = (word: string | undefined, flags: FeaturesFlags): FeaturesAction => {
  const action = chosenAction(ACTIONS, word);
  checkArguments(flags, {
    required: action === 'feature-dependencies' ? ['feature'] : [],
    atMostOneOf: [['bootstrap-server', 'bootstrap-controller']],
  });
  const isOffline = action === 'version-mapping' || action === 'feature-dependencies';
  if (!isOffline && flags.bootstrapServer === undefined && flags.bootstrapController === undefined)
    throw new UsageError('You must specify either --bootstrap-controller or --bootstrap-server.');
  return action;
};

const runAction = async (
  action: FeaturesAction,
  flags: FeaturesFlags,
  terminal: Terminal,
): Promise<number> => {
  switch (action) {
    case 'version-mapping':
      terminal.out(versionMapping(flags.releaseVersion));
      return 0;
    case 'feature-dependencies':
      for (const text of flags.feature ?? [])
        terminal.out(
          dependencyLines(
            parseFeatureLevel(text),
            ({ feature, level }) => `No feature:${feature} with feature level ${level}`,
          ),
        );
      return 0;
    case 'describe':
      return withAdmin(flags, terminal, (admin) => describeLevels(admin, flags, terminal));
    case 'upgrade':
    case 'downgrade':
    case 'disable': {
      const changes = featureChanges(action, flags, (text) => terminal.out(text));
      return withAdmin(flags, terminal, (admin) => changeLevels(admin, action, changes, flags, terminal));
    }
  }
};

const withAdmin = async (
  flags: FeaturesFlags,
  terminal: Terminal,
  work: (admin: Admin) => Promise<number>,
): Promise<number> => {
  const properties = clientProperties(flags.commandConfig, []);
  await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'kafka-features'));
  return await work(client.admin({ apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms') }));
};

/** Prints what a node can do, and what the cluster has settled on. Resolves with the exit code. */
export const describeLevels = async (
  admin: Admin,
  { nodeId, json }: FeaturesFlags,
  terminal: Terminal,
): Promise<number> => {
  const description = await admin.describeFeatures(nodeId === undefined ? {} : { node: BrokerId(nodeId) });
  terminal.out(json ? jsonLine(description) : featureLines(description));
  return 0;
};

const NAME_WIDTH = 40;
const LEVEL_WIDTH = 15;

/** `metadata.version` goes by its releases. */
const levelText = (feature: string, level: number): string => {
  if (feature !== METADATA_VERSION) return String(level);
  return metadataVersionOf(level)?.name ?? `UNKNOWN [${level}]`;
};

const featureLines = ({ finalized, finalizedEpoch, supported }: FeaturesDescription): string =>
  [...supported]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { min, max }]) => {
      const level = (value: number): string => levelText(name, value).padEnd(LEVEL_WIDTH);
      return (
        `Feature: ${name.padEnd(NAME_WIDTH)}  SupportedMinVersion: ${level(min)}  SupportedMaxVersion: ${level(max)}` +
        `  FinalizedVersionLevel: ${level(finalized.get(name)?.max ?? 0)}  Epoch: ${finalizedEpoch ?? '-'}\n`
      );
    })
    .join('');

const jsonLine = ({ finalized, finalizedEpoch, supported }: FeaturesDescription): string => {
  const features = [...supported]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { min, max }]) => ({
      ...{ name, supportedMin: min, supportedMax: max },
      finalizedLevel: finalized.get(name)?.max ?? 0,
    }));
  return `${JSON.stringify({ epoch: finalizedEpoch ?? null, features })}\n`;
};

/** The actions that change levels. */
export type ChangingAction = 'upgrade' | 'downgrade' | 'disable';

/** Changes levels and says of each what became of it. Resolves with 1 when any was refused. */
export const changeLevels = async (
  admin: Admin,
  action: ChangingAction,
  changes: readonly FeatureChange[],
  { dryRun }: FeaturesFlags,
  terminal: Terminal,
): Promise<number> => {
  const outcomes = await failuresOf(admin, changes, dryRun === true);
  let failures = 0;
  for (const { feature, level } of changes) {
    const why = outcomes.get(feature);
    const to = action === 'disable' ? '' : ` to ${level}`;
    const participle = action === 'upgrade' ? 'upgraded' : `${action}d`;
    if (why === undefined) {
      terminal.out(`${feature} ${dryRun ? 'can be' : 'was'} ${participle}${to}.\n`);
    } else {
      failures += 1;
      terminal.out(`${dryRun ? 'Can not' : 'Could not'} ${action} ${feature}${to}. ${why}\n`);
    }
  }
  if (failures === 0) return 0;
  terminal.err(`${failures} out of ${changes.length} operation(s) failed.\n`);
  return 1;
};

/** Why a feature was not changed. A call that failed as a whole failed for each of them. */
const failuresOf = async (
  admin: Admin,
  changes: readonly FeatureChange[],
  validateOnly: boolean,
): Promise<ReadonlyMap<string, string>> => {
  try {
    const outcomes = await admin.updateFeatures(changes, { validateOnly });
    return new Map(
      outcomes.flatMap((one) => (one.kind === 'failed' ? [[one.key, one.error.message] as const] : [])),
    );
  } catch (error) {
    if (!sdk().isClientError(error)) throw error;
    if (error.kind === 'usage') throw new UsageError(error.message);
    return new Map(changes.map(({ feature }) => [feature, error.message] as const));
  }
};
