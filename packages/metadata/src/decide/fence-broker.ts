import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById } from '../image/lookups';
import type { BrokerImage, MetadataImage } from '../image/metadata-image';
import { currentBroker, registrationChange } from './brokers';
import type {
  BeginControlledShutdownCommand,
  FenceBrokerCommand,
  UnfenceBrokerCommand,
  UnregisterBrokerCommand,
} from './commands';
import type { Decision, DecisionContext } from './decision';
import type { Step } from './elections';
import { electionsThen } from './elections';
import { refused } from './new-partitions';

type Nothing = Readonly<Record<string, never>>;

const nothingToDo: Step = { records: [], isPartial: false };

const decided = ({ records, isPartial }: Step): Decision<Nothing> => ({
  kind: 'decided',
  records,
  response: {},
  ...(isPartial ? { again: true } : {}),
});

/** Takes a broker out of service: it leads nothing and leaves the in-sync sets that have other members. */
export const fencing = (image: MetadataImage, broker: BrokerImage): Step => {
  if (broker.fenced) return nothingToDo;
  const { brokerId } = broker;
  return electionsThen(image, { kind: 'leaving', brokerId }, [registrationChange(broker, { fenced: 1 })]);
};

/**
 * Takes a broker into service: partitions that waited for it get it as their leader. When they are too many for one
 * batch, it leads some while it is still fenced; a new controller then finds it fenced and goes on.
 */
export const unfencing = (image: MetadataImage, broker: BrokerImage): Step => {
  if (!broker.fenced) return nothingToDo;
  const { brokerId } = broker;
  return electionsThen(image, { kind: 'arriving', brokerId }, [registrationChange(broker, { fenced: -1 })]);
};

/** What a broker leads goes to others where there are any; until it is unregistered or comes back it leads nothing. */
export const shuttingDown = (image: MetadataImage, broker: BrokerImage): Step => {
  const { brokerId, inControlledShutdown } = broker;
  const conclusion = inControlledShutdown ? [] : [registrationChange(broker, { inControlledShutdown: 1 })];
  return electionsThen(image, { kind: 'leaving', brokerId }, conclusion);
};

/** The session of a broker is over. */
export const decideFenceBroker = (
  command: FenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(fencing(image, found.broker));
};

/** A broker is taken into service without a heartbeat: it and the controller are one process. */
export const decideUnfenceBroker = (
  command: UnfenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(unfencing(image, found.broker));
};

/** A broker wants to stop. */
export const decideBeginControlledShutdown = (
  command: BeginControlledShutdownCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  return decided(found.broker.inControlledShutdown ? nothingToDo : shuttingDown(image, found.broker));
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
  const { brokerId, epoch: brokerEpoch } = broker;
  return decided(
    electionsThen(image, { kind: 'leaving', brokerId }, [
      { kind: 'UnregisterBrokerRecord', value: { brokerId, brokerEpoch } },
    ]),
  );
};
