export { openLogger } from './log';
export type { LogDestination, LogLevel, LoggerOptions, NamedLogger } from './log';
export { levelOfLog4j, openLoggers, ROOT_LOGGER, setLevelsFromEnvironment } from './loggers';
export type { Loggers } from './loggers';
export { MetricsRegistry } from './metrics';
export type { MetricDescription, MetricsRegistryOptions, MetricType } from './metrics';
export { openHealth } from './health';
export type { HealthOptions, HealthServer } from './health';
export { watchEventLoop } from './event-loop';
