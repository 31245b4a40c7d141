import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById } from '../image/lookups';
import type { BrokerImage, MetadataImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import { currentBroker, registrationChange } from './brokers';
import type {
  BeginControlledShutdownCommand,
  FenceBrokerCommand,
  UnfenceBrokerCommand,
  UnregisterBrokerCommand,
} from './commands';
import type { Decision, DecisionContext } from './decision';
import { electionRecords } from './elections';
import { refused } from './new-partitions';

type Nothing = Readonly<Record<string, never>>;

const decided = (records: readonly MetadataRecord[]): Decision<Nothing> => ({
  kind: 'decided',
  records,
  response: {},
});

/** Takes a broker out of service: it leads nothing and leaves the in-sync sets that have other members. */
export const fencingRecords = (image: MetadataImage, broker: BrokerImage): readonly MetadataRecord[] =>
  broker.fenced
    ? []
    : [
        ...electionRecords(image, { kind: 'leaving', brokerId: broker.brokerId }),
        registrationChange(broker, { fenced: 1 }),
      ];

/** Takes a broker into service: partitions that waited for it get it as their leader. */
export const unfencingRecords = (image: MetadataImage, broker: BrokerImage): readonly MetadataRecord[] =>
  broker.fenced
    ? [
        registrationChange(broker, { fenced: -1 }),
        ...electionRecords(image, { kind: 'arriving', brokerId: broker.brokerId }),
      ]
    : [];

/** What a broker leads goes to others where there are any; until it is unregistered or comes back it leads nothing. */
export const shutdownRecords = (image: MetadataImage, broker: BrokerImage): readonly MetadataRecord[] => [
  ...(broker.inControlledShutdown ? [] : [registrationChange(broker, { inControlledShutdown: 1 })]),
  ...electionRecords(image, { kind: 'leaving', brokerId: broker.brokerId }),
];

/** The session of a broker is over. */
export const decideFenceBroker = (
  command: FenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(fencingRecords(image, found.broker));
};

/** A broker is taken into service without a heartbeat: it and the controller are one process. */
export const decideUnfenceBroker = (
  command: UnfenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(unfencingRecords(image, found.broker));
};

/** A broker wants to stop. */
export const decideBeginControlledShutdown = (
  command: BeginControlledShutdownCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  return decided(found.broker.inControlledShutdown ? [] : shutdownRecords(image, found.broker));
};

/** Forgets a broker that will not come back. */
export const decideUnregisterBroker = (
  command: UnregisterBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const broker = brokerById(image, command.brokerId);
  if (broker === undefined)
    return refused(
      ErrorCode.BROKER_ID_NOT_REGISTERED,
      `Broker ID ${command.brokerId} is not currently registered`,
    );
  return decided([
    ...electionRecords(image, { kind: 'leaving', brokerId: command.brokerId }),
    { kind: 'UnregisterBrokerRecord', value: { brokerId: broker.brokerId, brokerEpoch: broker.epoch } },
  ]);
};
