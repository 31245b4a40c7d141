import type { CoordinatorSettings, GroupSettings } from '@kafkaesque/coordinator';
import type { MetadataImage } from '@kafkaesque/metadata';
import { configOverrides } from '@kafkaesque/metadata';
import type { BrokerConfiguration, BrokerLayers, DynamicConfiguration } from '../configuration';
import { groupText, itemsOf, layersOf } from '../configuration';

/** Kafka's type of the resource that a group's configuration belongs to. */
const GROUP_RESOURCE = 32;
const MINUTE_MS = 60_000;

/** What holds for all groups, from the file: none of it changes while the broker runs. */
export const coordinatorSettings = (configuration: BrokerConfiguration): CoordinatorSettings => {
  const number = (name: string): number => Number(configuration.get(name));
  const policy = String(configuration.get('group.consumer.migration.policy')).toLowerCase();
  return {
    initialRebalanceDelayMs: number('group.initial.rebalance.delay.ms'),
    minSessionTimeoutMs: number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: number('group.max.session.timeout.ms'),
    maxSize: number('group.max.size'),
    consumerMaxSize: number('group.consumer.max.size'),
    protocols: itemsOf(configuration.get('group.coordinator.rebalance.protocols')).filter(
      (protocol) => protocol === 'classic' || protocol === 'consumer',
    ),
    assignors: itemsOf(configuration.get('group.consumer.assignors')),
    migrationPolicy:
      policy === 'disabled' || policy === 'upgrade' || policy === 'downgrade' ? policy : 'bidirectional',
    regexRefreshIntervalMs: number('group.consumer.regex.refresh.interval.ms'),
    offsetMetadataMaxBytes: number('offset.metadata.max.bytes'),
    offsetsRetentionMs: number('offsets.retention.minutes') * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: number('offsets.retention.check.interval.ms'),
  };
};

const settingsOf = (overrides: DynamicConfiguration, layers: BrokerLayers): GroupSettings => {
  const number = (name: string): number => Number(groupText(name, overrides, layers));
  return {
    consumerSessionTimeoutMs: number('consumer.session.timeout.ms'),
    consumerHeartbeatIntervalMs: number('consumer.heartbeat.interval.ms'),
    consumerAssignmentIntervalMs: number('consumer.assignment.interval.ms'),
    isAssignmentIntervalSet:
      overrides.has('consumer.assignment.interval.ms') ||
      layersOf(layers).some(({ values }) => values.has('group.consumer.assignment.interval.ms')),
  };
};

/** What may be set for one group: worked out once, until a configuration changes. Most groups set nothing, and share one answer. */
export class SettingsOfGroups {
  readonly #image: () => MetadataImage;
  readonly #layers: () => BrokerLayers;
  #configs: MetadataImage['configs'] | undefined;
  #layersOfShared: BrokerLayers | undefined;
  #shared: GroupSettings | undefined;
  readonly #own = new Map<string, GroupSettings>();

  constructor(image: () => MetadataImage, layers: () => BrokerLayers) {
    this.#image = image;
    this.#layers = layers;
  }

  of(groupId: string): GroupSettings {
    const image = this.#image();
    const layers = this.#layers();
    if (this.#shared === undefined || this.#configs !== image.configs || this.#layersOfShared !== layers) {
      this.#configs = image.configs;
      this.#layersOfShared = layers;
      this.#own.clear();
      this.#shared = settingsOf(new Map(), layers);
    }
    const overrides = configOverrides(image, { type: GROUP_RESOURCE, name: groupId });
    if (overrides.size === 0) return this.#shared;
    const known = this.#own.get(groupId) ?? settingsOf(new Map(overrides.entries()), layers);
    this.#own.set(groupId, known);
    return known;
  }
}
