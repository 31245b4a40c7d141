import { NO_BROKER } from '@kafkaesque/kernel';
import type { MetadataRecord } from '../records';
import { NO_BROKER_EPOCH, registeredBrokers, registeredControllers } from './lookups';
import type { BrokerImage, ControllerImage, MetadataImage, TopicImage } from './metadata-image';
import { removedTopicIds } from './removed-topics';

/** Records in one chunk of a snapshot: small enough that writing or applying one never holds up a node. */
const CHUNK_RECORDS = 1000;

const brokerRecord = (broker: BrokerImage): MetadataRecord => ({
  kind: 'RegisterBrokerRecord',
  value: {
    brokerId: broker.brokerId,
    isMigratingZkBroker: false,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.epoch,
    endPoints: [...broker.endpoints.values()],
    features: broker.features,
    rack: broker.rack,
    fenced: broker.fenced,
    inControlledShutdown: broker.inControlledShutdown,
    logDirs: broker.directories,
    cordonedLogDirs: null,
  },
});

const controllerRecord = (controller: ControllerImage): MetadataRecord => ({
  kind: 'RegisterControllerRecord',
  value: {
    controllerId: controller.controllerId,
    incarnationId: controller.incarnationId,
    zkMigrationReady: false,
    endPoints: [...controller.endpoints.values()],
    features: controller.features,
  },
});

function* topicRecords(topic: TopicImage): IterableIterator<MetadataRecord> {
  const { topicId, name } = topic;
  yield { kind: 'TopicRecord', value: { name, topicId } };
  for (const partition of topic.partitions) {
    yield {
      kind: 'PartitionRecord',
      value: {
        partitionId: partition.partition,
        topicId,
        replicas: partition.replicas,
        isr: partition.isr,
        removingReplicas: partition.removingReplicas,
        addingReplicas: partition.addingReplicas,
        leader: partition.leader,
        leaderRecoveryState: partition.leaderRecoveryState,
        leaderEpoch: partition.leaderEpoch,
        partitionEpoch: partition.partitionEpoch,
        directories: partition.directories,
        eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
        lastKnownElr: partition.lastKnownElr,
      },
    };
  }
}

/** The whole image as records that make it again from nothing; the same image gives the same records. */
export function* recordsOfImage(image: MetadataImage): IterableIterator<MetadataRecord> {
  for (const [name, featureLevel] of image.features.entries())
    yield { kind: 'FeatureLevelRecord', value: { name, featureLevel } };
  for (const controller of registeredControllers(image)) yield controllerRecord(controller);
  for (const broker of registeredBrokers(image)) {
    yield brokerRecord(broker);
    const { brokerId, epoch: brokerEpoch, provedEpoch } = broker;
    if (provedEpoch !== NO_BROKER_EPOCH)
      yield { kind: 'ProvedEpochRecord', value: { brokerId, brokerEpoch, provedEpoch } };
  }
  for (const topic of image.topicsById.values()) yield* topicRecords(topic);
  for (const { resource, values } of image.configs.values()) {
    for (const [name, value] of values.entries())
      yield {
        kind: 'ConfigRecord',
        value: { resourceType: resource.type, resourceName: resource.name, name, value },
      };
  }
  if (image.nextProducerId > 0) {
    yield {
      kind: 'ProducerIdsRecord',
      value: { brokerId: NO_BROKER, brokerEpoch: NO_BROKER_EPOCH, nextProducerId: image.nextProducerId },
    };
  }
}

/** The facts, and the topics that are remembered to have been removed. */
function* recordsOfSnapshot(image: MetadataImage): IterableIterator<MetadataRecord> {
  yield* recordsOfImage(image);
  for (const topicId of removedTopicIds(image.removedTopics))
    yield { kind: 'RemoveTopicRecord', value: { topicId } };
}

/** A snapshot in chunks, made as they are asked for; `replaySnapshotRecord` takes its records. */
export function* snapshotChunks(image: MetadataImage): IterableIterator<readonly MetadataRecord[]> {
  let chunk: MetadataRecord[] = [];
  for (const record of recordsOfSnapshot(image)) {
    chunk.push(record);
    if (chunk.length < CHUNK_RECORDS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
