import type { ConfigurationKey } from '../key';
import { int, list, long, string } from '../key-draft';

/** `GET ` read as a length: with a larger limit HTTP could not be told from Kafka. */
const LARGEST_REQUEST_LIMIT = 0x47455420;

/** Listeners, sockets and the limits of connections. */
export const networkKeys = {
  listeners: list(
    'PLAINTEXT://:9092,CONTROLLER://:9093',
    'The addresses this node listens on, as `NAME://host:port`; an empty host means every address.',
  )
    .notEmpty()
    .high(),
  'advertised.listeners': list(null, 'The addresses that clients are told; by default those of `listeners`.')
    .notEmpty()
    .high(),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'Which protocol each listener name speaks: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.',
  ).low(),
  'early.start.listeners': list(null, 'Listeners that answer before the broker is ready for clients.')
    .items()
    .high()
    .noEffect(),
  'inter.broker.listener.name': string(null, 'The listener through which brokers reach each other.'),
  'security.inter.broker.protocol': string(
    'PLAINTEXT',
    'The protocol between brokers, where `inter.broker.listener.name` is not set.',
  ).oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  'socket.request.max.bytes': int(
    104_857_600,
    'The longest request that is read; a longer one ends its connection.',
  )
    .between(1, LARGEST_REQUEST_LIMIT - 1)
    .high(),
  'socket.receive.buffer.bytes': int(
    102_400,
    'Receive buffer of client sockets; -1 leaves it to the operating system.',
  )
    .high()
    .noEffect(),
  'socket.send.buffer.bytes': int(
    102_400,
    'Send buffer of client sockets; -1 leaves it to the operating system.',
  )
    .high()
    .noEffect(),
  'socket.listen.backlog.size': int(
    50,
    'Connections that may wait to be accepted while a limit is reached.',
  ).atLeast(1),
  'socket.connection.setup.timeout.ms': long(
    10_000,
    'How long a connection to another node may take to open, at first.',
  ).noEffect(),
  'socket.connection.setup.timeout.max.ms': long(
    30_000,
    'How far the time for opening a connection may grow when attempts keep failing.',
  ).noEffect(),
  'connections.max.idle.ms': long(600_000, 'How long a connection may be silent before it is closed.'),
  'connections.max.reauth.ms': long(
    0,
    'How long an authentication lasts before the client must repeat it; 0 means for ever.',
  ).noEffect(),
  'connection.failed.authentication.delay.ms': int(
    100,
    'How long the answer to a failed authentication is held back.',
  )
    .atLeast(0)
    .low()
    .noEffect(),
  'max.connections': int(
    2_147_483_647,
    'Connections that a broker keeps open at most, or, behind `listener.name.<name>.`, a listener.',
  )
    .atLeast(0)
    .clusterWide(),
  'max.connections.per.ip': int(2_147_483_647, 'Connections from one address at most.')
    .atLeast(0)
    .clusterWide(),
  'max.connections.per.ip.overrides': string(
    '',
    'Other limits for some hosts, as `host:count,host:count`.',
  ).clusterWide(),
  'max.connection.creation.rate': int(
    2_147_483_647,
    'New connections per second at most, of a broker, or, behind `listener.name.<name>.`, a listener.',
  )
    .atLeast(0)
    .clusterWide(),
  'queued.max.requests': int(
    500,
    'Requests that may wait for a handler in Kafka; here each connection has its own limit.',
  )
    .atLeast(1)
    .high()
    .noEffect(),
  'queued.max.request.bytes': long(
    -1,
    'Bytes of requests that may wait before sockets are not read any more; -1 takes the built-in limit.',
  ),
  'request.timeout.ms': int(
    30_000,
    'How long this node waits for the answer to a request of its own.',
  ).high(),
} as const satisfies Record<string, ConfigurationKey>;
