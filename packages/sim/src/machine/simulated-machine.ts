import { assert } from '@kafkaesque/kernel';
import type { Disk, Random } from '@kafkaesque/kernel';
import { SimulatedDisk } from '../disk/simulated-disk';
import type { SimulatedDiskOptions } from '../disk/simulated-disk';
import type { Attachment } from '../network/attachment';
import type { SimulatedNetwork } from '../network/simulated-network';
import type { Scheduler } from '../scheduler';
import { DEFAULT_WALL_START_MS, VirtualClock } from '../virtual-clock';
import { ProcessLife } from './process-life';

/** What a machine is like when it is new. */
export interface SimulatedMachineOptions extends Pick<
  SimulatedDiskOptions,
  'faults' | 'capacityBytes' | 'directories'
> {
  /** Its host name on the network. */
  readonly name: string;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  /** How much faster its clock runs than the scheduler's time, in parts per million; may be negative. */
  readonly driftPpm?: number;
  /** How far its wall time is from everybody's, in milliseconds. */
  readonly wallSkewMs?: number;
  /** Told when the process died of a call that `dieAtCall` had named. */
  readonly died?: (kind: Death) => void;
}

/** `kill`: the page cache stays and channels are reset. `power`: neither. */
export type Death = 'kill' | 'power';

/** The world as one process has it, for one life. */
export interface ProcessWorld {
  readonly life: ProcessLife;
  readonly disk: Disk;
  readonly clock: VirtualClock;
  readonly network: Attachment;
  readonly random: Random;
}

/** What was done to the processes of a machine so far. */
export interface MachineCounts {
  starts: number;
  kills: number;
  powerLosses: number;
  /** Deaths in the middle of a step, at one of its calls. */
  deathsAtCall: number;
  pauses: number;
  wipes: number;
  wallJumps: number;
}

/** A machine: a disk, a clock and a place in the network, and at most one process that has them. */
export class SimulatedMachine {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly counts: MachineCounts = {
    starts: 0,
    kills: 0,
    powerLosses: 0,
    deathsAtCall: 0,
    pauses: 0,
    wipes: 0,
    wallJumps: 0,
  };
  readonly #options: SimulatedMachineOptions;
  #running: ProcessWorld | undefined;
  #wallOffsetMs: number;
  #monotonicStartMs = 0;

  constructor(options: SimulatedMachineOptions) {
    const { name, random, scheduler, faults, capacityBytes, directories } = options;
    this.name = name;
    this.#options = options;
    this.#wallOffsetMs = options.wallSkewMs ?? 0;
    this.disk = new SimulatedDisk({
      random: random.fork(`disk of ${name}`),
      scheduler,
      ...(faults === undefined ? {} : { faults }),
      ...(capacityBytes === undefined ? {} : { capacityBytes }),
      ...(directories === undefined ? {} : { directories }),
    });
  }

  /** The process that runs, if one does. */
  get process(): ProcessWorld | undefined {
    return this.#running;
  }

  /** Starts a process; the machine gets power if it had none. */
  start(): ProcessWorld {
    assert(this.#running === undefined, `${this.name} runs one process at a time`);
    const { scheduler, network, random, driftPpm = 0 } = this.#options;
    this.counts.starts += 1;
    const life = new ProcessLife({ scheduler });
    this.#running = {
      life,
      disk: this.disk.mount(life),
      clock: new VirtualClock({
        scheduler,
        life,
        driftPpm,
        wallStartMs: DEFAULT_WALL_START_MS + this.#wallOffsetMs,
        monotonicStartMs: this.#monotonicStartMs,
      }),
      network: network.attach(this.name, life),
      random: random.fork(`life of ${this.name}`),
    };
    return this.#running;
  }

  /** The process is no more: killed, gone of itself, or without power together with its machine. */
  die(kind: Death): void {
    const { network, random, scheduler, driftPpm = 0 } = this.#options;
    if (kind === 'kill' && this.#running === undefined) return;
    if (kind === 'kill') this.counts.kills += 1;
    else this.counts.powerLosses += 1;
    this.#running?.life.end();
    this.#running?.clock.stop();
    this.#running = undefined;
    network.crash(this.name, kind);
    this.disk.crash(kind);
    // Monotonic time begins anew, somewhere else than before, when a machine is switched on.
    if (kind === 'power')
      this.#monotonicStartMs = random.below(1_000_000) - scheduler.nowMs * (1 + driftPpm / 1_000_000);
  }

  /** The machine has power and runs nothing: dials are refused. */
  boot(): void {
    this.#options.network.boot(this.name);
  }

  /** Lets the process die when it makes its `count`-th call to disk or network from now on: amid a step. */
  dieAtCall(count: number, kind: Death): void {
    this.#running?.life.dieAtCall(count, () => {
      this.counts.deathsAtCall += 1;
      this.die(kind);
      this.#options.died?.(kind);
    });
  }

  /** Takes back what `dieAtCall` has ordered. */
  spare(): void {
    this.#running?.life.dieAtCall(Infinity, () => undefined);
  }

  /** Nothing happens to the process until `resume`, as after SIGSTOP; its clock goes on. */
  pause(): void {
    if (this.#running === undefined) return;
    this.counts.pauses += 1;
    this.#running.life.pause();
  }

  resume(): void {
    this.#running?.life.resume();
  }

  /** An empty disk in place of the old one; the process dies if one runs. */
  wipe(directories: readonly string[] = this.#options.directories ?? []): void {
    if (this.#running !== undefined) this.die('kill');
    this.counts.wipes += 1;
    this.disk.wipe(directories);
  }

  /** Moves wall time, forwards or back, for this process and those to come. */
  jumpWall(byMs: number): void {
    this.counts.wallJumps += 1;
    this.#wallOffsetMs += byMs;
    this.#running?.clock.jumpWall(byMs);
  }

  /** Lets wall time jump to and fro, `times` times. */
  strobeWall(byMs: number, everyMs: number, times: number): void {
    if (times <= 0) return;
    this.jumpWall(times % 2 === 0 ? byMs : -byMs);
    this.#options.scheduler.after(everyMs, 'machine.strobe', () => this.strobeWall(byMs, everyMs, times - 1));
  }
}
