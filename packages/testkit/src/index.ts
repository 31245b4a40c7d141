export { createCluster } from './cluster';
export type { Cluster, ClusterOptions, ReportedFault } from './cluster';
