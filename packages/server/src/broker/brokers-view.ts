import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import type { MetadataImage } from '@kafkaesque/metadata';
import { brokerById } from '@kafkaesque/metadata';

/** The epoch of a broker that may be in sync, as the newest metadata have it (KIP-903); undefined: it may not. */
export const eligibleEpoch = (image: MetadataImage, brokerId: BrokerId): BrokerEpoch | undefined => {
  const broker = brokerById(image, brokerId);
  return broker === undefined || broker.fenced || broker.inControlledShutdown ? undefined : broker.epoch;
};
