import type { ConfigurationKey } from '../key';
import { int, list } from '../key-draft';

/** A subscription to the metrics of clients (KIP-714). */
export const clientMetricsKeys = {
  'interval.ms': int(300_000, 'How often clients push the metrics of the subscription.'),
  match: list('', 'Which clients are meant: `name=pattern` pairs; empty means all.'),
  metrics: list('', 'Prefixes of the names of metrics that are asked for; `*` stands for all.'),
} as const satisfies Record<string, ConfigurationKey>;
