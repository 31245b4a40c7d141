import { assertNever } from '@kafkaesque/kernel';
import { stateHash } from '../image/lookups';
import { decideAllocateProducerIds } from './allocate-producer-ids';
import { decideAlterConfigs } from './alter-configs';
import { decideAlterPartition } from './alter-partition';
import { decideAlterPartitionReassignments } from './alter-partition-reassignments';
import { decideAssignReplicasToDirs } from './assign-replicas-to-dirs';
import { decideBalanceLeaders } from './balance-leaders';
import { decideBrokerHeartbeat } from './broker-heartbeat';
import type { Command, CommandResponses } from './commands';
import { decideCreatePartitions } from './create-partitions';
import { decideCreateTopics } from './create-topics';
import type { Decision, DecisionContext } from './decision';
import { decideDeleteTopics } from './delete-topics';
import { decideElectLeaders } from './elect-leaders';
import { decideElectUncleanLeaders } from './elect-unclean-leaders';
import {
  decideBeginControlledShutdown,
  decideFenceBroker,
  decideUnfenceBroker,
  decideUnregisterBroker,
} from './fence-broker';
import { decideIncrementalAlterConfigs } from './incremental-alter-configs';
import { decideRegisterBroker } from './register-broker';
import { decideRegisterController } from './register-controller';
import { decideRenewLeadership } from './renew-leadership';
import { decideBootstrap, decideUpdateFeatures } from './update-features';

/** Works out what any command means for an image. Changes nothing. */
export const decide = (
  command: Command,
  context: DecisionContext,
): Decision<CommandResponses[keyof CommandResponses]> => {
  switch (command.kind) {
    case 'create-topics':
      return decideCreateTopics(command, context);
    case 'delete-topics':
      return decideDeleteTopics(command, context);
    case 'create-partitions':
      return decideCreatePartitions(command, context);
    case 'incremental-alter-configs':
      return decideIncrementalAlterConfigs(command, context);
    case 'alter-configs':
      return decideAlterConfigs(command, context);
    case 'register-broker':
      return decideRegisterBroker(command, context);
    case 'register-controller':
      return decideRegisterController(command);
    case 'broker-heartbeat':
      return decideBrokerHeartbeat(command, context);
    case 'assign-replicas-to-dirs':
      return decideAssignReplicasToDirs(command, context);
    case 'fence-broker':
      return decideFenceBroker(command, context);
    case 'unfence-broker':
      return decideUnfenceBroker(command, context);
    case 'begin-controlled-shutdown':
      return decideBeginControlledShutdown(command, context);
    case 'renew-leadership':
      return decideRenewLeadership(command, context);
    case 'alter-partition':
      return decideAlterPartition(command, context);
    case 'elect-leaders':
      return decideElectLeaders(command, context);
    case 'alter-partition-reassignments':
      return decideAlterPartitionReassignments(command, context);
    case 'balance-leaders':
      return decideBalanceLeaders(command, context);
    case 'elect-unclean-leaders':
      return decideElectUncleanLeaders(command, context);
    case 'unregister-broker':
      return decideUnregisterBroker(command, context);
    case 'allocate-producer-ids':
      return decideAllocateProducerIds(command, context);
    case 'update-features':
      return decideUpdateFeatures(command, context);
    case 'check-state': {
      const value = { stateHash: stateHash(context.image) };
      return { kind: 'decided', records: [{ kind: 'StateHashRecord', value }], response: {} };
    }
    case 'bootstrap':
      return decideBootstrap(command, context);
    default:
      return assertNever(command);
  }
};
