import type { ConfigurationKey } from '../key';
import { boolean, int, short } from '../key-draft';

/** Transactions and their coordinator. */
export const transactionKeys = {
  'transactional.id.expiration.ms': int(604_800_000, 'How long an unused transactional id is remembered.')
    .atLeast(1)
    .high()
    .noEffect(),
  'transaction.max.timeout.ms': int(900_000, 'The longest transaction that a producer may ask for.')
    .atLeast(1)
    .high()
    .noEffect(),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
    10_000,
    'How often it is looked for transactions that have run out of time.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(
    3_600_000,
    'How often it is looked for transactional ids to forget.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'transaction.partition.verification.enable': boolean(
    true,
    'Whether a broker asks the coordinator if a transaction is open before it appends for it.',
  )
    .low()
    .clusterWide()
    .noEffect(),
  'transaction.two.phase.commit.enable': boolean(
    false,
    "Whether a transaction may be prepared and committed by someone else's decision.",
  )
    .low()
    .noEffect(),
  'transaction.state.log.load.buffer.size': int(5_242_880, 'Bytes read at once when transactions are loaded.')
    .atLeast(1)
    .high()
    .noEffect(),
  'transaction.state.log.min.isr': int(2, 'Replicas of the transaction topic that must have a record.')
    .atLeast(1)
    .high()
    .boundedByBrokers()
    .noEffect(),
  'transaction.state.log.num.partitions': int(50, 'Partitions of the transaction topic.')
    .atLeast(1)
    .high()
    .noEffect(),
  'transaction.state.log.replication.factor': short(
    3,
    'Replicas of the transaction topic; fewer while the cluster has fewer brokers.',
  )
    .atLeast(1)
    .high()
    .boundedByBrokers()
    .noEffect(),
  'transaction.state.log.segment.bytes': int(104_857_600, "Size of the transaction topic's segments.")
    .atLeast(1)
    .high()
    .noEffect(),
  'add.partitions.to.txn.retry.backoff.ms': int(
    20,
    'The pause before a partition is added to a transaction again.',
  )
    .atLeast(1)
    .high()
    .noEffect(),
  'add.partitions.to.txn.retry.backoff.max.ms': int(
    100,
    'How far the pause before adding a partition to a transaction again may grow.',
  )
    .atLeast(0)
    .high()
    .noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
