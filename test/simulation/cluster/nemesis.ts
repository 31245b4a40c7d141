import type { Random } from '@kafkaesque/kernel';
import { assertNever } from '@kafkaesque/kernel';
import { drawPartition } from '@kafkaesque/sim';
import type { Death, Partition } from '@kafkaesque/sim';
import type { Cluster, Member } from './cluster';
import type { NemesisShape } from './shape';

type Deed = keyof NemesisShape;

/** What is known of the cluster's state by whoever does harm where it hurts. */
export interface Insight {
  /** Told when a broker comes to lead. */
  elected: (nodeId: number) => void;
  leaders(): ReadonlySet<number>;
  /** Whether everything that a broker holds is elsewhere too. */
  isSpare(nodeId: number): boolean;
  isSpareDirectory(nodeId: number, directoryId: string): boolean;
}

/** Does harm at random times, at the rates of the seed's shape, in turns with quiet. */
export class Nemesis {
  /** What was done, beside what machines, disks and network count. */
  readonly counts = { blackouts: 0, stalls: 0, quietTurns: 0, killedWhenElected: 0 };
  readonly #cluster: Cluster;
  /** Hosts of clients, which may be cut off as well. */
  readonly #clients: readonly string[];
  readonly #oracle: Insight;
  readonly #random: Random;
  #isQuiet = false;
  /** A leader is cut off until then, and nothing else is done to links. */
  #isolatedUntilMs = 0;
  #over = false;

  constructor(cluster: Cluster, clients: readonly string[], oracle: Insight) {
    this.#cluster = cluster;
    this.#oracle = oracle;
    this.#clients = clients;
    this.#random = cluster.random.fork('nemesis');
  }

  begin(): void {
    const { nemesis, turnMs } = this.#cluster.shape;
    for (const deed of Object.keys(nemesis) as Deed[]) this.#plan(deed, nemesis[deed]);
    if (turnMs !== Infinity) this.#turn(this.#random.fork('turns'), turnMs);
    if (nemesis.killMs === Infinity) return;
    const random = this.#random.fork('elected');
    this.#oracle.elected = (nodeId) => this.#elected(nodeId, random);
  }

  /** Nothing more is done; what is under way stays. */
  rest(): void {
    this.#over = true;
  }

  /** Harm and quiet take turns; quiet begins with everything healed. */
  #turn(random: Random, turnMs: number): void {
    const { scheduler, network } = this.#cluster;
    scheduler.after(1 + random.below(turnMs), 'nemesis.turn', () => {
      if (this.#over) return;
      this.#isQuiet = !this.#isQuiet && random.below(2) === 0;
      if (this.#isQuiet) {
        this.counts.quietTurns += 1;
        network.heal();
      }
      this.#turn(random, turnMs);
    });
  }

  /** Every deed has a stream of chance of its own: without one of them, the others happen as before. */
  #plan(deed: Deed, meanMs: number): void {
    const random = this.#random.fork(deed);
    if (meanMs === Infinity) return;
    const next = (): void => {
      this.#cluster.scheduler.after(2 * meanMs * random.fraction(), `nemesis.${deed}`, () => {
        if (this.#over) return;
        if (!this.#isQuiet) this.#do(deed, random);
        next();
      });
    };
    next();
  }

  #do(deed: Deed, random: Random): void {
    switch (deed) {
      case 'killMs':
        return this.#kill(random, 'kill');
      case 'powerLossMs':
        return this.#kill(random, 'power');
      case 'deathAtCallMs':
        this.#alive(random)?.machine.dieAtCall(
          1 + random.below(60),
          random.below(2) === 0 ? 'kill' : 'power',
        );
        return;
      case 'pauseMs':
        return this.#pause(random);
      case 'partitionMs':
        return this.#partition(random);
      case 'clogMs':
        return this.#clog(random);
      case 'stallMs':
        return this.#stall(random);
      case 'wallJumpMs':
        this.#alive(random)?.machine.jumpWall(random.below(7_200_000) - 3_600_000);
        return;
      case 'blackoutMs':
        return this.#blackout(random);
      case 'shutdownMs':
        return this.#shutdown(random);
      case 'wipeMs':
        return this.#wipe(random);
      case 'breakMs':
        return this.#break(random);
      case 'replaceMs':
        return this.#replace(random);
      default:
        return assertNever(deed);
    }
  }

  #alive(random: Random): Member | undefined {
    const found = this.#cluster.members.filter(({ machine }) => machine.process !== undefined);
    return found[random.below(Math.max(found.length, 1))];
  }

  /** A broker leads since just now, and may not do so for long: what it has not sent on yet is nobody else's. */
  #elected(nodeId: number, random: Random): void {
    const { scheduler, members } = this.#cluster;
    if (random.below(4) > 0) return;
    scheduler.after(40 * random.fraction() ** 2, 'nemesis.elected', () => {
      const member = members.find((candidate) => candidate.nodeId === nodeId);
      if (this.#over || this.#isQuiet || member?.machine.process === undefined) return;
      this.counts.killedWhenElected += 1;
      this.#cluster.kill(member, 'kill');
    });
  }

  /** A node that leads a partition. */
  #leader(random: Random): Member | undefined {
    const leaders = this.#oracle.leaders();
    const found = this.#cluster.members.filter(
      ({ nodeId, machine }) => machine.process !== undefined && leaders.has(nodeId),
    );
    return found[random.below(Math.max(found.length, 1))];
  }

  #kill(random: Random, kind: Death): void {
    const member = (random.below(2) === 0 ? this.#leader(random) : undefined) ?? this.#alive(random);
    if (member !== undefined) this.#cluster.kill(member, kind);
  }

  #shutdown(random: Random): void {
    const member = (random.below(2) === 0 ? this.#leader(random) : undefined) ?? this.#alive(random);
    if (member !== undefined) this.#cluster.shutdown(member, random.below(2) === 0 ? 'kill' : 'power');
  }

  /** A disk at a time, and only while all that it holds is elsewhere too: what is beyond that nobody promises. */
  #wipe(random: Random): void {
    const found = this.#cluster.members.filter(({ roles }) => !roles.includes('controller'));
    const member = found[random.below(Math.max(found.length, 1))];
    if (member === undefined || !this.#oracle.isSpare(member.nodeId)) return;
    this.#cluster.wipe(member);
  }

  /** One of a broker's several directories, and not the one that has the log of the quorum in it. */
  #someDirectory(random: Random): { readonly member: Member; readonly directory: string } | undefined {
    const { members, shape } = this.#cluster;
    const member = members[random.below(members.length)];
    const found = member?.directories.slice(member.roles.includes('controller') ? 1 : 0) ?? [];
    const directory = found[random.below(Math.max(found.length, 1))];
    if (member === undefined || directory === undefined || shape.directoryCount === 1) return undefined;
    return { member, directory };
  }

  #break(random: Random): void {
    const { shape, scheduler } = this.#cluster;
    const chosen = this.#someDirectory(random);
    const forMs = 1 + random.below(shape.brokenForMs);
    if (chosen === undefined) return;
    const { member, directory } = chosen;
    if (!this.#cluster.breakDirectory(member, directory)) return;
    const ofEnd = random.fork(`end ${scheduler.eventCount}`);
    scheduler.after(forMs, 'nemesis.repair', () => {
      if (member.broken !== directory) return;
      // Half of the time as it was, the other half another disk is in its place.
      const isReplaced = ofEnd.below(2) === 0 && shape.nemesis.replaceMs !== Infinity;
      if (isReplaced && this.#isSpare(member, directory)) this.#cluster.replaceDirectory(member, directory);
      else this.#cluster.repairDirectory(member);
    });
    if (forMs <= 2 * shape.sessionMs || ofEnd.below(2) === 0) return;
    // Its broker is to start without it.
    scheduler.after(ofEnd.below(forMs / 2), 'nemesis.restart', () => {
      if (!this.#over && member.broken === directory && member.machine.process !== undefined)
        this.#cluster.kill(member, 'kill');
    });
  }

  /** Only while all that it holds is elsewhere too. */
  #replace(random: Random): void {
    const chosen = this.#someDirectory(random);
    if (chosen === undefined) return;
    const { member, directory } = chosen;
    if (member.broken === undefined && this.#isSpare(member, directory))
      this.#cluster.replaceDirectory(member, directory);
  }

  #isSpare({ nodeId, directoryIds }: Member, directory: string): boolean {
    return this.#oracle.isSpareDirectory(nodeId, directoryIds.get(directory) ?? '');
  }

  #pause(random: Random): void {
    const { scheduler, shape, say } = this.#cluster;
    const member = this.#alive(random);
    const life = member?.machine.process?.life;
    if (member === undefined || life === undefined || life.paused) return;
    member.machine.pause();
    const forMs = 1 + random.below(shape.longestPauseMs);
    say?.(member.machine.name, `stands still for ${forMs} ms`);
    scheduler.after(forMs, 'resume', () => life.resume());
  }

  #partition(random: Random): void {
    const { scheduler, network, shape, members, say } = this.#cluster;
    if (scheduler.nowMs < this.#isolatedUntilMs) return;
    const names = [...members.map(({ machine }) => machine.name), ...this.#clients];
    const leader = random.below(2) === 0 ? this.#leader(random)?.machine.name : undefined;
    const { groups, oneWay } =
      leader === undefined ? drawPartition(random, names) : isolated(random, leader, this.#clients, names);
    network.partition(groups, oneWay);
    say?.(
      'network',
      `${oneWay ? 'cut one way' : 'cut'}: ${groups.map((group) => group.join(' ')).join(' | ')}`,
    );
    // Long enough for the others to elect another.
    const forMs =
      leader === undefined
        ? random.below(shape.partitionForMs)
        : shape.sessionMs * (1 + 2 * random.fraction());
    if (leader !== undefined) this.#isolatedUntilMs = scheduler.nowMs + forMs;
    scheduler.after(forMs, 'nemesis.heal', () => {
      if (this.#over || scheduler.nowMs < this.#isolatedUntilMs) return;
      network.heal();
      say?.('network', 'is whole');
    });
  }

  #clog(random: Random): void {
    const { network, members, shape } = this.#cluster;
    const names = [...members.map(({ machine }) => machine.name), ...this.#clients];
    const name = (): string => names[random.below(names.length)] ?? '';
    network.clog(name(), name(), 1 + random.below(shape.partitionForMs));
  }

  #stall(random: Random): void {
    const { members, scheduler, shape, say } = this.#cluster;
    const { machine } = members[random.below(members.length)] ?? {};
    if (machine === undefined) return;
    const forMs = 1 + random.below(shape.partitionForMs);
    this.counts.stalls += 1;
    say?.(machine.name, `has a slow disk for ${forMs} ms`);
    machine.disk.faults = { ...machine.disk.faults, slow: 0.8, slowMs: 100 + random.below(2_000) };
    scheduler.after(forMs, 'nemesis.unstall', () => {
      const { slow, slowMs } = shape.disk;
      machine.disk.faults = { ...machine.disk.faults, slow: this.#over ? 0 : slow, slowMs };
    });
  }

  #blackout(random: Random): void {
    this.counts.blackouts += 1;
    for (const member of this.#cluster.members)
      if (member.machine.process !== undefined)
        this.#cluster.kill(member, random.below(4) === 0 ? 'kill' : 'power');
  }
}

/** A leader cut off from the other brokers, with a client that goes on asking it. */
const isolated = (
  random: Random,
  leader: string,
  clients: readonly string[],
  names: readonly string[],
): Partition => {
  const client = clients[random.below(clients.length)];
  const few = names.filter((name) => name === leader || name === client);
  const others = names.filter((name) => !few.includes(name));
  return { groups: random.below(2) === 0 ? [few, others] : [others, few], oneWay: random.below(4) === 0 };
};
