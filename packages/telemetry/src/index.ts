export { openLogger } from './log';
export type { LogDestination, LogLevel, LoggerOptions } from './log';
export { MetricsRegistry } from './metrics';
export type { MetricDescription, MetricsRegistryOptions, MetricType } from './metrics';
export { openHealth } from './health';
export type { HealthOptions, HealthServer } from './health';
export { watchEventLoop } from './event-loop';
