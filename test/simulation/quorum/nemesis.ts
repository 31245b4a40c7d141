import type { Random } from '@kafkaesque/kernel';
import { assertNever } from '@kafkaesque/kernel';
import type { ReplicaKey, VoterSet } from '@kafkaesque/protocol';
import type { MembershipChange } from '@kafkaesque/raft';
import type { RaftQuorum } from '@kafkaesque/server';
import { drawPartition, noDiskFaults } from '@kafkaesque/sim';
import type { Death, Partition, SimulatedMachine } from '@kafkaesque/sim';
import type { Cluster, Member } from './cluster';
import { METADATA } from './node';
import type { QuorumOracle } from './oracle/quorum-oracle';
import { keyOf } from './oracle/watched-raft';
import type { NemesisShape } from './shape';

/** What was done to the quorum, beside what machines, disks and network count. */
export interface NemesisCounts {
  blackouts: number;
  wipes: number;
  bitRot: number;
  membershipChanges: number;
  transfers: number;
  snapshots: number;
  strobes: number;
  stalls: number;
}

type Deed = keyof NemesisShape;

/** A controller that leads, or says so. */
interface Leader {
  readonly replica: ReplicaKey;
  readonly quorum: RaftQuorum;
}

/** Does harm at random times, at the rates of the seed's shape, as long as a majority of every voter set keeps its disks. */
export class Nemesis {
  readonly counts: NemesisCounts = {
    blackouts: 0,
    wipes: 0,
    bitRot: 0,
    membershipChanges: 0,
    transfers: 0,
    snapshots: 0,
    strobes: 0,
    stalls: 0,
  };
  /** How changes of membership ended. */
  readonly outcomes: Record<string, number> = {};
  readonly #cluster: Cluster;
  readonly #oracle: QuorumOracle;
  /** Lets a client ask that member for something. */
  readonly #propose: (member: Member) => void;
  readonly #random: Random;
  /** Changes of membership without an outcome; of a process that died they stay so. */
  readonly #pending: MembershipChange[] = [];
  /** A leader is cut off until then, and nothing else is done to links. */
  #isolatedUntilMs = 0;
  /** Until then, what operators asked for may still begin: another voter, another leader. */
  #askedUntilMs = 0;
  #over = false;

  constructor(cluster: Cluster, oracle: QuorumOracle, propose: (member: Member) => void) {
    this.#cluster = cluster;
    this.#propose = propose;
    this.#oracle = oracle;
    this.#random = cluster.random.fork('nemesis');
  }

  /** Nothing that an operator asked for is still waiting for its turn; a change of voters may be in the log. */
  get isAskedNothing(): boolean {
    return this.#cluster.scheduler.nowMs >= this.#askedUntilMs;
  }

  begin(): void {
    const { nemesis } = this.#cluster.shape;
    for (const deed of Object.keys(nemesis) as Deed[]) this.#plan(deed, nemesis[deed]);
    const random = this.#random.fork('elected');
    if (nemesis.membershipMs !== Infinity) this.#oracle.elected = (nodeId) => this.#elected(nodeId, random);
  }

  /** Nothing more is done; what is under way stays. */
  rest(): void {
    this.#over = true;
  }

  /** Every deed has a stream of chance of its own: without one of them, the others happen as before. */
  #plan(deed: Deed, meanMs: number): void {
    const random = this.#random.fork(deed);
    if (meanMs === Infinity) return;
    const next = (): void => {
      this.#cluster.scheduler.after(2 * meanMs * random.fraction(), `nemesis.${deed}`, () => {
        if (this.#over) return;
        this.#do(deed, random);
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
        return this.#dieAtCall(random);
      case 'pauseMs':
        return this.#pause(random);
      case 'partitionMs':
        return this.#partition(random);
      case 'clogMs':
        return this.#clog(random);
      case 'wipeMs':
        return this.#wipe(random);
      case 'bitRotMs':
        return this.#rot(random);
      case 'membershipMs':
        return this.#changeMembership(random);
      case 'transferMs':
        return this.#transfer(random);
      case 'snapshotMs':
        return this.#snapshot(random);
      case 'stallMs':
        return this.#stall(random);
      case 'wallJumpMs':
        return this.#jumpWall(random);
      case 'blackoutMs':
        return this.#blackout(random);
      default:
        return assertNever(deed);
    }
  }

  #pick(random: Random, suits: (member: Member) => boolean): Member | undefined {
    const found = this.#cluster.members.filter(suits);
    return found[random.below(Math.max(found.length, 1))];
  }

  #alive(random: Random): Member | undefined {
    return this.#pick(random, ({ machine }) => machine.process !== undefined);
  }

  #leader(): Leader | undefined {
    for (const { running } of this.#cluster.members)
      if (running?.quorum?.leadership.kind === 'leader')
        return { replica: running.replica, quorum: running.quorum };
    return undefined;
  }

  #kill(random: Random, kind: Death): void {
    const leader = this.#leader();
    const chosen =
      random.below(2) === 0
        ? this.#pick(random, ({ nodeId }) => nodeId === leader?.replica.nodeId)
        : undefined;
    const member = chosen ?? this.#alive(random);
    if (member !== undefined) this.#cluster.kill(member, kind);
  }

  #dieAtCall(random: Random): void {
    const member = this.#alive(random);
    member?.machine.dieAtCall(1 + random.below(30), random.below(2) === 0 ? 'kill' : 'power');
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
    if (this.#cluster.nowMs < this.#isolatedUntilMs) return;
    const names = members.map(({ machine }) => machine.name);
    const leader = this.#leader()?.replica.nodeId;
    const alone = members.find(({ nodeId }) => nodeId === leader);
    const isLeaders = alone !== undefined && random.below(2) === 0;
    const { groups, oneWay } = isLeaders
      ? isolated(random, alone.machine.name, names)
      : drawPartition(random, names);
    // Long enough for the others to elect another.
    const { fetchTimeoutMs } = shape.settings;
    const forMs = isLeaders
      ? fetchTimeoutMs * (1 + 3 * random.fraction())
      : random.below(shape.partitionForMs);
    if (isLeaders) this.#leaveBehind(random, alone);
    if (isLeaders) this.#isolatedUntilMs = this.#cluster.nowMs + forMs;
    // What is overridden may still be on its way to the disk.
    if (isLeaders && shape.nemesis.stallMs !== Infinity && random.below(2) === 0)
      for (const { machine } of members)
        if (groups[0]?.includes(machine.name) === true)
          this.#stallDisk(machine, forMs + fetchTimeoutMs, random);
    network.partition(groups, oneWay);
    say?.(
      'network',
      `${oneWay ? 'cut one way' : 'cut'}: ${groups.map((group) => group.join(' ')).join(' | ')}`,
    );
    scheduler.after(forMs, 'nemesis.heal', () => {
      if (this.#over || this.#cluster.nowMs < this.#isolatedUntilMs) return;
      network.heal();
      say?.('network', 'is whole');
    });
  }

  /** Whoever leads without knowing that it is alone is given something that another leader will override. */
  #leaveBehind(random: Random, leader: Member): void {
    const { scheduler, shape } = this.#cluster;
    for (let count = random.below(12); count > 0; count--)
      scheduler.after(shape.settings.fetchTimeoutMs * random.fraction(), 'nemesis.propose', () => {
        if (!this.#over) this.#propose(leader);
      });
  }

  #clog(random: Random): void {
    const { network, members, shape } = this.#cluster;
    const name = (): string => members[random.below(members.length)]?.machine.name ?? '';
    network.clog(name(), name(), 1 + random.below(shape.partitionForMs));
  }

  #wipe(random: Random): void {
    const member = this.#pick(random, (candidate) => this.#canLose(candidate));
    if (member === undefined) return;
    this.counts.wipes += 1;
    this.#oracle.forget(keyOf(member.replica));
    this.#cluster.wipe(member);
  }

  /** Flips a bit of something that was durable and is not the last that was: then it must be noticed, or not matter. */
  #rot(random: Random): void {
    const { members, say } = this.#cluster;
    const rotten = members.find(({ refusal }) => refusal !== undefined);
    if (rotten !== undefined && this.#cluster.shape.nemesis.wipeMs !== Infinity) {
      this.#oracle.forget(keyOf(rotten.replica));
      this.#cluster.wipe(rotten);
      return;
    }
    const member = this.#pick(random, (candidate) => this.#canLose(candidate) && !candidate.isRotten);
    if (member === undefined) return;
    const { disk, name } = member.machine;
    const log = this.#cluster.durableLogOf(keyOf(member.replica));
    const places = disk
      .files()
      .filter(({ path }) => path.startsWith(METADATA) && !path.endsWith('.part'))
      .map(({ path, sizeBytes }) => ({
        path,
        bytes: Math.min(sizeBytes, log?.provenBytesOf(path) ?? sizeBytes),
      }))
      .filter(({ bytes }) => bytes > 0);
    const place = places[random.below(Math.max(places.length, 1))];
    if (place === undefined) return;
    this.counts.bitRot += 1;
    member.isRotten = true;
    const at = random.below(place.bytes);
    disk.flip(place.path, at);
    say?.(name, `has a flipped bit in ${place.path} at ${at}`);
    if (member.machine.process !== undefined) this.#cluster.kill(member, 'kill');
  }

  /** Whether every voter set that is or may come to be in force would still have a majority of intact disks without this one. */
  #canLose(member: Member): boolean {
    if (member.isFormatting || member.role === 'broker') return false;
    const sets = this.#oracle.voterSets();
    const possible = [
      ...sets,
      ...this.#pending.flatMap((change) => sets.map((voters) => changed(voters, change))),
    ];
    return possible.every((voters) => this.#keepsMajority(voters, member));
  }

  #keepsMajority(voters: VoterSet, without?: Member): boolean {
    const intact = voters.filter((voter) => {
      const found = this.#cluster.memberOf(this.#cluster.replicaOf(voter));
      return found !== undefined && found !== without && !found.isRotten && found.refusal === undefined;
    });
    return voters.length === 0 || intact.length * 2 > voters.length;
  }

  #changeMembership(random: Random): void {
    const leader = this.#leader();
    if (leader !== undefined) this.#askForChange(random, leader);
  }

  /** A replica leads since just now: an operator may be too quick for it. */
  #elected(nodeId: number, random: Random): void {
    const { scheduler, members } = this.#cluster;
    if (random.below(4) > 0) return;
    scheduler.after(20 * random.fraction(), 'nemesis.elected', () => {
      const member = members.find((candidate) => candidate.nodeId === nodeId);
      const quorum = member?.running?.quorum;
      if (!this.#over && member !== undefined && quorum !== undefined)
        this.#askForChange(random, { replica: member.replica, quorum });
    });
  }

  #askForChange(random: Random, leader: Leader): void {
    const change = this.#drawChange(random, leader.quorum.voters, leader.replica);
    if (change === undefined) return;
    // An operator does not take the majority away, and neither does one who answers late.
    const sets = [leader.quorum.voters, ...this.#oracle.voterSets()];
    if (!sets.every((voters) => this.#keepsMajority(changed(voters, change)))) return;
    this.#pending.push(change);
    this.counts.membershipChanges += 1;
    const timeoutMs = 1 + random.below(5_000);
    this.#asked(timeoutMs);
    const who = keyOf(change.voter);
    this.#cluster.say?.('operator', `asks ${leader.replica.nodeId} to ${change.kind} ${who}`);
    void leader.quorum
      .changeMembership(change, {
        timeoutMs,
        answerWhenAppended: random.below(3) === 0,
      })
      .then((outcome) => {
        this.#pending.splice(this.#pending.indexOf(change), 1);
        this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
        this.#cluster.say?.('operator', `${change.kind} ${who}: ${outcome}`);
      });
    // Whoever has begun a change may not live to end it.
    if (random.below(6) > 0 || this.#cluster.shape.nemesis.deathAtCallMs === Infinity) return;
    const member = this.#cluster.memberOf(keyOf(leader.replica));
    member?.machine.dieAtCall(1 + random.below(12), random.below(2) === 0 ? 'kill' : 'power');
  }

  #drawChange(random: Random, voters: VoterSet, leader: ReplicaKey): MembershipChange | undefined {
    const { controllers: members } = this.#cluster;
    const gone = voters.find((voter) => {
      const member = this.#cluster.memberOf(this.#cluster.replicaOf(voter));
      return member === undefined || member.refusal !== undefined;
    });
    if (gone !== undefined && random.below(4) > 0) return { kind: 'remove', voter: gone };
    const outside = members.filter(
      ({ replica, running }) =>
        running !== undefined && !voters.some((voter) => keyOf(voter) === keyOf(replica)),
    );
    const choice = random.below(4);
    const candidate = outside[random.below(Math.max(outside.length, 1))];
    if (choice < 2 && candidate !== undefined)
      return { kind: 'add', voter: this.#cluster.voterOf(candidate.replica) };
    const voter = voters[random.below(Math.max(voters.length, 1))];
    if (voter === undefined) return undefined;
    if (choice === 3) return { kind: 'update', voter };
    const isLeaders = random.below(3) === 0 && voters.some((one) => keyOf(one) === keyOf(leader));
    return { kind: 'remove', voter: isLeaders ? leader : voter };
  }

  #transfer(random: Random): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    this.counts.transfers += 1;
    this.#asked(this.#cluster.shape.settings.electionTimeoutMs);
    const voter = leader.quorum.voters[random.below(Math.max(leader.quorum.voters.length, 1))];
    leader.quorum.transfer(random.below(2) === 0 ? undefined : voter?.nodeId);
  }

  #asked(patienceMs: number): void {
    this.#askedUntilMs = Math.max(this.#askedUntilMs, this.#cluster.scheduler.nowMs + patienceMs);
  }

  #snapshot(random: Random): void {
    const member = this.#pick(random, ({ running }) => running?.quorum !== undefined);
    if (member === undefined) return;
    this.counts.snapshots += 1;
    member.running?.quorum?.takeSnapshot();
  }

  #stall(random: Random): void {
    const { members, shape } = this.#cluster;
    const { machine } = members[random.below(members.length)] ?? {};
    if (machine !== undefined) this.#stallDisk(machine, 1 + random.below(shape.partitionForMs), random);
  }

  #stallDisk(machine: SimulatedMachine, forMs: number, random: Random): void {
    const { scheduler, shape, say } = this.#cluster;
    this.counts.stalls += 1;
    say?.(machine.name, `has a slow disk for ${forMs.toFixed(0)} ms`);
    machine.disk.faults = { ...machine.disk.faults, slow: 0.8, slowMs: 100 + random.below(2_000) };
    scheduler.after(forMs, 'nemesis.unstall', () => {
      const { slow, slowMs } = this.#over ? noDiskFaults : shape.disk;
      machine.disk.faults = { ...machine.disk.faults, slow, slowMs };
    });
  }

  #jumpWall(random: Random): void {
    const member = this.#cluster.members[random.below(this.#cluster.members.length)];
    const byMs = random.below(7_200_000) - 3_600_000;
    if (random.below(2) === 0) member?.machine.jumpWall(byMs);
    else {
      this.counts.strobes += 1;
      member?.machine.strobeWall(byMs, 1 + random.below(200), 2 * (1 + random.below(10)));
    }
  }

  #blackout(random: Random): void {
    this.counts.blackouts += 1;
    for (const member of this.#cluster.members)
      if (member.machine.process !== undefined)
        this.#cluster.kill(member, random.below(4) === 0 ? 'kill' : 'power');
  }
}

/** One machine cut off from the others, perhaps with one that goes with it: wholly, or deaf, or dumb. */
const isolated = (random: Random, leader: string, names: readonly string[]): Partition => {
  const companion = names[random.below(names.length * 2)];
  const few = names.filter((name) => name === leader || name === companion);
  const others = names.filter((name) => !few.includes(name));
  return { groups: random.below(2) === 0 ? [few, others] : [others, few], oneWay: random.below(3) === 0 };
};

/** The voters after a change. */
const changed = (voters: VoterSet, change: MembershipChange): VoterSet => {
  const others = voters.filter(({ nodeId }) => nodeId !== change.voter.nodeId);
  return change.kind === 'remove' ? others : [...others, change.voter];
};
