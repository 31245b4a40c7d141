import { ErrorCode } from '@kafkaesque/protocol';
import { supportedFeature, supportedFeatures } from '../features';
import { featureLevel, registeredBrokers } from '../image/lookups';
import type { MetadataImage } from '../image/metadata-image';
import type { MetadataRecord, SupportedFeature } from '../records';
import type { BootstrapCommand, CommandError, CommandResponses, UpdateFeaturesCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { refused } from './new-partitions';

type Update = UpdateFeaturesCommand['updates'][number];

const succeeded: CommandError = { errorCode: ErrorCode.NONE, errorMessage: null };
const UPGRADE = 1;

const outOfRange = (who: string, range: SupportedFeature | undefined, level: number): string | undefined => {
  if (range === undefined) return level === 0 ? undefined : `${who} does not support this feature.`;
  if (level === 0 || (level >= range.minSupportedVersion && level <= range.maxSupportedVersion))
    return undefined;
  return range.minSupportedVersion === range.maxSupportedVersion
    ? `${who} only supports version ${range.minSupportedVersion}`
    : `${who} only supports versions ${range.minSupportedVersion}-${range.maxSupportedVersion}`;
};

/** Why no node, or not every node, can work at that level. */
const unsupportedBy = (image: MetadataImage, name: string, level: number): string | undefined => {
  const local = outOfRange('Local controller', supportedFeature(name), level);
  if (local !== undefined) return local;
  for (const broker of registeredBrokers(image)) {
    const range = broker.features.find((feature) => feature.name === name);
    const reason = outOfRange(`Broker ${broker.brokerId}`, range, level);
    if (reason !== undefined) return reason;
  }
  return undefined;
};

const refusal = (
  image: MetadataImage,
  { feature, maxVersionLevel: level, upgradeType }: Update,
): CommandError | undefined => {
  const invalid = (reason: string): CommandError =>
    refused(
      ErrorCode.INVALID_UPDATE_VERSION,
      `Invalid update version ${level} for feature ${feature}. ${reason}`,
    );
  if (upgradeType < UPGRADE || upgradeType > 3)
    return invalid('The controller does not support the given upgrade type.');
  if (level < 0) return invalid('A feature version cannot be less than 0.');
  const unsupported = unsupportedBy(image, feature, level);
  if (unsupported !== undefined) return invalid(unsupported);
  const current = featureLevel(image, feature);
  if (level < current && upgradeType === UPGRADE)
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  if (level > current && upgradeType !== UPGRADE) return invalid("Can't downgrade to a newer version.");
  if (level === 0 && (supportedFeature(feature)?.minSupportedVersion ?? 0) > 0)
    return invalid('This feature cannot be disabled.');
  return undefined;
};

const level = (name: string, featureLevel: number): MetadataRecord => ({
  kind: 'FeatureLevelRecord',
  value: { name, featureLevel },
});

/** UpdateFeatures: all updates or none. */
export const decideUpdateFeatures = (
  command: UpdateFeaturesCommand,
  { image }: DecisionContext,
): Decision<CommandResponses['update-features']> => {
  const results = command.updates.map((update) => ({
    feature: update.feature,
    ...(refusal(image, update) ?? succeeded),
  }));
  const failed = results.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
  if (failed !== undefined)
    return refused(
      failed.errorCode,
      `The update failed for all features since the following feature had an error: ${failed.errorMessage}`,
    );
  const records = command.updates
    .filter(({ feature, maxVersionLevel }) => featureLevel(image, feature) !== maxVersionLevel)
    .map(({ feature, maxVersionLevel }) => level(feature, maxVersionLevel));
  return { kind: 'decided', records: command.validateOnly ? [] : records, response: { results } };
};

/** The facts a new cluster begins with. A cluster that has them decides nothing. */
export const decideBootstrap = (
  command: BootstrapCommand,
  { image }: DecisionContext,
): Decision<CommandResponses['bootstrap']> => {
  if (image.features.size > 0) return { kind: 'decided', records: [], response: {} };
  for (const [feature, wanted] of command.features) {
    const reason = outOfRange('This release', supportedFeature(feature), wanted);
    if (reason !== undefined)
      return refused(
        ErrorCode.INVALID_UPDATE_VERSION,
        `Invalid update version ${wanted} for feature ${feature}. ${reason}`,
      );
  }
  const records = supportedFeatures
    .map(({ name, defaultLevel }) => ({ name, wanted: command.features.get(name) ?? defaultLevel }))
    .filter(({ wanted }) => wanted > 0)
    .map(({ name, wanted }) => level(name, wanted));
  return { kind: 'decided', records, response: {} };
};
