import { addressesOf } from '@kafkaesque/transport';
import type { ConnectionLimitValues } from '@kafkaesque/transport';
import { parseConnectionOverrides } from '../configuration';
import type { BrokerConfiguration } from '../configuration';

/** Bytes of requests that the process holds by default (ARCHITECTURE section 5). */
const REQUEST_MEMORY_BYTES = 64 << 20;

/** `queued.max.request.bytes`, where it is set. */
export const requestMemoryBytes = (configuration: BrokerConfiguration): number => {
  const queuedBytes = Number(configuration.get('queued.max.request.bytes'));
  return queuedBytes > 0 ? queuedBytes : REQUEST_MEMORY_BYTES;
};

/** What Kafka's keys say of connections. Host names become addresses here; fails with `UNKNOWN_HOST`. */
export const connectionLimits = async (get: BrokerConfiguration['get']): Promise<ConnectionLimitValues> => {
  const number = (name: string): number => Number(get(name));
  const overrides = parseConnectionOverrides(String(get('max.connections.per.ip.overrides')));
  const perIpOverrides = new Map<string, number>();
  if (typeof overrides !== 'string') {
    for (const [host, count] of overrides)
      for (const address of await addressesOf(host)) perIpOverrides.set(address, count);
  }
  return {
    maxConnections: number('max.connections'),
    maxConnectionsPerIp: number('max.connections.per.ip'),
    perIpOverrides,
    maxCreationRate: number('max.connection.creation.rate'),
    maxWaiting: number('socket.listen.backlog.size'),
  };
};
