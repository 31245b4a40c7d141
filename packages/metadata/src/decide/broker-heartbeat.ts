import { ErrorCode } from '@kafkaesque/protocol';
import { applyRecords } from '../delta/apply-records';
import { brokerById, heldReplicas } from '../image/lookups';
import type { BrokerImage } from '../image/metadata-image';
import { currentBroker } from './brokers';
import type { BrokerHeartbeatAnswer, BrokerHeartbeatCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import type { Step } from './elections';
import { fencing, shuttingDown, unfencing } from './fence-broker';
import { refused } from './new-partitions';
import { losingDirectories } from './offline-directories';

/** Kafka's states of a broker; the last is an answer more than a state: it is fenced, and may go. */
type BrokerState = 'fenced' | 'unfenced' | 'controlled-shutdown' | 'shutdown-now';

const stateOf = (broker: BrokerImage): BrokerState => {
  if (broker.fenced) return 'fenced';
  return broker.inControlledShutdown ? 'controlled-shutdown' : 'unfenced';
};

/**
 * A controlled shutdown ends when the broker leads nothing and every broker in service has seen who leads in its place,
 * so that no client is sent to it any more. A controller that has not noted the offset yet cannot tell.
 */
const mayGo = ({ standing }: BrokerHeartbeatCommand): boolean =>
  standing.controlledShutdownOffset !== undefined &&
  standing.controlledShutdownOffset <= standing.lowestActiveOffset;

const nextState = (
  current: BrokerState,
  command: BrokerHeartbeatCommand,
  { isCaughtUp, leadsSomething }: { readonly isCaughtUp: boolean; readonly leadsSomething: boolean },
): BrokerState => {
  const { wantFence, wantShutDown } = command;
  switch (current) {
    case 'fenced':
      if (wantShutDown) return 'shutdown-now';
      return !wantFence && isCaughtUp ? 'unfenced' : 'fenced';
    case 'unfenced':
      if (wantFence) return wantShutDown ? 'shutdown-now' : 'fenced';
      if (!wantShutDown) return 'unfenced';
      return leadsSomething ? 'controlled-shutdown' : 'shutdown-now';
    case 'controlled-shutdown':
      return !leadsSomething && mayGo(command) ? 'shutdown-now' : 'controlled-shutdown';
    case 'shutdown-now':
      return 'shutdown-now';
  }
};

const stepInto = (next: BrokerState, context: DecisionContext, broker: BrokerImage): Step => {
  switch (next) {
    case 'fenced':
    case 'shutdown-now':
      return fencing(context, broker);
    case 'unfenced':
      return unfencing(context, broker);
    case 'controlled-shutdown':
      return shuttingDown(context, broker);
  }
};

/**
 * BrokerHeartbeat: a fenced broker that has applied its own registration comes into service; one that wants to stop
 * hands over what it leads first (KIP-631). Directories that failed take the replicas in them out of service (KIP-858).
 */
export const decideBrokerHeartbeat = (
  command: BrokerHeartbeatCommand,
  context: DecisionContext,
): Decision<BrokerHeartbeatAnswer> => {
  const { image, nextOffset } = context;
  const { brokerId, brokerEpoch, currentMetadataOffset } = command;
  if (brokerById(image, brokerId) === undefined)
    return refused(
      ErrorCode.STALE_BROKER_EPOCH,
      `Receive a heartbeat from broker ${brokerId} before registration`,
    );
  const found = currentBroker(image, brokerId, brokerEpoch);
  if (found.kind === 'refused') return found;
  // The epoch is the offset of the registration.
  const isCaughtUp = currentMetadataOffset >= brokerEpoch;
  const current = stateOf(found.broker);
  const leadsSomething = heldReplicas(image, brokerId).leaderships > 0;
  const next = nextState(current, command, { isCaughtUp, leadsSomething });
  const step = next === current ? { records: [], isPartial: false } : stepInto(next, context, found.broker);
  const after =
    step.records.length === 0
      ? image
      : applyRecords(image, step.records, { offset: nextOffset, epoch: image.epoch }).after;
  const offline = step.isPartial
    ? { records: [], isPartial: true }
    : losingDirectories({ ...context, image: after }, brokerId, command.offlineLogDirs);
  return {
    kind: 'decided',
    records: [...step.records, ...offline.records],
    ...(offline.isPartial ? { again: true } : {}),
    response: {
      isCaughtUp,
      isFenced: next === 'fenced' || next === 'shutdown-now',
      inControlledShutdown: next === 'controlled-shutdown',
      shouldShutDown: next === 'shutdown-now',
    },
  };
};
