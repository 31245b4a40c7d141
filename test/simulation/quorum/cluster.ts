import { BrokerId, SeededRandom, hasCode, messageOf, silentLogger } from '@kafkaesque/kernel';
import { encodeVoterSet } from '@kafkaesque/protocol';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import { ANY_DIRECTORY } from '@kafkaesque/raft';
import { Scheduler, SimulatedMachine, SimulatedNetwork } from '@kafkaesque/sim';
import type { Death, DiskFaults, ProcessLife } from '@kafkaesque/sim';
import { writeSnapshot } from '@kafkaesque/storage';
import { Violation } from '../runner/suite';
import { CLUSTER, DATA, METADATA, hostOf, startNode, voterOn } from './node';
import type { RunningNode } from './node';
import { DurableLog } from './oracle/durable-log';
import type { OracleWorld } from './oracle/quorum-oracle';
import { keyOf } from './oracle/watched-raft';
import type { QuorumShape } from './shape';

/** A machine of the cluster, the disk that is in it now, and what runs on it. */
export interface Member {
  readonly role: 'controller' | 'broker';
  readonly nodeId: BrokerId;
  readonly machine: SimulatedMachine;
  replica: ReplicaKey;
  running: RunningNode | undefined;
  /** Its disk is being formatted: nothing runs, and nothing is done to it. */
  isFormatting: boolean;
  /** Damage was done to its files: it may refuse to start, and then stays away. */
  isRotten: boolean;
  /** Why it will not start any more. */
  refusal: string | undefined;
}

/** Counts of what became of processes, beside what machines, disks and network count. */
export interface ClusterCounts {
  starts: number;
  failedStarts: number;
  faults: number;
  refusals: number;
}

/** Brokers that follow the metadata have ids from here on. */
const FIRST_BROKER = 51;

/** Codes that a failing disk may end a process with, or keep it from starting. */
const diskCodes = ['EIO', 'ENOSPC', 'WRITE_AHEAD_LOG_FAILED'] as const;
const corruptCodes = ['CORRUPT_WRITE_AHEAD_LOG', 'CORRUPT_SNAPSHOT', 'WRITE_AHEAD_LOG_LOST'] as const;

const calmed = (faults: DiskFaults): DiskFaults => ({
  ...faults,
  ...{ noSpace: 0, writeError: 0, syncError: 0, slow: 0 },
});

/** Machines, disks and processes of one quorum: who is who, and what may befall whom. */
export class Cluster implements OracleWorld {
  readonly scheduler = new Scheduler();
  readonly network: SimulatedNetwork;
  readonly members: Member[] = [];
  readonly random: SeededRandom;
  readonly shape: QuorumShape;
  readonly counts: ClusterCounts = { starts: 0, failedStarts: 0, faults: 0, refusals: 0 };
  readonly initialVoters: VoterSet;
  /** What must never happen to a process has happened. */
  violation: Violation | undefined;
  /** Told when a controller has started. */
  started: (member: Member, node: RunningNode) => void = () => undefined;
  say: ((node: string, what: string) => void) | undefined;
  readonly #durable = new Map<string, DurableLog>();
  #diskCount = 0;
  #areDisksCalm = false;

  constructor(seed: number, shape: QuorumShape) {
    this.random = new SeededRandom(seed, 'quorum-world');
    this.shape = shape;
    const random = this.random.fork('network');
    this.network = new SimulatedNetwork({ random, scheduler: this.scheduler, faults: shape.network });
    for (let index = 0; index < shape.voterCount + shape.learnerCount; index++)
      this.#addMember(1 + index, 'controller');
    for (let index = 0; index < shape.brokerCount; index++) this.#addMember(FIRST_BROKER + index, 'broker');
    const voters = this.members.slice(0, shape.voterCount).map(({ replica }) => this.voterOf(replica));
    this.initialVoters = voters;
  }

  get controllers(): readonly Member[] {
    return this.members.filter(({ role }) => role === 'controller');
  }

  /** The voter that a replica is, or would be. */
  voterOf(replica: ReplicaKey): Voter {
    return voterOn(this.shape.identity === 'static' ? { ...replica, directoryId: ANY_DIRECTORY } : replica);
  }

  /** Formats the disks of all members, before anything goes wrong. */
  async format(): Promise<void> {
    for (const member of this.controllers) {
      const isVoter = member.nodeId <= this.shape.voterCount;
      await this.scheduler.settle(this.formatDisk(member, isVoter ? this.initialVoters : []));
    }
  }

  /** Writes what formatting writes: a snapshot of nothing, with the voters. */
  async formatDisk(member: Member, voters: VoterSet): Promise<void> {
    const { disk } = member.machine;
    const { faults } = disk;
    member.isFormatting = true;
    disk.faults = { ...faults, noSpace: 0, writeError: 0, syncError: 0 };
    const mount = disk.mount();
    await mount.makeDirectory(METADATA);
    await mount.syncDirectory(DATA);
    // Voters without directories come from configuration; then there is nothing to write down.
    if (this.shape.identity !== 'static') {
      const place = { disk: mount, directory: METADATA, clusterId: CLUSTER };
      await writeSnapshot(place, { index: 0, term: 0, voters: encodeVoterSet(voters), chunks: [] });
    }
    disk.crash('kill');
    disk.faults = this.#areDisksCalm ? calmed(faults) : faults;
    member.isFormatting = false;
  }

  /** From now on disks do not fail, and take their ordinary time. */
  calmDisks(): void {
    this.#areDisksCalm = true;
    for (const { machine } of this.members) machine.disk.faults = calmed(machine.disk.faults);
  }

  start(member: Member): void {
    const { machine, replica } = member;
    if (machine.process !== undefined || member.refusal !== undefined || member.isFormatting) return;
    this.counts.starts += 1;
    const process = machine.start();
    const { life } = process;
    this.say?.(machine.name, `starts on disk ${replica.directoryId}`);
    startNode({
      process,
      replica,
      role: member.role,
      shape: this.shape,
      controllerIds: this.controllers.map(({ nodeId }) => nodeId),
      fault: (what, cause) => this.#fault(member, life, what, cause),
      logger: silentLogger,
    }).then(
      (controller) => {
        if (!life.alive) return;
        member.running = controller;
        this.started(member, controller);
      },
      (cause: unknown) => {
        if (life.alive) this.#startFailed(member, cause);
      },
    );
  }

  /** The process ends, and is started again after a while unless it is to stay away. */
  kill(member: Member, kind: Death, again = true): void {
    const { machine } = member;
    this.say?.(machine.name, kind === 'kill' ? 'is killed' : 'loses power');
    machine.die(kind);
    this.#dead(member, again);
  }

  /** A new, formatted disk in place of the old one: another replica, without a vote. */
  wipe(member: Member): void {
    const { machine } = member;
    if (machine.process !== undefined) this.kill(member, 'power', false);
    this.say?.(machine.name, 'gets an empty disk');
    this.#durable.get(keyOf(member.replica))?.detach();
    machine.wipe([DATA]);
    this.#takeDisk(member);
    member.isRotten = false;
    member.refusal = undefined;
    void this.formatDisk(member, []).then(() => {
      this.scheduler.after(1 + this.random.below(this.shape.downMs), 'start', () => this.start(member));
    });
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** A little more than a leader goes on by its own clock, which may be slow, and not looked at for a heartbeat. */
  get longestSilenceMs(): number {
    const { fetchTimeoutMs, heartbeatMs } = this.shape.settings;
    return 1.01 * (fetchTimeoutMs + heartbeatMs) + 1;
  }

  lifeOf(replica: string): ProcessLife | undefined {
    const found = this.members.find((member) => keyOf(member.replica) === replica);
    return found?.machine.process?.life;
  }

  durableLogOf(replica: string): DurableLog | undefined {
    return this.#durable.get(replica);
  }

  replicaOn(host: string): string | undefined {
    const found = this.members.find(({ machine }) => machine.name === host);
    return found === undefined ? undefined : keyOf(found.replica);
  }

  replicaOf(voter: ReplicaKey): string {
    if (voter.directoryId !== ANY_DIRECTORY) return keyOf(voter);
    return this.replicaOn(hostOf(voter.nodeId)) ?? keyOf(voter);
  }

  memberOf(replica: string): Member | undefined {
    return this.members.find((member) => keyOf(member.replica) === replica);
  }

  #addMember(nodeId: number, role: Member['role']): void {
    const { random, scheduler, network, shape } = this;
    const own = random.fork(`machine ${nodeId}`);
    const machine: SimulatedMachine = new SimulatedMachine({
      name: hostOf(nodeId),
      random: own,
      scheduler,
      network,
      directories: [DATA],
      faults: shape.disk,
      driftPpm: shape.driftPpm === 0 ? 0 : own.below(2 * shape.driftPpm + 1) - shape.driftPpm,
      wallSkewMs: own.below(2000) - 1000,
      died: (kind) => {
        this.say?.(machine.name, `dies amid a step (${kind})`);
        this.#dead(member, true);
      },
    });
    const member: Member = {
      role,
      nodeId: BrokerId(nodeId),
      machine,
      replica: { nodeId: BrokerId(nodeId), directoryId: ANY_DIRECTORY },
      running: undefined,
      isFormatting: false,
      isRotten: false,
      refusal: undefined,
    };
    if (role === 'controller') this.#takeDisk(member);
    this.members.push(member);
  }

  #takeDisk(member: Member): void {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(member.nodeId, 0);
    id.writeUInt32BE(++this.#diskCount, 12);
    member.replica = { nodeId: member.nodeId, directoryId: id.toString('base64url') };
    const log = new DurableLog(member.machine.disk, METADATA);
    this.#durable.set(keyOf(member.replica), log);
    member.machine.disk.synced = (path) => {
      if (path.startsWith(METADATA)) log.refresh(path);
    };
  }

  #dead(member: Member, again: boolean): void {
    member.running = undefined;
    if (!again) return;
    const { random, shape, scheduler } = this;
    const downMs = 1 + random.below(shape.downMs);
    if (random.below(2) === 0) scheduler.after(downMs / 2, 'boot', () => member.machine.boot());
    scheduler.after(downMs, 'start', () => this.start(member));
  }

  #fault(member: Member, life: ProcessLife, what: string, cause: unknown): void {
    if (!life.alive) return;
    this.say?.(member.machine.name, `cannot go on: ${what}: ${messageOf(cause)}`);
    this.counts.faults += 1;
    if (!diskCodes.some((code) => hasCode(cause, code)))
      this.#violate('a process goes on', `${member.machine.name}: ${what}: ${messageOf(cause)}`, cause);
    // After a failed sync the page cache shows what the disk may lack: the machine is switched off.
    this.kill(member, 'power');
  }

  #startFailed(member: Member, cause: unknown): void {
    const { machine } = member;
    const text = messageOf(cause);
    this.say?.(machine.name, `does not start: ${text}`);
    this.counts.failedStarts += 1;
    if (diskCodes.some((code) => hasCode(cause, code))) {
      this.kill(member, 'power');
      return;
    }
    if (!member.isRotten || !corruptCodes.some((code) => hasCode(cause, code)))
      this.#violate('an undamaged disk starts', `${machine.name}: ${text}`, cause);
    else if (!text.includes(METADATA))
      this.#violate('a refusal names the file', `${machine.name}: ${text}`, cause);
    member.refusal = text;
    this.counts.refusals += 1;
    this.kill(member, 'kill', false);
  }

  #violate(invariant: string, message: string, cause: unknown): void {
    const stack = cause instanceof Error ? `\n${cause.stack ?? ''}` : '';
    this.violation ??= new Violation(invariant, `${message}${stack}`);
  }
}
