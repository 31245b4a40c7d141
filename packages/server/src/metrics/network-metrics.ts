import type { Metrics } from '@kafkaesque/kernel';
import type { Listener, RequestMemory } from '@kafkaesque/transport';

/** What a node's network metrics are read from. */
export interface NetworkView {
  readonly listeners: () => Iterable<{ readonly name: string; readonly listener: Listener }>;
  readonly memory: RequestMemory;
}

/** Has connections and the memory of requests read whenever somebody scrapes. */
export const watchNetwork = (metrics: Metrics, { listeners, memory }: NetworkView): void => {
  metrics.observe(
    'gauge',
    'kafka_server_socket_server_metrics_connection_count',
    'Open connections of a listener, whichever protocol they speak.',
    (tell) => {
      for (const { name, listener } of listeners())
        tell(listener.connectionCount, { listener: name, networkProcessor: '0' });
    },
  );
  const bytes = (name: string, help: string, value: (listener: Listener) => number): void => {
    metrics.observe('counter', `kafka_server_socket_server_metrics_${name}_total`, help, (tell) => {
      for (const { name: listenerName, listener } of listeners())
        tell(value(listener), { listener: listenerName, networkProcessor: '0' });
    });
  };
  bytes(
    'incoming_byte',
    'Bytes that came in through a listener, whichever protocol they are of.',
    ({ traffic }) => traffic.bytesRead,
  );
  bytes(
    'outgoing_byte',
    'Bytes written to the sockets of a listener, whichever protocol they are of.',
    ({ traffic }) => traffic.bytesWritten,
  );
  metrics.observe(
    'gauge',
    'kafka_network_socketserver_memorypoolused',
    'Bytes of requests that are arriving or not yet answered.',
    (tell) => {
      tell(memory.heldBytes);
    },
  );
  metrics.observe(
    'gauge',
    'kafka_network_socketserver_memorypoolavailable',
    'Bytes of requests that may still arrive before sockets are not read any more.',
    (tell) => {
      tell(Math.max(0, memory.limitBytes - memory.heldBytes));
    },
  );
  metrics.observe(
    'gauge',
    'kafkaesque_request_memory_waiting',
    'Connections that are not read because the memory for requests is full.',
    (tell) => {
      tell(memory.waiterCount);
    },
  );
};
