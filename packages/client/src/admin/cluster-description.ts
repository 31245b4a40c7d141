import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterDescription } from './admin';

/** Fenced brokers can be asked for from this version on (KIP-1073). */
const FIRST_VERSION_WITH_FENCED = 2;

/** How to ask a broker for its cluster, and the version that it takes. */
export const describingCluster = (
  includeFencedBrokers: boolean,
): { readonly draft: RequestDraftOf<'DescribeCluster'>; readonly minVersion: number } => ({
  draft: { includeClusterAuthorizedOperations: false, includeFencedBrokers },
  minVersion: includeFencedBrokers ? FIRST_VERSION_WITH_FENCED : 0,
});

/** What a broker said of its cluster. Fails with its error. */
export const clusterOf = (answer: ResponseOf<'DescribeCluster'>): ClusterDescription => {
  const { errorCode, errorMessage, clusterId, controllerId, brokers } = answer;
  if (errorCode !== 0) throw brokerError(errorCode, errorMessage);
  const nodes = brokers.map(({ brokerId: id, host, port, rack, isFenced: fenced }) => ({
    ...{ id, host, port, rack },
    fenced,
  }));
  return { clusterId, controllerId, nodes };
};
