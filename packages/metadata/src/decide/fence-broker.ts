import type {
  BeginControlledShutdownCommand,
  FenceBrokerCommand,
  UnfenceBrokerCommand,
  UnregisterBrokerCommand,
} from './commands';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById } from '../image/lookups';
import { currentBroker, registrationChange } from './brokers';
import type { Decision, DecisionContext } from './decision';
import { electionRecords } from './elections';
import { refused } from './new-partitions';

type Nothing = Readonly<Record<string, never>>;

/** Takes a broker out of service: it leads nothing and leaves the in-sync sets that have other members. */
export const decideFenceBroker = (
  command: FenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  if (found.broker.fenced) return { kind: 'decided', records: [], response: {} };
  const elections = electionRecords(image, { kind: 'leaving', brokerId: command.brokerId });
  return {
    kind: 'decided',
    records: [...elections, registrationChange(found.broker, { fenced: 1 })],
    response: {},
  };
};

/** Takes a broker into service: partitions that waited for it get it as their leader. */
export const decideUnfenceBroker = (
  command: UnfenceBrokerCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  if (!found.broker.fenced) return { kind: 'decided', records: [], response: {} };
  const elections = electionRecords(image, { kind: 'arriving', brokerId: command.brokerId });
  return {
    kind: 'decided',
    records: [registrationChange(found.broker, { fenced: -1 }), ...elections],
    response: {},
  };
};

/** A broker wants to stop: what it leads goes to others where there are any. */
export const decideBeginControlledShutdown = (
  command: BeginControlledShutdownCommand,
  { image }: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  if (found.broker.inControlledShutdown) return { kind: 'decided', records: [], response: {} };
  const elections = electionRecords(image, { kind: 'leaving', brokerId: command.brokerId });
  return {
    kind: 'decided',
    records: [registrationChange(found.broker, { inControlledShutdown: 1 }), ...elections],
    response: {},
  };
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
  const elections = electionRecords(image, { kind: 'leaving', brokerId: command.brokerId });
  return {
    kind: 'decided',
    records: [
      ...elections,
      { kind: 'UnregisterBrokerRecord', value: { brokerId: broker.brokerId, brokerEpoch: broker.epoch } },
    ],
    response: {},
  };
};
