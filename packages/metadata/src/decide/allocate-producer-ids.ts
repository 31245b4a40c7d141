import { ProducerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { currentBroker } from './brokers';
import type { AllocateProducerIdsCommand, CommandResponses } from './commands';
import type { Decision, DecisionContext } from './decision';
import { refused } from './new-partitions';

/** Producer ids handed to a broker at once (KIP-730). */
export const PRODUCER_ID_BLOCK_SIZE = 1000;

/** Gives a block of producer ids to a broker's present incarnation; no id is ever given twice. */
export const decideAllocateProducerIds = (
  command: AllocateProducerIdsCommand,
  { image }: DecisionContext,
): Decision<CommandResponses['allocate-producer-ids']> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  const producerIdStart = image.nextProducerId;
  const nextProducerId = ProducerId(producerIdStart + PRODUCER_ID_BLOCK_SIZE);
  if (!Number.isSafeInteger(nextProducerId))
    return refused(ErrorCode.UNKNOWN_SERVER_ERROR, 'Exhausted all producer ids.');
  return {
    kind: 'decided',
    records: [
      {
        kind: 'ProducerIdsRecord',
        value: { brokerId: command.brokerId, brokerEpoch: command.brokerEpoch, nextProducerId },
      },
    ],
    response: { producerIdStart, producerIdLen: PRODUCER_ID_BLOCK_SIZE },
  };
};
