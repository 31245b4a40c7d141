import type { Logger } from '@kafkaesque/kernel';
import type { NamedLogger } from '@kafkaesque/telemetry';
import { REQUEST_LOGGER, withoutDebug } from '../metrics/request-log';
import type { World } from './world';

/** The loggers of a node's parts. */
export interface NodeLoggers {
  /** Connections: those that were rejected, and why others were closed. */
  readonly network: Logger;
  /** Requests that failed or could not be understood. */
  readonly apis: Logger;
  readonly replicas: Logger;
  /** Log directories: recovery, checkpoints, full disks. */
  readonly logs: Logger;
  readonly controller: Logger;
  readonly quorum: Logger;
  readonly groups: Logger;
  /** A line a request at debug, slow ones at info. */
  readonly requests: NamedLogger;
}

/** Those that others follow, as in the log4j2.yaml that Kafka comes with. */
const ABOVE = ['kafka', 'org.apache.kafka'];

/** The loggers of a node under the names of Kafka's classes; everything goes to one where there are no names. */
export const nodeLoggers = ({ logger, loggers }: Pick<World, 'logger' | 'loggers'>): NodeLoggers => {
  for (const name of ABOVE) loggers?.named(name);
  const named = (name: string): Logger => loggers?.named(name) ?? logger;
  return {
    network: named('kafka.network.SocketServer'),
    apis: named('kafka.server.KafkaApis'),
    replicas: named('kafka.server.ReplicaManager'),
    logs: named('kafka.log.LogManager'),
    controller: named('org.apache.kafka.controller.QuorumController'),
    quorum: named('org.apache.kafka.raft.KafkaRaftClient'),
    groups: named('org.apache.kafka.coordinator.group.GroupCoordinatorService'),
    // Without levels that can be changed nobody has asked for a line a request.
    requests: loggers?.named(REQUEST_LOGGER) ?? withoutDebug(logger),
  };
};
