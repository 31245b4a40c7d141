import { addressesOf } from '@kafkaesque/transport';
import type { ConnectionLimitValues } from '@kafkaesque/transport';
import { listenerKey, nodeValue, parseConnectionOverrides, setText } from '../configuration';
import type { BrokerConfiguration, BrokerLayers } from '../configuration';

/** Bytes of requests that the process holds by default (ARCHITECTURE section 5). */
const REQUEST_MEMORY_BYTES = 64 << 20;

/** `queued.max.request.bytes`, where it is set. */
export const requestMemoryBytes = (configuration: BrokerConfiguration): number => {
  const queuedBytes = Number(configuration.get('queued.max.request.bytes'));
  return queuedBytes > 0 ? queuedBytes : REQUEST_MEMORY_BYTES;
};

/**
 * What Kafka's keys say of connections, within what this process may have open, `most`. Host names become addresses
 * here; fails with `UNKNOWN_HOST`.
 */
export const connectionLimits = async (
  layers: BrokerLayers,
  most: number,
): Promise<ConnectionLimitValues> => {
  const number = (name: string): number => Number(nodeValue(name, layers));
  const overrides = parseConnectionOverrides(String(nodeValue('max.connections.per.ip.overrides', layers)));
  const perIpOverrides = new Map<string, number>();
  if (typeof overrides !== 'string') {
    for (const [host, count] of overrides)
      for (const address of await addressesOf(host)) perIpOverrides.set(address, count);
  }
  const { listeners, interBrokerListenerName, controllerListenerNames } = layers.configuration;
  const names = listeners.map(({ name }) => name).filter((name) => !controllerListenerNames.includes(name));
  const maxWaiting = Math.min(number('socket.listen.backlog.size'), Math.floor(most / 4 / names.length));
  return {
    maxConnections: Math.min(number('max.connections'), most - maxWaiting * names.length),
    listeners: new Map(
      names.map((name) => [
        name,
        {
          maxConnections: listenerLimit(name, 'max.connections', layers),
          maxCreationRate: listenerLimit(name, 'max.connection.creation.rate', layers),
        },
      ]),
    ),
    protectedListener: names.length > 1 ? interBrokerListenerName : undefined,
    maxConnectionsPerIp: number('max.connections.per.ip'),
    perIpOverrides,
    maxCreationRate: number('max.connection.creation.rate'),
    maxWaiting,
  };
};

/** A listener without a limit of its own has that of the broker; so have the brokers' listeners, which that one lets in. */
const listenerLimit = (listenerName: string, key: string, layers: BrokerLayers): number =>
  Number(setText(listenerKey(listenerName, key), layers) ?? nodeValue(key, layers));
