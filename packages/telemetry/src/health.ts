import type { Logger } from '@kafkaesque/kernel';
import type { MetricsRegistry } from './metrics';

export interface HealthOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** The port was not configured: if it is taken, use a free one and say so. */
  readonly isDefaultPort: boolean;
  readonly isLive: () => boolean;
  /** What is missing until the node is ready; empty when it is. */
  readonly unreadyReasons: () => readonly string[];
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
}

export interface HealthServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves /healthz, /readyz and /metrics. */
export const openHealth = (options: HealthOptions): Promise<HealthServer> =>
  Promise.reject(new Error(`not written yet: ${options.port}`));
