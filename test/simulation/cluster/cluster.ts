import { BrokerId, SeededRandom, hasCode, messageOf } from '@kafkaesque/kernel';
import type { LogFields, Logger } from '@kafkaesque/kernel';
import type { Node, NodeView } from '@kafkaesque/server';
import { Scheduler, SimulatedMachine, SimulatedNetwork } from '@kafkaesque/sim';
import type { Death, DiskFaults, ProcessLife } from '@kafkaesque/sim';
import { writeMetaProperties } from '@kafkaesque/storage';
import { Violation } from '../runner/suite';
import { CLUSTER, directoriesOf, hostOf, startClusterNode } from './node';
import type { NodeRole } from './node';
import type { ClusterShape } from './shape';

/** A node that has not stopped by then is killed. */
const STOPS_WITHIN_MS = 40_000;
const CONTROLLERS = 3;
const FIRST_CONTROLLER = 101;
const BOTH = ['broker', 'controller'] as const;

/** A machine of the cluster, and what runs on it. */
export interface Member {
  readonly nodeId: number;
  readonly roles: readonly NodeRole[];
  readonly machine: SimulatedMachine;
  running: Node | undefined;
  isStopping: boolean;
  /** Its log directories. */
  readonly directories: readonly string[];
  /** By path. */
  readonly directoryIds: Map<string, string>;
  /** The one of them that has failed. */
  broken: string | undefined;
  /** Processes may have begun while a directory was away. */
  hasStartedWithout: boolean;
  /** Its disk is being made ready. */
  isFormatting: boolean;
}

/** Codes that a failing disk may end a process with, or keep it from starting. */
const diskCodes = ['EIO', 'ENOSPC', 'WRITE_AHEAD_LOG_FAILED', 'JOURNAL_FAILED', 'DISK_FULL'] as const;

const calmed = (faults: DiskFaults): DiskFaults => ({
  ...faults,
  ...{ noSpace: 0, writeError: 0, syncError: 0, slow: 0 },
});

const isMissingDirectories = (node: Node): boolean =>
  node.unreadyReasons().some((reason) => reason.startsWith('log directory'));

const loggerFor = (logged: Logger['info']): Logger => {
  const logger: Logger = { debug: logged, info: logged, warn: logged, error: logged, child: () => logger };
  return logger;
};

/** Machines, disks and processes of one cluster, and what befalls them. */
export class Cluster {
  readonly scheduler = new Scheduler();
  readonly network: SimulatedNetwork;
  readonly members: readonly Member[];
  readonly random: SeededRandom;
  readonly shape: ClusterShape;
  readonly counts = {
    starts: 0,
    failedStarts: 0,
    faults: 0,
    shutdowns: 0,
    cleanShutdowns: 0,
    startsWithout: 0,
    replacedDirectories: 0,
  };
  /** What must never happen to a process has happened. */
  violation: Violation | undefined;
  began: (member: Member, view: NodeView) => void = () => undefined;
  died: (member: Member) => void = () => undefined;
  /** Told of every line that a node logs. */
  logged: (member: Member, message: string, fields: LogFields | undefined) => void = () => undefined;
  /** Told when a node has stopped as it should. */
  closed: (member: Member) => void = () => undefined;
  /** Told of another disk, empty, in place of the old one. */
  replaced: (member: Member, directoryId: string) => void = () => undefined;
  /** Told of another directory, empty, in place of one of several. */
  replacedOne: (member: Member, directoryId: string, before: string) => void = () => undefined;
  say: ((node: string, what: string) => void) | undefined;
  readonly #voters: readonly number[];
  readonly #ofDirectories: SeededRandom;
  #areDisksCalm = false;
  #diskCount = 0;

  constructor(seed: number, shape: ClusterShape) {
    this.random = new SeededRandom(seed, 'cluster-world');
    this.shape = shape;
    this.#ofDirectories = new SeededRandom(seed, 'cluster-world of directories');
    const random = this.random.fork('network');
    this.network = new SimulatedNetwork({ random, scheduler: this.scheduler, faults: shape.network });
    const { brokerCount, hasOwnControllers } = shape;
    this.members = [
      ...Array.from({ length: brokerCount }, (_, index) =>
        this.#member(1 + index, hasOwnControllers || index >= CONTROLLERS ? ['broker'] : BOTH),
      ),
      ...Array.from({ length: hasOwnControllers ? CONTROLLERS : 0 }, (_, index) =>
        this.#member(FIRST_CONTROLLER + index, ['controller']),
      ),
    ];
    this.#voters = this.members
      .filter(({ roles }) => roles.includes('controller'))
      .map(({ nodeId }) => nodeId);
  }

  /** Formats all disks, before anything goes wrong. */
  async format(): Promise<void> {
    for (const member of this.members)
      await this.scheduler.settle(
        this.#formatDisk(member, this.#newDirectoryIds(member, member.directories)),
      );
  }

  /** From now on disks do not fail, and take their ordinary time. */
  calmDisks(): void {
    this.#areDisksCalm = true;
    for (const { machine } of this.members) machine.disk.faults = calmed(machine.disk.faults);
  }

  get areDisksCalm(): boolean {
    return this.#areDisksCalm;
  }

  start(member: Member): void {
    const { machine, nodeId, roles } = member;
    if (machine.process !== undefined || member.isFormatting) return;
    this.counts.starts += 1;
    // A directory may be refused for want of room, too.
    member.hasStartedWithout ||= member.broken !== undefined || this.shape.disk.noSpace > 0;
    const process = machine.start();
    const { life } = process;
    this.say?.(machine.name, 'starts');
    startClusterNode({
      ...{ nodeId, roles, voters: this.#voters, process, shape: this.shape },
      fault: (what, cause) => this.#fault(member, life, what, cause),
      logger: loggerFor((message, fields) => {
        if (life.alive) this.logged(member, message, fields);
      }),
      watch: (view) => {
        if (life.alive) this.began(member, view);
      },
    }).then(
      (node) => {
        if (!life.alive) return;
        member.running = node;
        if (!isMissingDirectories(node)) return;
        this.counts.startsWithout += 1;
        if (this.#areDisksCalm) this.bringBackDirectories(member);
        this.say?.(machine.name, 'serves');
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

  /** Stops a node as an operator would; it is started again, after a loss of power of the whole machine, too. */
  shutdown(member: Member, kind: Death): void {
    const { machine, running } = member;
    const life = machine.process?.life;
    if (running === undefined || life === undefined || member.isStopping) return;
    member.isStopping = true;
    this.counts.shutdowns += 1;
    this.say?.(machine.name, 'is told to stop');
    const end = (): void => {
      if (life.alive) this.kill(member, kind);
    };
    running.close().then(
      () => {
        if (!life.alive) return;
        this.counts.cleanShutdowns += 1;
        this.say?.(machine.name, 'has stopped');
        this.closed(member);
        end();
      },
      (cause: unknown) => {
        if (life.alive) this.#fault(member, life, 'stopping', cause);
      },
    );
    this.scheduler.after(STOPS_WITHIN_MS, 'cluster.stop', end);
  }

  /** An empty disk in place of the old one. */
  wipe(member: Member): void {
    const { machine } = member;
    if (member.isFormatting || member.broken !== undefined) return;
    if (machine.process !== undefined) this.kill(member, 'power', false);
    machine.wipe(member.directories);
    const directoryIds = this.#newDirectoryIds(member, member.directories);
    this.say?.(machine.name, 'gets an empty disk');
    this.replaced(member, directoryIds.get(member.directories[0] ?? '') ?? '');
    void this.#formatDisk(member, directoryIds).then(() => {
      this.scheduler.after(1 + this.random.below(this.shape.downMs), 'start', () => this.start(member));
    });
  }

  /** An empty directory in place of one of several, whether that is broken or not. */
  replaceDirectory(member: Member, directory: string): void {
    const { machine } = member;
    if (member.isFormatting || (member.broken !== undefined && member.broken !== directory)) return;
    if (machine.process !== undefined) this.kill(member, 'power', false);
    if (member.broken !== undefined) machine.disk.repair(directory);
    member.broken = undefined;
    machine.disk.wipeDirectory(directory);
    this.counts.replacedDirectories += 1;
    const before = member.directoryIds.get(directory) ?? '';
    const directoryIds = this.#newDirectoryIds(member, [directory]);
    this.say?.(machine.name, `has an empty ${directory}`);
    this.replacedOne(member, directoryIds.get(directory) ?? '', before);
    void this.#formatDisk(member, directoryIds).then(() => {
      const downMs = 1 + this.#ofDirectories.below(this.shape.downMs);
      this.scheduler.after(downMs, 'start', () => this.start(member));
    });
  }

  /** Whether it can fail now: one of a broker's directories at a time, or nothing would show that the others go on. */
  breakDirectory(member: Member, directory: string): boolean {
    if (member.isFormatting || member.broken !== undefined) return false;
    this.say?.(member.machine.name, `has lost ${directory}`);
    member.broken = directory;
    member.machine.disk.break(directory);
    return true;
  }

  /** The directory is there again as it was. Only a restart brings back what is in it. */
  repairDirectory(member: Member): void {
    const { machine, broken } = member;
    if (broken === undefined) return;
    this.say?.(machine.name, `has ${broken} again`);
    member.broken = undefined;
    machine.disk.repair(broken);
    if (machine.process !== undefined) this.kill(member, 'kill');
    else this.scheduler.after(1 + this.random.below(this.shape.downMs), 'start', () => this.start(member));
  }

  /** What an operator does in the end about directories that are offline, whatever has failed in them. */
  bringBackDirectories(member: Member): void {
    const { broken, running } = member;
    if (broken !== undefined) this.repairDirectory(member);
    else if (running !== undefined && isMissingDirectories(running)) this.kill(member, 'kill');
  }

  /** By path. */
  #newDirectoryIds({ nodeId }: Member, directories: readonly string[]): ReadonlyMap<string, string> {
    return new Map(
      directories.map((directory) => {
        const id = Buffer.alloc(16, nodeId);
        id.writeUInt32BE(++this.#diskCount, 12);
        return [directory, id.toString('base64url')];
      }),
    );
  }

  /** Writes what formatting writes. */
  async #formatDisk(member: Member, directoryIds: ReadonlyMap<string, string>): Promise<void> {
    const { nodeId, machine } = member;
    const { disk } = machine;
    const { faults } = disk;
    member.isFormatting = true;
    disk.faults = calmed(faults);
    const mount = disk.mount();
    for (const [directory, directoryId] of directoryIds) {
      member.directoryIds.set(directory, directoryId);
      const properties = { clusterId: CLUSTER, nodeId: BrokerId(nodeId), directoryId };
      await writeMetaProperties(mount, directory, properties);
    }
    disk.crash('kill');
    disk.faults = this.#areDisksCalm ? calmed(faults) : faults;
    member.isFormatting = false;
  }

  #member(nodeId: number, roles: readonly NodeRole[]): Member {
    const { random, scheduler, network, shape } = this;
    const own = random.fork(`machine ${nodeId}`);
    const directories = directoriesOf(roles, shape);
    const machine: SimulatedMachine = new SimulatedMachine({
      name: hostOf(nodeId),
      ...{ random: own, scheduler, network, directories, faults: shape.disk },
      driftPpm: shape.driftPpm === 0 ? 0 : own.below(2 * shape.driftPpm + 1) - shape.driftPpm,
      wallSkewMs: own.below(2000) - 1000,
      died: (kind) => {
        this.say?.(machine.name, `dies amid a step (${kind})`);
        this.#dead(member, true);
      },
    });
    const member: Member = {
      ...{ nodeId, roles, machine, running: undefined },
      ...{ directories, directoryIds: new Map(), broken: undefined, hasStartedWithout: false },
      ...{ isStopping: false, isFormatting: false },
    };
    return member;
  }

  #dead(member: Member, again: boolean): void {
    this.died(member);
    member.running = undefined;
    member.isStopping = false;
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
    if (!diskCodes.some((code) => hasCode(cause, code)))
      this.#violate('an undamaged disk starts', `${machine.name}: ${text}`, cause);
    // Where a directory is away it is started once that is back.
    this.kill(member, 'power', member.broken === undefined);
  }

  #violate(invariant: string, message: string, cause: unknown): void {
    const stack = cause instanceof Error ? `\n${cause.stack ?? ''}` : '';
    this.violation ??= new Violation(invariant, `${message}${stack}`);
  }
}
