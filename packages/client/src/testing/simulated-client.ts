import { SeededRandom } from '@kafkaesque/kernel';
import { openClient } from '../client';
import type { Client } from '../client';
import { SimulatedCluster } from './simulated-cluster';
import type { SimulatedClusterOptions } from './simulated-cluster';

/** A client and its cluster, in the virtual time of the test's clock. */
export const openSimulatedClient = (
  options: Omit<SimulatedClusterOptions, 'random'> & { readonly seed?: number },
): { readonly cluster: SimulatedCluster; readonly client: Client } => {
  const { clock, seed = 1 } = options;
  const cluster = new SimulatedCluster({ ...options, random: new SeededRandom(seed, 'cluster') });
  const client = openClient({ wire: cluster, clock, random: new SeededRandom(seed, 'client') });
  return { cluster, client };
};
