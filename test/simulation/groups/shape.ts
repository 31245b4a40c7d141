import { SeededRandom } from '@kafkaesque/kernel';
import { drawClusterShape } from '../cluster/shape';
import type { ClusterShape, NemesisShape } from '../cluster/shape';

/** How one seed's groups differ from others. */
export interface GroupsShape {
  readonly cluster: ClusterShape;
  readonly groupCount: number;
  readonly membersPerGroup: number;
  /** Of members: with an instance id (KIP-345). */
  readonly staticShare: number;
  /** By which of these protocols a member joins is drawn anew at each start: one for all, or both, so that groups migrate (KIP-848). */
  readonly protocols: readonly Protocol[];
  /** How long a member may be silent. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** Out of a thousand heartbeats, how many end in something that befalls the member. */
  readonly mishaps: number;
  /** Out of a hundred generations, in how many a classic member takes its time between its join and its sync. */
  readonly dawdles: number;
  /** Classic members keep what they have while they join again, and give up only what another is to have (KIP-429). */
  readonly isCooperative: boolean;
  /** Of lives by the consumer protocol: subscribed by an expression instead of the topic's name. */
  readonly regexShare: number;
  /** Partitions that the topic gets later, and when. */
  readonly growth: { readonly partitions: number; readonly afterMs: number } | undefined;
  /** Clients that keep offsets in groups without members. */
  readonly keepers: number;
  /** How long some of what they commit is kept (KIP-211). */
  readonly retentionMs: number;
  /** Between two attempts to delete a group that members come to, or its offsets; Infinity: nobody tries. */
  readonly deletionMs: number;
}

export type Protocol = 'classic' | 'consumer';

/** Families of faults that can be switched off, as `--without` names them. */
export const families = [
  'kills',
  'powerLosses',
  'deathsAtCall',
  'blackouts',
  'pauses',
  'partitions',
  'clogs',
  'resets',
  'late',
  'narrow',
  'slowDisks',
  'clocks',
  'elections',
  'shutdowns',
  'mishaps',
  'growth',
  'deletions',
] as const;

/** What the simulation of clusters tries already, and would only take time here. */
const elsewhere = [
  'diskSpace',
  'diskErrors',
  'reassignments',
  'topics',
  'ownControllers',
  'wipes',
  'brokenDirectories',
  'replacedDirectories',
];

const BROKERS = 3;

/** Groups need brokers that work for a while: what befalls these comes a third as often as where they are what is judged. */
const seldom = (nemesis: NemesisShape): NemesisShape =>
  Object.fromEntries(Object.entries(nemesis).map(([deed, meanMs]) => [deed, 3 * Number(meanMs)])) as Record<
    keyof NemesisShape,
    number
  >;

export const drawGroupsShape = (
  seed: number,
  { nodes = BROKERS, without }: { readonly nodes?: number; readonly without: ReadonlySet<string> },
): GroupsShape => {
  const cluster = drawClusterShape(seed, { nodes, without: new Set([...without, ...elsewhere]) });
  const random = new SeededRandom(seed, 'groups-shape');
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[random.below(choices.length)] ?? choices[0];
  const sessionMs = pick(1_500, 3_000, 6_000);
  const heartbeatMs = pick(150, 400);
  const mishaps = pick(10, 30, 80);
  // Of its own: what is drawn otherwise is as it was.
  const more = new SeededRandom(seed, 'groups-shape of more');
  const pickMore = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[more.below(choices.length)] ?? choices[0];
  const growth = { partitions: 1 + more.below(3), afterMs: more.below(20_000) };
  const grows = more.below(2) === 0;
  const deletionMs = pickMore(Infinity, Infinity, 15_000, 5_000);
  const slow = new SeededRandom(seed, 'groups-shape of slow members');
  const dawdles = slow.below(2) * 40;
  // Where few members are of the newer protocol, groups pass to it and back more often.
  const classics = slow.below(2) === 0 ? [] : (['classic', 'classic', 'classic'] as const);
  return {
    cluster: {
      ...cluster,
      directoryCount: 1,
      nemesis: seldom(cluster.nemesis),
      downMs: pick(10, 500, 3_000),
      chaosMs: pick(25_000, 50_000),
      partitionCount: pick(1, 4, 6),
      settings: {
        ...cluster.settings,
        'offsets.topic.num.partitions': pick(1, 2),
        'offsets.topic.replication.factor': Math.min(nodes, 3),
        'group.initial.rebalance.delay.ms': pick(0, 300),
        'group.min.session.timeout.ms': 500,
        'group.consumer.session.timeout.ms': sessionMs,
        'group.consumer.min.session.timeout.ms': 500,
        'group.consumer.heartbeat.interval.ms': heartbeatMs,
        'group.consumer.min.heartbeat.interval.ms': 100,
        'group.consumer.assignment.interval.ms': pick(0, 500),
        'offsets.retention.check.interval.ms': pickMore(300, 2_000),
        // Segments are closed early and compacted at once, so that state is read out of compacted logs.
        'log.roll.ms': pick(1_000, 4_000),
        'log.cleaner.backoff.ms': pick(100, 1_000),
        'log.cleaner.min.cleanable.ratio': 0.01,
        'log.cleaner.delete.retention.ms': pick(0, 5_000),
      },
    },
    groupCount: pick(1, 2),
    membersPerGroup: pick(2, 3, 4),
    staticShare: pick(0, 0.3, 1),
    protocols: pick<readonly Protocol[]>(['classic'], ['consumer'], ['classic', 'consumer', ...classics]),
    sessionMs,
    heartbeatMs,
    mishaps: without.has('mishaps') ? 0 : mishaps,
    dawdles: without.has('mishaps') ? 0 : dawdles,
    isCooperative: pickMore(false, true),
    regexShare: pickMore(0, 0.5),
    growth: grows && !without.has('growth') ? growth : undefined,
    keepers: pickMore(0, 1, 2),
    retentionMs: pickMore(4_000, 8_000),
    deletionMs: without.has('deletions') ? Infinity : deletionMs,
  };
};
