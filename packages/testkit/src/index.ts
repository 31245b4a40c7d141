export { createCluster } from './cluster';
export type { Cluster, ClusterOptions, ReportedFault } from './cluster';
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
