export { createCluster } from './cluster';
export type { Cluster, ClusterOptions, NodeDifference, ReportedFault } from './cluster';
export type { ClusterNode } from './cluster-node';
export type { ClusterShape, NodePlan, NodeRole, Properties } from './cluster-plan';
export type { WaitOptions } from './waiting';
export { acknowledgementGaps, checkHistory, openHistory, summaryOf } from './history';
export type {
  AcknowledgementGap,
  Anomaly,
  AnomalyClass,
  Call,
  EventType,
  HistoryCheckOptions,
  HistoryEvent,
  HistoryRecorder,
  HistoryReport,
  PolledRecord,
  RecordAction,
} from './history';
