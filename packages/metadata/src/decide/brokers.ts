import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById } from '../image/lookups';
import type { BrokerImage, MetadataImage } from '../image/metadata-image';
import type { BrokerRegistrationChangeRecord, MetadataRecord } from '../records';
import type { CommandError } from './commands';
import { refused } from './new-partitions';

/** The broker, if this is its present incarnation. */
export const currentBroker = (
  image: MetadataImage,
  brokerId: BrokerId,
  brokerEpoch: BrokerEpoch,
):
  | { readonly kind: 'current'; readonly broker: BrokerImage }
  | ({ readonly kind: 'refused' } & CommandError) => {
  const broker = brokerById(image, brokerId);
  if (broker === undefined)
    return refused(ErrorCode.STALE_BROKER_EPOCH, `No broker registration found for broker id ${brokerId}`);
  if (broker.epoch !== brokerEpoch)
    return refused(
      ErrorCode.STALE_BROKER_EPOCH,
      `Expected broker epoch ${broker.epoch}, but got broker epoch ${brokerEpoch}`,
    );
  return { kind: 'current', broker };
};

/** A change of a broker's registration; the fields to name are given. */
export const registrationChange = (
  broker: BrokerImage,
  change: Partial<BrokerRegistrationChangeRecord>,
): MetadataRecord => ({
  kind: 'BrokerRegistrationChangeRecord',
  value: {
    brokerId: broker.brokerId,
    brokerEpoch: broker.epoch,
    fenced: 0,
    inControlledShutdown: 0,
    logDirs: [],
    cordonedLogDirs: null,
    ...change,
  },
});
