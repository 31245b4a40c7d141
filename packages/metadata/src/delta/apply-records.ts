import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { assert, assertNever } from '@kafkaesque/kernel';
import { NO_BROKER_EPOCH, brokerKey, isConfigResourceType } from '../image/lookups';
import type { BrokerImage, ControllerImage, MetadataImage } from '../image/metadata-image';
import type {
  BrokerRegistrationChangeRecord,
  MetadataRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
} from '../records';
import { ImageDraft } from './image-draft';
import type { MetadataDelta } from './metadata-delta';
import { changedPartition, partitionFromRecord } from './partition-change';

const registeredBroker = (record: RegisterBrokerRecord): BrokerImage => ({
  brokerId: record.brokerId,
  epoch: record.brokerEpoch,
  provedEpoch: NO_BROKER_EPOCH,
  incarnationId: record.incarnationId,
  endpoints: new Map(record.endPoints.map((endpoint) => [endpoint.name, endpoint])),
  features: record.features,
  rack: record.rack,
  fenced: record.fenced,
  inControlledShutdown: record.inControlledShutdown,
  directories: record.logDirs,
});

const registeredController = (record: RegisterControllerRecord): ControllerImage => ({
  controllerId: record.controllerId,
  incarnationId: record.incarnationId,
  endpoints: new Map(record.endPoints.map((endpoint) => [endpoint.name, endpoint])),
  features: record.features,
});

const knownBroker = (draft: ImageDraft, brokerId: BrokerId, epoch: BrokerEpoch): BrokerImage => {
  const broker = draft.broker(brokerKey(brokerId));
  assert(broker !== undefined, () => `broker ${brokerId} is registered`);
  assert(
    broker.epoch === epoch,
    () => `broker ${brokerId} has epoch ${broker.epoch}, the record says ${epoch}`,
  );
  return broker;
};

const changeBroker = (draft: ImageDraft, record: BrokerRegistrationChangeRecord): void => {
  const broker = knownBroker(draft, record.brokerId, record.brokerEpoch);
  draft.setBroker(brokerKey(record.brokerId), {
    ...broker,
    provedEpoch: record.fenced === -1 ? NO_BROKER_EPOCH : broker.provedEpoch,
    fenced: record.fenced === 0 ? broker.fenced : record.fenced === 1,
    inControlledShutdown: broker.inControlledShutdown || record.inControlledShutdown === 1,
    directories: record.logDirs.length === 0 ? broker.directories : record.logDirs,
  });
};

/** Carries one record over into the draft: the only way in which the cluster's facts change. */
export const replay = (draft: ImageDraft, record: MetadataRecord): void => {
  switch (record.kind) {
    case 'TopicRecord':
      draft.createTopic(record.value.topicId, record.value.name);
      return;
    case 'RemoveTopicRecord':
      draft.removeTopic(record.value.topicId);
      return;
    case 'PartitionRecord':
      draft.setPartition(record.value.topicId, partitionFromRecord(record.value));
      return;
    case 'PartitionChangeRecord': {
      const { topicId, partitionId } = record.value;
      const before = draft.partition(topicId, partitionId);
      assert(before !== undefined, () => `partition ${topicId}-${partitionId} is there to be changed`);
      draft.setPartition(topicId, changedPartition(before, record.value));
      return;
    }
    case 'ClearElrRecord':
      draft.clearEligible(record.value.topicName);
      return;
    case 'ConfigRecord': {
      const { resourceType, resourceName, name, value } = record.value;
      assert(isConfigResourceType(resourceType), () => `resource type ${resourceType} is known`);
      draft.setConfig({ type: resourceType, name: resourceName }, name, value);
      return;
    }
    case 'RegisterBrokerRecord':
      draft.setBroker(brokerKey(record.value.brokerId), registeredBroker(record.value));
      return;
    case 'RegisterControllerRecord':
      draft.setController(brokerKey(record.value.controllerId), registeredController(record.value));
      return;
    case 'ProvedEpochRecord': {
      const { brokerId, brokerEpoch, provedEpoch } = record.value;
      draft.setBroker(brokerKey(brokerId), { ...knownBroker(draft, brokerId, brokerEpoch), provedEpoch });
      return;
    }
    case 'UnregisterBrokerRecord':
      knownBroker(draft, record.value.brokerId, record.value.brokerEpoch);
      draft.setBroker(brokerKey(record.value.brokerId), undefined);
      return;
    case 'BrokerRegistrationChangeRecord':
      changeBroker(draft, record.value);
      return;
    case 'FeatureLevelRecord':
      draft.setFeature(record.value.name, record.value.featureLevel);
      return;
    case 'ProducerIdsRecord':
      draft.setNextProducerId(record.value.nextProducerId);
      return;
    case 'NoOpRecord':
      return;
    case 'StateHashRecord':
      draft.checkStateHash(record.value.stateHash);
      return;
    default:
      assertNever(record);
  }
};

/**
 * Carries over one record of a snapshot, which says what there is, and of what there is no more only that it was removed by
 * a committed record.
 */
export const replaySnapshotRecord = (draft: ImageDraft, record: MetadataRecord): void => {
  if (record.kind === 'RemoveTopicRecord') draft.rememberRemoved(record.value.topicId);
  else replay(draft, record);
};

/** The image after a batch, and what the batch changed. `image` stays as it was. */
export const applyRecords = (
  image: MetadataImage,
  records: readonly MetadataRecord[],
  position: { readonly offset: number; readonly epoch: number },
): MetadataDelta => {
  assert(position.offset > image.offset, () => `batch ${position.offset} comes after ${image.offset}`);
  const draft = new ImageDraft(image);
  for (const record of records) replay(draft, record);
  return draft.finish(position.offset, position.epoch);
};
