import type { MetadataImage } from '@kafkaesque/metadata';
import { configOverrides, registeredBrokers } from '@kafkaesque/metadata';
import type {
  BrokerConfiguration,
  BrokerLayers,
  DynamicConfiguration,
  TopicConfiguration,
} from '../configuration';
import { topicConfiguration } from '../configuration';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../handlers/resource-types';
import { isInternalTopic } from './topic-names';

/** The configuration in force, worked out from the file and the metadata, and kept until either changes. */
export class DynamicConfigurations {
  readonly #configuration: BrokerConfiguration;
  readonly #nodeId: string;
  #image: Pick<MetadataImage, 'configs' | 'brokers'> | undefined;
  #layers: BrokerLayers | undefined;
  readonly #topics = new Map<string, TopicConfiguration>();

  constructor(configuration: BrokerConfiguration) {
    this.#configuration = configuration;
    this.#nodeId = String(configuration.nodeId);
  }

  /** What lies below a topic's own overrides. */
  layers(image: MetadataImage): BrokerLayers {
    const { configs, brokers } = image;
    if (this.#layers === undefined || this.#image?.configs !== configs || this.#image.brokers !== brokers) {
      this.#image = { configs, brokers };
      this.#topics.clear();
      this.#layers = {
        configuration: this.#configuration,
        dynamicBroker: overridesOf(image, BROKER_RESOURCE, this.#nodeId),
        dynamicDefault: overridesOf(image, BROKER_RESOURCE, ''),
        brokerCount: registeredBrokers(image).length,
      };
    }
    return this.#layers;
  }

  topic(name: string, image: MetadataImage): TopicConfiguration {
    const layers = this.layers(image);
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const overrides = overridesOf(image, TOPIC_RESOURCE, name);
    const configured = topicConfiguration(overrides, layers);
    // What the cluster keeps for itself is always flushed before it is acknowledged.
    const made: TopicConfiguration = isInternalTopic(name)
      ? { ...configured, flushPolicy: 'ack' }
      : configured;
    this.#topics.set(name, made);
    return made;
  }
}

const overridesOf = (image: MetadataImage, type: 2 | 4, name: string): DynamicConfiguration =>
  new Map(configOverrides(image, { type, name }).entries());
