import type { GroupWorld, TopicView } from '@kafkaesque/coordinator';
import type { Logger, Random } from '@kafkaesque/kernel';
import { PartitionIndex } from '@kafkaesque/kernel';
import type { MetadataImage, TopicImage } from '@kafkaesque/metadata';
import { topicById, topicByName } from '@kafkaesque/metadata';
import { randomUuid } from '@kafkaesque/storage';
import type { BrokerConfiguration, BrokerLayers } from '../configuration';
import type { Authorizer, RequestContext } from '../handlers/handler';
import { SettingsOfGroups, coordinatorSettings } from './group-settings';

export interface GroupWorldParts {
  readonly image: () => MetadataImage;
  readonly layers: () => BrokerLayers;
  readonly configuration: BrokerConfiguration;
  readonly authorizer: Authorizer;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the rules of groups see of this broker. */
export const groupWorld = (parts: GroupWorldParts): GroupWorld => {
  const { image, authorizer, random, logger } = parts;
  const settingsOfGroups = new SettingsOfGroups(image, parts.layers);
  const view = (topic: TopicImage | undefined): TopicView | undefined =>
    topic === undefined ? undefined : topicView(topic, image());
  return {
    topicByName: (name) => view(topicByName(image(), name)),
    topicById: (topicId) => view(topicById(image(), topicId)),
    topicNames: () => image().topicIdsByName.keys(),
    get metadataOffset() {
      return image().offset;
    },
    settings: coordinatorSettings(parts.configuration),
    settingsOf: (groupId) => settingsOfGroups.of(groupId),
    uuid: () => randomUuid(random),
    javaUuid: () => inJavaSpelling(randomUuid(random)),
    mayDescribeTopic: ({ principal }, topic) =>
      authorizer.isAllowed(principal as RequestContext, 'DESCRIBE', 'TOPIC', topic),
    log: (level, message, fields) => logger[level](message, fields),
  };
};

const inJavaSpelling = (uuid: string): string =>
  Buffer.from(uuid, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

const topicView = (topic: TopicImage, image: MetadataImage): TopicView => ({
  topicId: topic.topicId,
  name: topic.name,
  partitionCount: topic.partitions.size,
  racksOf(partition) {
    const racks = new Set<string>();
    for (const brokerId of topic.partitions.get(PartitionIndex(partition))?.replicas ?? []) {
      const rack = image.brokers.get(String(brokerId))?.rack;
      if (rack !== undefined && rack !== null) racks.add(rack);
    }
    return [...racks];
  },
});
