import type { Clock, Metrics, TellValue } from '@kafkaesque/kernel';
import type { RuntimePhase } from '@kafkaesque/coordinator';
import { RecentValues } from './recent-values';

/** Groups by Kafka's name of their state. */
export interface GroupCounts {
  readonly classic: ReadonlyMap<string, number>;
  readonly consumer: ReadonlyMap<string, number>;
  /** Committed offsets. */
  readonly offsets: number;
}

/** How far one group is behind in one partition. */
export interface GroupLag {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number;
  /** Records between what was committed and what consumers may read; undefined: no replica of the partition is here. */
  readonly lag: number | undefined;
}

/** What the coordinators here know, whenever somebody scrapes. */
export interface GroupsView {
  readonly counts: () => GroupCounts;
  readonly partitionsIn: (phase: RuntimePhase) => number;
  /** Of the groups that are coordinated here. */
  readonly lags: () => Iterable<GroupLag>;
}

/** Groups and partitions whose own lag is told. */
export const MAX_TOLD_LAGS = 2000;

/** In Kafka a classic group's state has a gauge of its own. */
const CLASSIC_STATES = ['PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead', 'Empty'];
const CONSUMER_STATES = ['Empty', 'Assigning', 'Reconciling', 'Stable', 'Dead'];
const GROUP_METRICS = 'kafka_server_groupcoordinatormetrics';

/** Has the groups that are coordinated here read whenever somebody scrapes. */
export const watchGroups = (metrics: Metrics, view: GroupsView): void => {
  watchCounts(metrics, view);
  watchLags(metrics, view);
};

const sumOf = (counts: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
};

const watchCounts = (metrics: Metrics, view: GroupsView): void => {
  const gauge = (name: string, help: string, read: (counts: GroupCounts, tell: TellValue) => void): void => {
    metrics.observe('gauge', name, help, (tell) => read(view.counts(), tell));
  };
  const old = 'kafka_coordinator_group_groupmetadatamanager';
  gauge(`${old}_numgroups`, 'Groups of the classic protocol that are coordinated here.', (counts, tell) =>
    tell(sumOf(counts.classic)),
  );
  for (const state of CLASSIC_STATES)
    gauge(
      `${old}_numgroups${state.toLowerCase()}`,
      `Groups of the classic protocol that are coordinated here and in state ${state}.`,
      (counts, tell) => tell(counts.classic.get(state) ?? 0),
    );
  gauge(`${old}_numoffsets`, 'Offsets that are committed to the coordinators here.', (counts, tell) =>
    tell(counts.offsets),
  );
  gauge(`${GROUP_METRICS}_group_count`, 'Groups that are coordinated here.', (counts, tell) => {
    tell(sumOf(counts.classic), { protocol: 'classic' });
    tell(sumOf(counts.consumer), { protocol: 'consumer' });
  });
  gauge(
    `${GROUP_METRICS}_consumer_group_count`,
    'Groups of the consumer protocol that are coordinated here.',
    (counts, tell) => {
      for (const state of CONSUMER_STATES)
        tell(counts.consumer.get(state) ?? 0, { state: state.toLowerCase() });
    },
  );
  metrics.observe(
    'gauge',
    `${GROUP_METRICS}_num_partitions`,
    'Partitions of the offsets topic that are led here.',
    (tell) => {
      tell(view.partitionsIn('loading'), { state: 'loading' });
      tell(view.partitionsIn('active'), { state: 'active' });
      tell(view.partitionsIn('gone'), { state: 'failed' });
    },
  );
};

/** Under the names that Kafka Exporter gives them, because dashboards ask for those. */
const watchLags = (metrics: Metrics, { lags }: GroupsView): void => {
  const gauge = (name: string, help: string, value: (lag: GroupLag) => number | undefined): void => {
    metrics.observe('gauge', `kafka_consumergroup_${name}`, help, (tell) => {
      let left = MAX_TOLD_LAGS;
      for (const lag of lags()) {
        if (left === 0) return;
        left -= 1;
        const { groupId: consumergroup, topic, partition } = lag;
        const now = value(lag);
        if (now !== undefined) tell(now, { consumergroup, topic, partition: String(partition) });
      }
    });
  };
  gauge(
    'lag',
    'Records by which a group is behind in a partition: told by its coordinator, for partitions that this broker holds too.',
    ({ lag }) => lag,
  );
  gauge('current_offset', 'Offset that a group has committed for a partition.', (lag) => lag.committedOffset);
};

/** Measures what coordinators do (Kafka's GroupCoordinatorMetrics and CoordinatorRuntimeMetrics). */
export class GroupMeters {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #loads: RecentValues;
  readonly offsetsCommitted: (offsets: number) => void;
  readonly offsetsDeleted: (offsets: number) => void;
  readonly offsetsExpired: (offsets: number) => void;
  readonly classicRebalanced: (groups: number) => void;
  readonly consumerRebalanced: (groups: number) => void;

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#loads = new RecentValues(clock);
    this.#gauge(
      'partition_load_time_max',
      'The longest time that loading a partition of the offsets topic took over the last minute, in milliseconds; NaN when none was loaded.',
      () => this.#loads.read().max,
    );
    this.#gauge(
      'partition_load_time_avg',
      'Milliseconds that loading a partition of the offsets topic took, on average over the last minute; NaN when none was loaded.',
      () => this.#loads.read().average,
    );
    this.offsetsCommitted = this.#meter('offset_commit', 'Offsets committed');
    this.offsetsDeleted = this.#meter('offset_deletion', 'Offsets deleted by somebody, or with their topic');
    this.offsetsExpired = this.#meter('offset_expiration', 'Offsets forgotten because nobody used them');
    this.classicRebalanced = this.#meter(
      'group_completed_rebalance',
      'Assignments of groups of the classic protocol that were stored',
    );
    this.consumerRebalanced = this.#meter(
      'consumer_group_rebalance',
      'Epochs that groups of the consumer protocol began',
    );
  }

  /** A partition of the offsets topic has been loaded. */
  loaded(tookMs: number): void {
    this.#loads.add(tookMs);
  }

  #gauge(name: string, help: string, value: () => number): void {
    this.#metrics.observe('gauge', `${GROUP_METRICS}_${name}`, help, (tell) => {
      tell(value());
    });
  }

  #meter(name: string, help: string): (amount: number) => void {
    const recent = new RecentValues(this.#clock);
    this.#gauge(`${name}_rate`, `${help}, a second, over the last minute.`, () => recent.read().perSecond);
    let count = 0;
    this.#metrics.observe('counter', `${GROUP_METRICS}_${name}_count`, `${help}.`, (tell) => {
      tell(count);
    });
    return (amount) => {
      count += amount;
      recent.add(amount);
    };
  }
}
