import { ErrorCode } from '@kafkaesque/protocol';
import { ELR_VERSION, KRAFT_VERSION, supportedFeature, supportedFeatures } from '../features';
import { featureLevel, registeredBrokers, registeredControllers } from '../image/lookups';
import type { MetadataRecord, SupportedFeature } from '../records';
import type { BootstrapCommand, CommandError, CommandResponses, UpdateFeaturesCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { minimumForAll } from './eligible-leaders';
import { refused } from './new-partitions';

type Update = UpdateFeaturesCommand['updates'][number];
type Range = Pick<SupportedFeature, 'minSupportedVersion' | 'maxSupportedVersion'>;

const succeeded: CommandError = { errorCode: ErrorCode.NONE, errorMessage: null };
const UPGRADE = 1;
const UNSAFE_DOWNGRADE = 3;

/** What a feature that somebody does not know is to him. */
const disabled: Range = { minSupportedVersion: 0, maxSupportedVersion: 0 };

const outOfRange = (
  who: string,
  { minSupportedVersion: min, maxSupportedVersion: max }: Range,
  level: number,
): string | undefined => {
  if (level >= min && level <= max) return undefined;
  if (max === 0) return `${who} does not support this feature.`;
  return `${who} only supports versions ${min === max ? min : `${min}-${max}`}`;
};

const rangeOf = (features: readonly SupportedFeature[], name: string): Range =>
  features.find((feature) => feature.name === name) ?? disabled;

/** What this node can do itself. */
const localRange = ({ settings }: DecisionContext, name: string): Range => {
  if (name !== KRAFT_VERSION) return supportedFeature(name) ?? disabled;
  const { min, max } = settings.quorum.supportedKraftVersions;
  return { minSupportedVersion: min, maxSupportedVersion: max };
};

/** Why no node, or not every node, can work at that level. */
const unsupportedBy = (context: DecisionContext, name: string, level: number): string | undefined => {
  const { image, settings } = context;
  const { nodeId, voterIds } = settings.quorum;
  const local = outOfRange(`Local controller ${nodeId}`, localRange(context, name), level);
  if (local !== undefined) return local;
  for (const broker of registeredBrokers(image)) {
    const reason = outOfRange(`Broker ${broker.brokerId}`, rangeOf(broker.features, name), level);
    if (reason !== undefined) return reason;
  }
  const found = new Set([nodeId]);
  for (const { controllerId, features } of registeredControllers(image)) {
    if (controllerId === nodeId) continue;
    found.add(controllerId);
    const reason = outOfRange(`Controller ${controllerId}`, rangeOf(features, name), level);
    if (reason !== undefined) return reason;
  }
  const missing = voterIds.find((id) => !found.has(id));
  return missing === undefined
    ? undefined
    : `controller ${missing} has not registered, and may not support this feature`;
};

const currentLevel = ({ image, settings }: DecisionContext, name: string): number =>
  name === KRAFT_VERSION ? settings.quorum.kraftVersion : featureLevel(image, name);

/** Downgrades that would lose metadata: none is carried out, whatever the caller permits (as Kafka). */
const metadataDowngrade = (
  { upgradeType, maxVersionLevel: level }: Update,
  current: number,
): CommandError | undefined => {
  if (level >= current) return undefined;
  const reason =
    upgradeType === UNSAFE_DOWNGRADE
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.';
  return refused(
    ErrorCode.INVALID_UPDATE_VERSION,
    `Unsupported metadata.version downgrade from ${current} to ${level}. ${reason}`,
  );
};

const refusal = (context: DecisionContext, update: Update): CommandError | undefined => {
  const { feature, maxVersionLevel: level, upgradeType } = update;
  const invalid = (reason: string): CommandError =>
    refused(
      ErrorCode.INVALID_UPDATE_VERSION,
      `Invalid update version ${level} for feature ${feature}. ${reason}`,
    );
  if (upgradeType < UPGRADE || upgradeType > UNSAFE_DOWNGRADE)
    return invalid('The controller does not support the given upgrade type.');
  if (level < 0) return invalid('A feature version cannot be less than 0.');
  const unsupported = unsupportedBy(context, feature, level);
  if (unsupported !== undefined) return invalid(unsupported);
  const current = currentLevel(context, feature);
  if (level < current && upgradeType === UPGRADE)
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  if (level > current && upgradeType !== UPGRADE) return invalid("Can't downgrade to a newer version.");
  if (feature === KRAFT_VERSION) {
    if (level < current) return invalid("Can't downgrade the version of this feature.");
    const reason = level === current ? undefined : context.settings.quorum.refusesKraftVersion(level);
    return reason === undefined ? undefined : refused(ErrorCode.INVALID_UPDATE_VERSION, reason);
  }
  if (feature === 'metadata.version') return metadataDowngrade(update, current);
  // None of the features that this release has depends on another.
  return supportedFeature(feature) === undefined ? invalid(`Feature ${feature} not found.`) : undefined;
};

const levelRecord = (name: string, featureLevel: number): MetadataRecord => ({
  kind: 'FeatureLevelRecord',
  value: { name, featureLevel },
});

/** UpdateFeatures: all updates or none. A higher `kraft.version` is for the quorum to carry out. */
export const decideUpdateFeatures = (
  command: UpdateFeaturesCommand,
  context: DecisionContext,
): Decision<CommandResponses['update-features']> => {
  for (const update of command.updates) {
    const error = refusal(context, update);
    if (error !== undefined)
      return refused(
        error.errorCode,
        `The update failed for all features since the following feature had an error: ${error.errorMessage}`,
      );
  }
  const response = { results: command.updates.map(({ feature }) => ({ feature, ...succeeded })) };
  const changed = command.updates.filter(
    ({ feature, maxVersionLevel }) => currentLevel(context, feature) !== maxVersionLevel,
  );
  if (command.validateOnly || changed.length === 0) return { kind: 'decided', records: [], response };
  const begins = changed.some(
    ({ feature, maxVersionLevel }) => feature === ELR_VERSION && maxVersionLevel > 0,
  );
  const records = [
    ...(begins ? minimumForAll(context) : []),
    ...changed
      .filter(({ feature }) => feature !== KRAFT_VERSION)
      .map(({ feature, maxVersionLevel }) => levelRecord(feature, maxVersionLevel)),
  ];
  const kraft = changed.find(({ feature }) => feature === KRAFT_VERSION);
  if (kraft === undefined) return { kind: 'decided', records, response };
  // The record that does nothing is there to be waited for: it stands behind the quorum's own.
  const noOp: MetadataRecord = { kind: 'NoOpRecord', value: {} };
  return { kind: 'decided', records: [...records, noOp], response, kraftVersion: kraft.maxVersionLevel };
};

/** The facts a new cluster begins with. A cluster that has them decides nothing. */
export const decideBootstrap = (
  command: BootstrapCommand,
  context: DecisionContext,
): Decision<CommandResponses['bootstrap']> => {
  if (context.image.features.size > 0) return { kind: 'decided', records: [], response: {} };
  for (const [feature, wanted] of command.features) {
    const reason = outOfRange('This release', supportedFeature(feature) ?? disabled, wanted);
    if (reason !== undefined)
      return refused(
        ErrorCode.INVALID_UPDATE_VERSION,
        `Invalid update version ${wanted} for feature ${feature}. ${reason}`,
      );
  }
  // A directory that was formatted names all levels above 0.
  const isFormatted = command.features.has('metadata.version');
  const defaultOf = ({ minSupportedVersion, defaultLevel }: (typeof supportedFeatures)[number]): number =>
    isFormatted ? minSupportedVersion : defaultLevel;
  const levels = supportedFeatures
    .map((feature) => ({
      name: feature.name,
      wanted: command.features.get(feature.name) ?? defaultOf(feature),
    }))
    .filter(({ wanted }) => wanted > 0);
  const isElrWanted = levels.some(({ name }) => name === ELR_VERSION);
  const records = [
    ...levels.map(({ name, wanted }) => levelRecord(name, wanted)),
    ...(isElrWanted ? minimumForAll(context) : []),
  ];
  return { kind: 'decided', records, response: {} };
};
