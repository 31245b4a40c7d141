import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById } from '../image/lookups';
import type { BrokerImage } from '../image/metadata-image';
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
import type { ElectionContext } from './replication-rules';

type Nothing = Readonly<Record<string, never>>;

const nothingToDo: Step = { records: [], isPartial: false };

const decided = ({ records, isPartial }: Step): Decision<Nothing> => ({
  kind: 'decided',
  records,
  response: {},
  ...(isPartial ? { again: true } : {}),
});

/** Takes a broker out of service: it leads nothing and leaves the in-sync sets that have other members. */
export const fencing = (context: ElectionContext, broker: BrokerImage): Step => {
  if (broker.fenced) return nothingToDo;
  const { brokerId } = broker;
  return electionsThen(context, brokerId, () => ({ kind: 'leaving', brokerId }), [
    registrationChange(broker, { fenced: 1 }),
  ]);
};

/**
 * Takes a broker into service: partitions that waited for it get it as their leader. When they are too many for one
 * batch, it leads some while it is still fenced; a new controller then finds it fenced and goes on.
 */
export const unfencing = (context: ElectionContext, broker: BrokerImage): Step => {
  if (!broker.fenced) return nothingToDo;
  const { brokerId } = broker;
  return electionsThen(context, brokerId, () => ({ kind: 'arriving', brokerId }), [
    registrationChange(broker, { fenced: -1 }),
  ]);
};

/** What a broker leads goes to others where there are any; until it is unregistered or comes back it leads nothing. */
export const shuttingDown = (context: ElectionContext, broker: BrokerImage): Step => {
  const { brokerId, inControlledShutdown } = broker;
  const conclusion = inControlledShutdown ? [] : [registrationChange(broker, { inControlledShutdown: 1 })];
  return electionsThen(context, brokerId, () => ({ kind: 'leaving', brokerId }), conclusion);
};

/** The session of a broker is over. */
export const decideFenceBroker = (
  command: FenceBrokerCommand,
  context: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(context.image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(fencing(context, found.broker));
};

/** A broker is taken into service without a heartbeat: it and the controller are one process. */
export const decideUnfenceBroker = (
  command: UnfenceBrokerCommand,
  context: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(context.image, command.brokerId, command.brokerEpoch);
  return found.kind === 'refused' ? found : decided(unfencing(context, found.broker));
};

/** A broker wants to stop. */
export const decideBeginControlledShutdown = (
  command: BeginControlledShutdownCommand,
  context: DecisionContext,
): Decision<Nothing> => {
  const found = currentBroker(context.image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  return decided(found.broker.inControlledShutdown ? nothingToDo : shuttingDown(context, found.broker));
};

/** Forgets a broker that will not come back. */
export const decideUnregisterBroker = (
  command: UnregisterBrokerCommand,
  context: DecisionContext,
): Decision<Nothing> => {
  const broker = brokerById(context.image, command.brokerId);
  if (broker === undefined)
    return refused(
      ErrorCode.BROKER_ID_NOT_REGISTERED,
      `Broker ID ${command.brokerId} is not currently registered`,
    );
  const { brokerId, epoch: brokerEpoch } = broker;
  return decided(
    electionsThen(context, brokerId, () => ({ kind: 'leaving', brokerId }), [
      { kind: 'UnregisterBrokerRecord', value: { brokerId, brokerEpoch } },
    ]),
  );
};
