import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { Peers } from '../cluster/cluster-view';
import type { DraftFor } from '../wire/wire';
import type { ClusterDescription } from './admin';

/** Fenced brokers can be asked for from this version on (KIP-1073). */
const FIRST_VERSION_WITH_FENCED = 2;

/** Controllers can be asked for from this version on (KIP-919). */
const FIRST_VERSION_WITH_CONTROLLERS = 1;
/** Kafka's numbers of what the nodes of an answer are. */
const endpointTypes: Readonly<Record<Peers, number>> = { brokers: 1, controllers: 2 };

/** How to ask a broker for its cluster, or a controller for the quorum, and the version that it takes. */
export const describingCluster = (
  peers: Peers,
  includeFencedBrokers: boolean,
): { readonly draft: DraftFor<'DescribeCluster'>; readonly minVersion: number } => ({
  draft: (version) => ({
    includeClusterAuthorizedOperations: false,
    ...(version >= FIRST_VERSION_WITH_CONTROLLERS ? { endpointType: endpointTypes[peers] } : {}),
    ...(version >= FIRST_VERSION_WITH_FENCED ? { includeFencedBrokers } : {}),
  }),
  minVersion: includeFencedBrokers
    ? FIRST_VERSION_WITH_FENCED
    : peers === 'controllers'
      ? FIRST_VERSION_WITH_CONTROLLERS
      : 0,
});

/** What a broker said of its cluster. Fails with its error. */
export const clusterOf = (answer: ResponseOf<'DescribeCluster'>): ClusterDescription => {
  const { errorCode, errorMessage, clusterId, controllerId, brokers } = answer;
  if (errorCode !== 0) throw brokerError(errorCode, errorMessage);
  const nodes = brokers.map(({ brokerId: id, host, port, rack, isFenced: fenced }) => ({
    id,
    host,
    port,
    rack,
    fenced,
  }));
  return { clusterId, controllerId, nodes };
};
