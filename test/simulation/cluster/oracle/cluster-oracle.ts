import type { Offset } from '@kafkaesque/kernel';
import type { MetadataImage, PartitionImage } from '@kafkaesque/metadata';
import { brokerById } from '@kafkaesque/metadata';
import type { Partition, PlacedBatch, RecoveredLog } from '@kafkaesque/partition';
import type { NodeView } from '@kafkaesque/server';
import { Violation } from '../../runner/suite';
import type { PartitionWatcher } from './partition-steps';
import { ShadowLog, isSame, shadowOf, textOf } from './shadow-log';
import type { ShadowBatch } from './shadow-log';

/** What all replicas of one partition must agree on. */
interface GlobalLog {
  readonly name: string;
  /** Everything below any high watermark that anybody has had. */
  readonly exposed: ShadowBatch[];
  /** What stands at an offset of an epoch, for ever. */
  readonly placed: Map<string, ShadowBatch>;
  /** Who leads in an epoch. */
  readonly leaders: Map<number, string>;
  /** What the committed metadata say at a partition epoch. */
  readonly appointments: Map<number, PartitionImage>;
  newest: PartitionImage | undefined;
  /** By node, across its lives. */
  readonly shadows: Map<number, ShadowLog>;
}

/** One replica in one life of its broker. */
interface Watched {
  readonly machine: Partition;
  /** Of the node, once it is known whose it is. */
  shadow: ShadowLog;
  node: number;
  /** What the log held when the rules looked at it last, while nobody knows whose it is. */
  recoveredTo: number;
  highWatermark: number;
  /** Batches of its log that were compared with what was exposed. */
  compared: number;
  leaderEpoch: number;
  wasLeader: boolean;
  /** Where its log is about to be cut; Infinity otherwise. */
  cutTo: number;
}

const endOf = (batches: readonly ShadowBatch[]): number =>
  (batches[batches.length - 1]?.lastOffset ?? -1) + 1;

/** Sees every step of every replica and every committed appointment, and keeps its own account of what must be true. */
export class ClusterOracle implements PartitionWatcher {
  violation: Violation | undefined;
  readonly counts = { exposed: 0, leaders: 0, truncations: 0, overridden: 0, inSyncSets: 0 };
  say: ((node: string, what: string) => void) | undefined;
  /** Told when a broker leads a partition in a new epoch. */
  elected: (nodeId: number) => void = () => undefined;
  /** There is one topic. */
  #topicId = '';
  readonly #logs = new Map<string, GlobalLog>();
  readonly #watched = new Map<Partition, Watched>();
  readonly #views = new Map<number, NodeView>();
  readonly #images = new Map<number, MetadataImage>();

  /** A broker's life begins. */
  begins(node: number, view: NodeView): void {
    this.#views.set(node, view);
    this.#images.delete(node);
  }

  /** A broker's life is over; what its log held is remembered. */
  died(node: number): void {
    // Whoever dies amid a step may have told others already of what it came to.
    for (const { machine } of this.#views.get(node)?.replicas() ?? []) {
      const watched = this.#of(machine);
      if (watched.node === node) this.#look(watched);
    }
    this.#views.delete(node);
    for (const [machine, watched] of this.#watched) if (watched.node === node) this.#watched.delete(machine);
  }

  appended(machine: Partition, batches: readonly PlacedBatch[]): void {
    const watched = this.#of(machine);
    const log = this.#logOf(machine);
    for (const batch of batches.map(shadowOf)) {
      watched.shadow.append(batch);
      const key = `${batch.leaderEpoch} ${batch.baseOffset}`;
      const known = log.placed.get(key);
      if (known === undefined) log.placed.set(key, batch);
      else if (!isSame(known, batch))
        this.#violate(
          'P4 no divergence',
          `${log.name}: node ${watched.node} has ${textOf(batch)}, where ${textOf(known)} was`,
        );
    }
  }

  recovers(machine: Partition, { endOffset }: RecoveredLog): void {
    const watched = this.#of(machine);
    if (watched.node < 0) watched.recoveredTo = endOffset;
    else this.#recovered(watched, endOffset);
  }

  durable(machine: Partition): void {
    const { shadow, cutTo } = this.#of(machine);
    // What was under way when it was decided to cut may still become durable before it goes.
    shadow.durableEnd = Math.max(shadow.durableEnd, Math.min(machine.durableEndOffset, cutTo));
  }

  cuts(machine: Partition, to: Offset): void {
    const watched = this.#of(machine);
    const { shadow, node } = watched;
    const { exposed, name } = this.#logOf(machine);
    this.counts.truncations += 1;
    const first = firstFrom(shadow.batches, to);
    if (isSame(exposed[first], shadow.batches[first]))
      this.#violate(
        'P4 truncation',
        `${name}: node ${node} cuts its log at ${to}, and with it ${textOf(exposed[first])}, which was exposed`,
      );
    this.say?.(`n${node}`, `cuts its log from ${shadow.endOffset} to ${to}`);
    shadow.durableEnd = Math.min(shadow.durableEnd, to);
    watched.cutTo = to;
  }

  /** One event may bring a broker that stood still a whole queue: a high watermark moves by the set of that moment. */
  appointed(machine: Partition): void {
    const watched = this.#of(machine);
    if (watched.node < 0) return;
    this.#readImages();
    this.#look(watched);
  }

  /** A client was told that these records are in the log for good. */
  acknowledged(partition: number, baseOffset: number, crc: number): void {
    const { exposed, name } = this.#log(this.#topicId, partition);
    const found = exposed[firstFrom(exposed, baseOffset)];
    if (found?.baseOffset !== baseOffset || found.crc !== crc)
      this.#violate(
        'P1 acknowledged durability',
        `${name}: ${baseOffset} (${crc.toString(16)}) was acknowledged, and what was exposed there is ${textOf(found)}`,
      );
  }

  /** To be called after every event. */
  eventOver(): void {
    this.#readImages();
    for (const [node, view] of this.#views) {
      for (const { machine } of view.replicas()) {
        const watched = this.#of(machine);
        if (watched.node < 0) this.#adopt(watched, node);
        this.#look(watched);
      }
    }
  }

  /** Who leads a partition, by the newest metadata. */
  leaders(): ReadonlySet<number> {
    return new Set(
      [...this.#logs.values()].flatMap(({ newest }) => (newest === undefined ? [] : [newest.leader])),
    );
  }

  /** Whether all brokers named hold everything that was exposed, and nothing else. */
  hasConverged(nodes: readonly number[]): boolean {
    return [...this.#logs.values()].every(({ shadows, exposed }) =>
      nodes.every((node) => {
        const shadow = shadows.get(node);
        return shadow?.batches.length === exposed.length && shadow.endOffset === endOf(exposed);
      }),
    );
  }

  /** Whether every partition has a leader, and all its replicas in sync. */
  areAllInSync(): boolean {
    return [...this.#logs.values()].every(
      ({ newest }) =>
        newest !== undefined && newest.leader >= 0 && newest.isr.length === newest.replicas.length,
    );
  }

  standing(): string {
    return [...this.#logs.values()]
      .map(({ name, exposed, shadows, newest }) => {
        const ends = [...shadows].map(
          ([node, shadow]) => `${node}: ${shadow.endOffset}/${shadow.durableEnd}`,
        );
        return `${name}: exposed ${endOf(exposed)}, led by ${newest?.leader ?? '?'} in ${newest?.leaderEpoch ?? '?'}, in sync ${newest?.isr.join(' ') ?? '?'}, ends ${ends.join(', ')}`;
      })
      .join('; ');
  }

  #of(machine: Partition): Watched {
    let watched = this.#watched.get(machine);
    if (watched === undefined) {
      watched = {
        ...{ machine, shadow: new ShadowLog(), node: -1, recoveredTo: 0 },
        ...{ highWatermark: 0, compared: 0, leaderEpoch: -1, wasLeader: false, cutTo: Infinity },
      };
      this.#watched.set(machine, watched);
    }
    return watched;
  }

  #logOf({ topicId, partition }: Partition): GlobalLog {
    return this.#log(topicId, partition);
  }

  #log(topicId: string, partition: number): GlobalLog {
    const key = `${topicId} ${partition}`;
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = {
        ...{ name: `partition ${partition}`, exposed: [], placed: new Map(), leaders: new Map() },
        ...{ appointments: new Map(), newest: undefined, shadows: new Map() },
      };
      this.#logs.set(key, log);
    }
    return log;
  }

  /** Now it is known whose replica it is: what the broker's log held in its lives before, as far as it was found again. */
  #adopt(watched: Watched, node: number): void {
    const { shadows } = this.#logOf(watched.machine);
    const shadow = shadows.get(node) ?? new ShadowLog();
    shadows.set(node, shadow);
    const { batches, durableEnd } = watched.shadow;
    watched.shadow = shadow;
    watched.node = node;
    this.#recovered(watched, watched.recoveredTo);
    for (const batch of batches) shadow.append(batch);
    shadow.durableEnd = Math.max(shadow.durableEnd, durableEnd);
  }

  #recovered(watched: Watched, endOffset: number): void {
    const { shadow, machine, node } = watched;
    const { name } = this.#logOf(machine);
    if (endOffset < shadow.durableEnd)
      this.#violate(
        'P1 durable is durable',
        `${name}: node ${node} had everything below ${shadow.durableEnd} durably, and its log ends at ${endOffset}`,
      );
    if (endOffset < shadow.endOffset) this.counts.overridden += 1;
    shadow.cutTo(endOffset);
    if (shadow.endOffset !== endOffset)
      this.#violate(
        'P8 layout',
        `${name}: the log of node ${node} ends at ${endOffset}, and ${shadow.endOffset} by what was appended to it`,
      );
    shadow.durableEnd = endOffset;
    watched.cutTo = Infinity;
    watched.compared = Math.min(watched.compared, shadow.batches.length);
    watched.highWatermark = Math.min(watched.highWatermark, endOffset);
  }

  #look(watched: Watched): void {
    const { machine, node } = watched;
    const { highWatermark, role } = machine;
    const log = this.#logOf(machine);
    if (highWatermark < watched.highWatermark)
      this.#violate(
        'P3 high watermark',
        `${log.name}: that of node ${node} goes back from ${watched.highWatermark} to ${highWatermark}`,
      );
    const isLeader = role.kind === 'leader';
    if (isLeader && (!watched.wasLeader || watched.leaderEpoch !== machine.leaderEpoch))
      this.#elected(watched, log);
    if (highWatermark > watched.highWatermark) this.#exposed(watched, log);
    watched.wasLeader = isLeader;
    watched.leaderEpoch = machine.leaderEpoch;
    watched.highWatermark = highWatermark;
    if (!isLeader) return;
    const committed = log.appointments.get(role.partitionEpoch);
    if (committed !== undefined && !sameMembers(committed.isr, role.inSyncReplicas))
      this.#violate(
        'P7 in-sync sets are committed',
        `${log.name}: node ${node} has ${role.inSyncReplicas.join(' ')} at partition epoch ${role.partitionEpoch}, where ${committed.isr.join(' ')} was committed`,
      );
  }

  #elected({ machine, node, shadow }: Watched, log: GlobalLog): void {
    const { leaderEpoch } = machine;
    this.counts.leaders += 1;
    this.elected(node);
    this.say?.(`n${node}`, `leads ${log.name} in epoch ${leaderEpoch} from ${shadow.endOffset}`);
    const who = `node ${node}`;
    const known = log.leaders.get(leaderEpoch) ?? who;
    log.leaders.set(leaderEpoch, who);
    if (known !== who)
      this.#violate(
        'P5 one leader in an epoch',
        `${log.name}: ${known} and ${who} lead in epoch ${leaderEpoch}`,
      );
    // Whoever leads in a later epoch has everything that was ever exposed.
    if (Math.max(...log.leaders.keys()) !== leaderEpoch) return;
    log.exposed.forEach((batch, index) => {
      if (!isSame(batch, shadow.batches[index]))
        this.#violate(
          'P1 leader completeness',
          `${log.name}: ${who} leads in epoch ${leaderEpoch} with ${textOf(shadow.batches[index])}, where ${textOf(batch)} was exposed`,
        );
    });
  }

  /** More may be read now: it is the same everywhere, for ever, and durable wherever it must be. */
  #exposed(watched: Watched, log: GlobalLog): void {
    const { machine, shadow, node } = watched;
    const { highWatermark, role } = machine;
    for (; watched.compared < shadow.batches.length; watched.compared++) {
      const batch = shadow.batches[watched.compared];
      if (batch === undefined || batch.lastOffset >= highWatermark) break;
      const known = log.exposed[watched.compared];
      if (known === undefined) {
        if (role.kind === 'follower')
          this.#violate(
            'P3 high watermark',
            `${log.name}: node ${node} follows, and exposes ${textOf(batch)} before any leader`,
          );
        log.exposed.push(batch);
        this.counts.exposed += 1;
      } else if (!isSame(known, batch))
        this.#violate(
          'P2 exposed prefix',
          `${log.name}: node ${node} exposes ${textOf(batch)}, where ${textOf(known)} was exposed`,
        );
    }
    if (role.kind !== 'leader') return;
    const { newest } = log;
    const members = new Set<number>(role.inSyncReplicas);
    if (newest?.leaderEpoch === machine.leaderEpoch) for (const member of newest.isr) members.add(member);
    for (const member of members) {
      const durableEnd =
        member === node ? machine.durableEndOffset : (log.shadows.get(member)?.durableEnd ?? 0);
      if (durableEnd < highWatermark)
        this.#violate(
          'P3 high watermark',
          `${log.name}: that of node ${node} is ${highWatermark}, and node ${member}, in sync, has ${durableEnd} durably`,
        );
    }
    if (role.inSyncReplicas.length < machine.config.minInsyncReplicas)
      this.#violate(
        'P3 high watermark',
        `${log.name}: that of node ${node} moves to ${highWatermark} with ${role.inSyncReplicas.join(' ')} in sync`,
      );
  }

  #readImages(): void {
    for (const [node, view] of this.#views) {
      const image = view.image();
      if (this.#images.get(node) === image) continue;
      this.#images.set(node, image);
      this.#read(image);
    }
  }

  /** What the metadata of one node say; images of one offset are alike, which the quorum's own simulation sees to. */
  #read(image: MetadataImage): void {
    for (const topic of image.topicsById.values())
      for (const partition of topic.partitions) this.#appointed(image, topic.topicId, partition);
  }

  #appointed(image: MetadataImage, topicId: string, partition: PartitionImage): void {
    this.#topicId = topicId;
    const log = this.#log(topicId, partition.partition);
    const { partitionEpoch, isr, leader, leaderEpoch, eligibleLeaderReplicas } = partition;
    const known = log.appointments.get(partitionEpoch);
    if (known !== undefined) {
      if (known !== partition && (known.leader !== leader || !sameMembers(known.isr, isr)))
        this.#violate(
          'P7 one history',
          `${log.name} at partition epoch ${partitionEpoch}: leader ${known.leader} of ${known.isr.join(' ')}, and ${leader} of ${isr.join(' ')}`,
        );
      return;
    }
    log.appointments.set(partitionEpoch, partition);
    this.counts.inSyncSets += 1;
    const { newest } = log;
    if (newest === undefined || newest.partitionEpoch < partitionEpoch) {
      log.newest = partition;
      this.#appointedNow(log, partition);
    }
    this.say?.(
      'metadata',
      `${log.name}: leader ${leader} in ${leaderEpoch}, in sync ${isr.join(' ')}, eligible ${eligibleLeaderReplicas.join(' ')}, partition epoch ${partitionEpoch}`,
    );
    if (leader >= 0 && !isr.includes(leader))
      this.#violate(
        'P7 leaders are in sync',
        `${log.name}: ${leader} leads in ${leaderEpoch}, and ${isr.join(' ')} are in sync`,
      );
    const fenced = isr.filter((member) => brokerById(image, member)?.fenced !== false);
    if (fenced.length > 0 && isr.length > 1)
      this.#violate('P7 nobody fenced is in sync', `${log.name}: ${fenced.join(' ')} of ${isr.join(' ')}`);
  }

  /** Whoever may be elected has everything that was exposed: those in sync, or where they are too few, those that are eligible. */
  #appointedNow({ name, exposed, shadows }: GlobalLog, partition: PartitionImage): void {
    for (const member of [...partition.isr, ...partition.eligibleLeaderReplicas]) {
      const durableEnd = shadows.get(member)?.durableEnd ?? 0;
      if (durableEnd < endOf(exposed))
        this.#violate(
          'P7 who may lead has everything',
          `${name}: node ${member} has ${durableEnd} durably, ${endOf(exposed)} is exposed, and it may lead at partition epoch ${partition.partitionEpoch}`,
        );
    }
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
  }
}

const sameMembers = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((member) => other.includes(member));

/** Index of the first batch that does not end before an offset. */
const firstFrom = (batches: readonly ShadowBatch[], offset: number): number => {
  let [low, high] = [0, batches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
};
