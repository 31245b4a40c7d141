import type { BrokerId, Offset } from '@kafkaesque/kernel';
import type { MetadataImage, PartitionImage } from '@kafkaesque/metadata';
import { brokerById, registeredBrokers } from '@kafkaesque/metadata';
import type { Partition, PlacedBatch, RecoveredLog } from '@kafkaesque/partition';
import type { NodeView } from '@kafkaesque/server';
import { Violation } from '../../runner/suite';
import type { PartitionWatcher } from './partition-steps';
import { endOf, firstFrom, newGlobalLog, newWatched } from './global-log';
import type { GlobalLog, Watched } from './global-log';
import { ShadowLog, isSame, shadowOf, textOf } from './shadow-log';

/** Sees every step of every replica and every committed appointment, and keeps its own account of what must be true. */
export class ClusterOracle implements PartitionWatcher {
  violation: Violation | undefined;
  readonly counts = {
    exposed: 0,
    leaders: 0,
    truncations: 0,
    overridden: 0,
    inSyncSets: 0,
    replicasAnew: 0,
    deletedLogs: 0,
  };
  say: ((node: string, what: string) => void) | undefined;
  /** Told when a broker leads a partition in a new epoch. */
  elected: (nodeId: number) => void = () => undefined;
  /** Name of the topic whose clients tell what they were told; it is never deleted. */
  readonly #judged: string;
  #topicId = '';
  /** The newest metadata that were seen. */
  #newestImage: MetadataImage | undefined;
  /** Of disks that replaced others, by node, with the logs that were on those before. */
  readonly #directories = new Map<
    number,
    { readonly directoryId: string; readonly lost: ReadonlySet<GlobalLog> }
  >();
  readonly #logs = new Map<string, GlobalLog>();
  readonly #watched = new Map<Partition, Watched>();
  readonly #views = new Map<number, NodeView>();
  readonly #images = new Map<number, MetadataImage>();

  constructor(judged: string) {
    this.#judged = judged;
  }

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

  /** A broker has stopped as it should: what its logs hold is durable. */
  closed(node: number): void {
    for (const { machine, log } of this.#views.get(node)?.replicas() ?? []) {
      const { node: owner, shadow } = this.#of(machine);
      // A log that refused an append is not whole before it has been read back.
      const isWhole = machine.role.kind === 'leader' || machine.role.kind === 'follower';
      if (owner === node && isWhole)
        shadow.durableEnd = Math.max(shadow.durableEnd, Math.min(log.endOffset, shadow.endOffset));
    }
  }

  /** A broker has an empty disk, of another name. */
  replaced(node: number, directoryId: string): void {
    for (const { earlier } of this.#logs.values()) earlier.delete(node);
    this.#lost(node, directoryId, new Set(this.#logs.values()));
  }

  /** Of a broker's several directories one is empty, and of another name. */
  replacedDirectory(node: number, directoryId: string, before: string): void {
    const isIn = ({ newest }: GlobalLog): boolean => directoryIn(newest, node) === before;
    this.#lost(node, directoryId, new Set([...this.#logs.values()].filter(isIn)));
  }

  #lost(node: number, directoryId: string, lost: ReadonlySet<GlobalLog>): void {
    this.#directories.set(node, { directoryId, lost });
    for (const { shadows } of lost) if (shadows.has(node)) shadows.set(node, new ShadowLog());
  }

  /** Whether everything that a broker's disk holds is elsewhere too, and everybody knows what to make of an empty one. */
  isSpare(node: number): boolean {
    return (
      this.areAllInSync() &&
      [...this.#directories.keys()].every((other) => !this.#isReplacedUnheard(this.#newestImage, other)) &&
      this.#present().every(({ newest }) => newest?.replicas.some((replica) => replica !== node) !== false)
    );
  }

  /**
   * Whether everything that one of a broker's directories holds is elsewhere too, and everybody knows what to make of an
   * empty one: where each replica of the broker is, above all.
   */
  isSpareDirectory(node: number, directoryId: string): boolean {
    const registered = new Set(this.#directoriesOf(node));
    return (
      [...this.#directories.keys()].every((other) => !this.#isReplacedUnheard(this.#newestImage, other)) &&
      this.#present().every(({ newest }) => {
        const directory = directoryIn(newest, node);
        if (newest === undefined) return false;
        if (directory === undefined) return true;
        if (directory !== directoryId) return registered.has(directory);
        const others = newest.replicas.filter((replica) => replica !== node);
        return (
          newest.leader >= 0 &&
          others.length > 0 &&
          others.every((other) => newest.isr.includes(other)) &&
          newest.addingReplicas.length + newest.removingReplicas.length === 0
        );
      })
    );
  }

  /** Where the metadata have a node's replica. */
  directoryOf(name: string, node: number): string | undefined {
    return directoryIn(this.#present().find((log) => log.name === name)?.newest, node);
  }

  #directoriesOf(node: number): readonly string[] {
    const image = this.#newestImage;
    return (image === undefined ? undefined : brokerById(image, node as BrokerId))?.directories ?? [];
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
    return new Set(this.#present().flatMap(({ newest }) => (newest === undefined ? [] : [newest.leader])));
  }

  /** Whether all replicas hold everything that was exposed, and nothing else. */
  hasConverged(): boolean {
    return this.#present().every(({ shadows, exposed, newest }) =>
      newest?.replicas.every((node) => {
        const shadow = shadows.get(node);
        return exposed.length === 0
          ? (shadow?.batches.length ?? 0) === 0
          : shadow?.batches.length === exposed.length && shadow.endOffset === endOf(exposed);
      }),
    );
  }

  /** Whether every partition has a leader, all its replicas in sync, and none on the way to others. */
  areAllInSync(): boolean {
    return this.#present().every(
      ({ newest }) =>
        newest !== undefined &&
        newest.leader >= 0 &&
        newest.isr.length === newest.replicas.length &&
        newest.addingReplicas.length + newest.removingReplicas.length === 0,
    );
  }

  nameOf(topicId: string, partition: number): string {
    return this.#log(topicId, partition).name;
  }

  /** Which nodes hold which partition, by the newest metadata. */
  assignments(): ReadonlyMap<string, readonly number[]> {
    return new Map(this.#present().map(({ name, newest }) => [name, newest?.replicas ?? []]));
  }

  standing(): string {
    return this.#present()
      .map(({ name, exposed, shadows, newest }) => {
        const ends = [...shadows].map(
          ([node, shadow]) => `${node}: ${shadow.endOffset}/${shadow.durableEnd}`,
        );
        return `${name}: exposed ${endOf(exposed)}, of ${placesOf(newest)}, led by ${newest?.leader ?? '?'} in ${newest?.leaderEpoch ?? '?'}, in sync ${newest?.isr.join(' ') ?? '?'}, ends ${ends.join(', ')}`;
      })
      .join('; ');
  }

  /** Logs of topics that are there. */
  #present(): readonly GlobalLog[] {
    return [...this.#logs.values()].filter(({ isDeleted }) => !isDeleted);
  }

  #of(machine: Partition): Watched {
    let watched = this.#watched.get(machine);
    if (watched === undefined) {
      watched = newWatched(machine);
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
      log = newGlobalLog(topicId, partition);
      this.#logs.set(key, log);
    }
    return log;
  }

  /** Now it is known whose replica it is: what the broker's log held in its lives before, as far as it was found again. */
  #adopt(watched: Watched, node: number): void {
    const { shadows, earlier, givenUp, name } = this.#logOf(watched.machine);
    let shadow = shadows.get(node) ?? new ShadowLog();
    const before = earlier.get(node) ?? [];
    if (givenUp.has(node) && watched.recoveredTo === 0 && shadow.endOffset > 0) {
      // What of the old one is still on its way to the disk is nobody's.
      earlier.set(node, [...before, shadow]);
      shadow = new ShadowLog();
      this.counts.replicasAnew += 1;
      this.say?.(`n${node}`, `begins anew with ${name}`);
    }
    // The new one had nothing yet, and what it was to replace is there again.
    if (shadow.endOffset === 0 && watched.recoveredTo > 0)
      shadow = before.find((log) => log.isWholeAt(watched.recoveredTo)) ?? shadow;
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
    const { newest, outOfSyncAt } = log;
    const members = new Set<BrokerId>(role.inSyncReplicas);
    if (newest?.leaderEpoch === machine.leaderEpoch) for (const member of newest.isr) members.add(member);
    for (const member of members) {
      // This leader has not heard yet that others replaced it, whose logs may be gone: they had acknowledged this before.
      if ((outOfSyncAt.get(member) ?? -1) > role.partitionEpoch && isGivenUp(log, member)) continue;
      if (this.#isReplacedUnheard(this.#newestImage, member, log)) continue;
      const durableEnd =
        member === node ? machine.durableEndOffset : (log.shadows.get(member)?.durableEnd ?? 0);
      if (durableEnd < highWatermark)
        this.#violate(
          'P3 high watermark',
          `${log.name}: that of node ${node} is ${highWatermark}, and node ${member}, in sync, has ${durableEnd} durably`,
        );
    }
    const replicaCount = (log.appointments.get(role.partitionEpoch) ?? role).replicas.length;
    if (role.inSyncReplicas.length < Math.min(machine.config.minInsyncReplicas, replicaCount))
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
    if (image.offset > (this.#newestImage?.offset ?? -1)) this.#newest(image);
    for (const topic of image.topicsById.values())
      for (const partition of topic.partitions) this.#appointed(image, topic.topicId, partition);
  }

  /** What was known and is not there any more was deleted, for good: ids are not used again. */
  #newest(image: MetadataImage): void {
    const { offset, topicsById, topicIdsByName } = image;
    this.#newestImage = image;
    this.#topicId = topicIdsByName.get(this.#judged) ?? this.#topicId;
    for (const log of this.#logs.values()) {
      const isThere = topicsById.has(log.topicId);
      if (log.isDeleted && isThere)
        this.#violate('P7 what is deleted stays so', `${log.name} is there again at offset ${offset}`);
      if (log.isDeleted || isThere || log.newest === undefined) continue;
      log.isDeleted = true;
      this.counts.deletedLogs += 1;
      this.say?.('metadata', `${log.name} is deleted`);
    }
    if (this.#topicId !== '' && !topicsById.has(this.#topicId))
      this.#violate('P1 acknowledged durability', `the topic ${this.#judged} is gone at offset ${offset}`);
  }

  #appointed(image: MetadataImage, topicId: string, partition: PartitionImage): void {
    const log = this.#log(topicId, partition.partition);
    const { partitionEpoch, isr, leader, leaderEpoch, eligibleLeaderReplicas } = partition;
    const known = log.appointments.get(partitionEpoch);
    if (known !== undefined) {
      if (known !== partition && !isSameAppointment(known, partition))
        this.#violate(
          'P7 one history',
          `${log.name} at partition epoch ${partitionEpoch}: leader ${known.leader} of ${known.isr.join(' ')}, and ${leader} of ${isr.join(' ')}`,
        );
      return;
    }
    log.appointments.set(partitionEpoch, partition);
    this.counts.inSyncSets += 1;
    for (const { brokerId } of registeredBrokers(image)) noteStanding(log, brokerId, partition);
    const { newest } = log;
    if (newest === undefined || newest.partitionEpoch < partitionEpoch) {
      log.newest = partition;
      this.#appointedNow(image, log, partition);
    }
    this.say?.(
      'metadata',
      `${log.name}: leader ${leader} in ${leaderEpoch}, of ${placesOf(partition)}, in sync ${isr.join(' ')}, eligible ${eligibleLeaderReplicas.join(' ')}, partition epoch ${partitionEpoch}`,
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
  #appointedNow(image: MetadataImage, log: GlobalLog, partition: PartitionImage): void {
    const { name, exposed, shadows } = log;
    for (const member of [...partition.isr, ...partition.eligibleLeaderReplicas]) {
      if (this.#isReplacedUnheard(image, member, log)) continue;
      const durableEnd = shadows.get(member)?.durableEnd ?? 0;
      if (durableEnd < endOf(exposed))
        this.#violate(
          'P7 who may lead has everything',
          `${name}: node ${member} has ${durableEnd} durably, ${endOf(exposed)} is exposed, and it may lead at partition epoch ${partition.partitionEpoch}`,
        );
    }
  }

  /** Whether a broker has another disk, which the metadata do not know yet, in place of one that had a log. */
  #isReplacedUnheard(image: MetadataImage | undefined, node: number, log?: GlobalLog): boolean {
    const replaced = this.#directories.get(node);
    if (replaced === undefined || (log !== undefined && !replaced.lost.has(log))) return false;
    const broker = image === undefined ? undefined : brokerById(image, node as BrokerId);
    return broker?.directories.includes(replaced.directoryId) !== true;
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
  }
}

const directoryIn = (partition: PartitionImage | undefined, node: number): string | undefined =>
  partition?.directories[partition.replicas.indexOf(node as BrokerId)];

const sameMembers = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((member) => other.includes(member));

const isSameAppointment = (one: PartitionImage, other: PartitionImage): boolean =>
  one.leader === other.leader && sameMembers(one.isr, other.isr) && sameMembers(one.replicas, other.replicas);

/** Whether its log may have been deleted since this leader heard of it last. */
const isGivenUp = ({ givenUp, newest }: GlobalLog, node: BrokerId): boolean =>
  givenUp.has(node) || newest?.isr.includes(node) === false;

/** Images come in any order, of nodes that are ahead and of others that are behind. */
const noteStanding = (log: GlobalLog, node: BrokerId, now: PartitionImage): void => {
  const { partitionEpoch, isr, replicas } = now;
  const { outOfSyncAt, givenUp, newest } = log;
  if (!isr.includes(node)) outOfSyncAt.set(node, Math.max(outOfSyncAt.get(node) ?? -1, partitionEpoch));
  const isNewest = newest === undefined || newest.partitionEpoch < partitionEpoch;
  if (!replicas.includes(node) && (isNewest || !newest.isr.includes(node))) givenUp.add(node);
  else if (isNewest && isr.includes(node)) givenUp.delete(node);
};

const placesOf = (partition: PartitionImage | undefined): string => {
  if (partition === undefined) return '?';
  const { replicas, addingReplicas, removingReplicas } = partition;
  const moving = addingReplicas.length + removingReplicas.length > 0;
  return moving
    ? `${replicas.join(' ')} (adding ${addingReplicas.join(' ')}, removing ${removingReplicas.join(' ')})`
    : replicas.join(' ');
};
