import type { ConfigurationKey } from '../key';
import { className, int, list, long, string } from '../key-draft';

/** Metrics, health and quotas. */
export const operationKeys = {
  'metric.reporters': list(
    'org.apache.kafka.common.metrics.JmxReporter',
    'Classes that report metrics; here Prometheus reads them over HTTP.',
  )
    .items()
    .low()
    .clusterWide()
    .noEffect(),
  'metrics.num.samples': int(2, 'Samples that a metric is computed from.').atLeast(1).low().noEffect(),
  'metrics.recording.level': string('INFO', 'How much is measured: INFO, DEBUG or TRACE.').low().noEffect(),
  'metrics.sample.window.ms': long(30_000, 'Length of a sample that a metric is computed from.')
    .atLeast(1)
    .low()
    .noEffect(),
  'kafka.metrics.polling.interval.secs': int(10, "How often Kafka's own metrics are read by reporters.")
    .atLeast(1)
    .low()
    .noEffect(),
  'kafka.metrics.reporters': list('', "Classes that report Kafka's own metrics.").items().low().noEffect(),
  'telemetry.max.bytes': int(1_048_576, 'Largest report of metrics that a client may push.')
    .atLeast(1)
    .low()
    .noEffect(),
  'quota.window.num': int(11, 'Samples kept for client quotas.').atLeast(1).low().noEffect(),
  'quota.window.size.seconds': int(1, 'Length of a sample for client quotas.').atLeast(1).low().noEffect(),
  'replication.quota.window.num': int(11, 'Samples kept for replication quotas.').atLeast(1).low().noEffect(),
  'replication.quota.window.size.seconds': int(1, 'Length of a sample for replication quotas.')
    .atLeast(1)
    .low()
    .noEffect(),
  'alter.log.dirs.replication.quota.window.num': int(11, 'Samples kept for moves between directories.')
    .atLeast(1)
    .low()
    .noEffect(),
  'alter.log.dirs.replication.quota.window.size.seconds': int(
    1,
    'Length of a sample for moves between directories.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'controller.quota.window.num': int(11, 'Samples kept for the quota of changes to topics.')
    .atLeast(1)
    .low()
    .noEffect(),
  'controller.quota.window.size.seconds': int(1, 'Length of a sample for the quota of changes to topics.')
    .atLeast(1)
    .low()
    .noEffect(),
  'client.quota.callback.class': className(null, 'The class that decides which quota a client has.')
    .low()
    .noEffect(),
  'request.log.slow.threshold.ms': int(
    1000,
    'A request that takes longer is logged with its phases, waits for records aside; -1: none is.',
  )
    .atLeast(-1)
    .clusterWide()
    .ours(),
  'metrics.host': string('127.0.0.1', 'The address that health and metrics are served on.').ours(),
  'metrics.port': int(9404, 'The port of health and metrics; if this default is taken, a free one is used.')
    .between(0, 65_535)
    .ours(),
} as const satisfies Record<string, ConfigurationKey>;
