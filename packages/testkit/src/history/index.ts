export { acknowledgementGaps } from './acknowledgement-gaps';
export type { AcknowledgementGap } from './acknowledgement-gaps';
export type { Anomaly, AnomalyClass } from './anomaly';
export { checkHistory, summaryOf } from './check-history';
export type { HistoryCheckOptions, HistoryReport } from './check-history';
export type { Call, EventType, HistoryEvent, PolledRecord, RecordAction } from './history';
export { openHistory } from './history-recorder';
export type { HistoryRecorder } from './history-recorder';
