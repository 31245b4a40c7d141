import type { ConfigurationKey } from '../key';
import { boolean, int, list, long } from '../key-draft';

/** Controllers, the metadata log, and how brokers show that they are alive. */
export const quorumKeys = {
  'controller.listener.names': list(
    'CONTROLLER',
    'The listeners that controllers use; the first is the one brokers dial.',
  )
    .notEmpty()
    .high(),
  'controller.quorum.voters': list(
    '',
    'The voting controllers, as `id@host:port`, where the quorum is fixed.',
  ).high(),
  'controller.quorum.bootstrap.servers': list(
    '',
    'Addresses at which the quorum can be found, as `host:port`.',
  ).high(),
  'controller.quorum.auto.join.enable': boolean(
    false,
    'Whether a new controller asks to become a voter by itself.',
  )
    .low()
    .noEffect(),
  'controller.quorum.append.linger.ms': int(
    25,
    "How long the quorum's leader gathers records before it writes them.",
  )
    .atLeast(0)
    .noEffect(),
  'controller.quorum.election.timeout.ms': int(600, 'How long a candidate waits for votes.')
    .atLeast(0)
    .high()
    .noEffect(),
  'controller.quorum.election.backoff.max.ms': int(
    1000,
    'The longest pause before an election is tried again.',
  )
    .atLeast(0)
    .high()
    .noEffect(),
  'controller.quorum.fetch.timeout.ms': int(
    1500,
    'How long a voter does without its leader before it asks for an election.',
  )
    .atLeast(0)
    .high()
    .noEffect(),
  'controller.quorum.fetch.max.bytes': int(1_048_576, 'Most bytes of the metadata log in one answer.')
    .atLeast(1)
    .low()
    .noEffect(),
  'controller.quorum.fetch.snapshot.max.bytes': int(
    1_048_576,
    'Most bytes of a metadata snapshot in one answer.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'controller.quorum.request.timeout.ms': int(2000, 'How long a request to the quorum may take.')
    .atLeast(0)
    .noEffect(),
  'controller.quorum.retry.backoff.ms': int(
    20,
    'The pause before a failed request to the quorum is repeated.',
  )
    .atLeast(0)
    .low()
    .noEffect(),
  'controller.performance.always.log.threshold.ms': long(
    2000,
    'Operations of the controller slower than this are always logged.',
  )
    .atLeast(0)
    .noEffect()
    .internal(),
  'controller.performance.sample.period.ms': long(
    60_000,
    'How often slow operations of the controller are summed up in the log.',
  )
    .atLeast(100)
    .noEffect()
    .internal(),
  'controller.socket.timeout.ms': int(30_000, 'How long a controller waits on a socket.').noEffect(),
  'broker.heartbeat.interval.ms': int(500, 'How often a broker tells the controller that it is alive.'),
  'broker.session.timeout.ms': int(3000, 'How long a broker may be silent before the controller fences it.'),
  'initial.broker.registration.timeout.ms': int(
    60_000,
    'How long a starting broker tries to register before it gives up.',
  ).noEffect(),
  'metadata.log.max.record.bytes.between.snapshots': long(
    20_971_520,
    'Bytes of metadata after which a snapshot is written.',
  )
    .atLeast(1)
    .high()
    .noEffect(),
  'metadata.log.max.snapshot.interval.ms': long(
    3_600_000,
    'The longest time between two snapshots of the metadata; 0 sets no time.',
  )
    .atLeast(0)
    .high()
    .noEffect(),
  'metadata.log.segment.bytes': int(1_073_741_824, 'Size at which a file of the metadata log is closed.')
    .atLeast(8_388_608)
    .high()
    .noEffect(),
  'metadata.log.segment.ms': long(604_800_000, 'Age at which a file of the metadata log is closed.')
    .high()
    .noEffect(),
  'metadata.max.idle.interval.ms': int(
    500,
    'How often an idle leader of the quorum writes a record that changes nothing; 0 means never.',
  )
    .atLeast(0)
    .low()
    .noEffect(),
  'metadata.max.retention.bytes': long(
    104_857_600,
    'Size of metadata log and snapshots beyond which old files are deleted.',
  )
    .high()
    .noEffect(),
  'metadata.max.retention.ms': long(604_800_000, 'Age beyond which old metadata files are deleted.')
    .high()
    .noEffect(),
  'internal.metadata.delete.delay.millis': long(
    60_000,
    'How long a metadata file that is not needed stays on disk.',
  )
    .low()
    .noEffect()
    .internal(),
  'internal.metadata.log.segment.bytes': int(
    null,
    'Size at which a file of the metadata log is closed, below the usual minimum, for tests.',
  )
    .low()
    .noEffect()
    .internal(),
  'internal.metadata.max.batch.size.in.bytes': int(8_388_608, 'Largest batch of metadata records.')
    .low()
    .noEffect()
    .internal(),
} as const satisfies Record<string, ConfigurationKey>;
