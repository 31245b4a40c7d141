import { BrokerId, SeededRandom, silentLogger } from '@kafkaesque/kernel';
import type { MemberAddress } from '@kafkaesque/kernel';
import { createController } from '@kafkaesque/metadata';
import type { Voter } from '@kafkaesque/protocol';
import { Scheduler, SimulatedMachine, SimulatedNetwork } from '@kafkaesque/sim';
import { ControllerHost } from '../controller/controller-host';
import type { ControllerMember } from './controller-member';
import { openControllerMember } from './controller-member';
import { onlyVoter } from './only-voter';

const PORT = 9093;
const directoryOf = (nodeId: number, disk: number): string => `D${nodeId}d${disk}`.padEnd(21, '0') + 'A';
const voter = (nodeId: number, disk = 0): Voter => ({
  nodeId: BrokerId(nodeId),
  directoryId: directoryOf(nodeId, disk),
  endpoints: [{ name: 'CONTROLLER', host: `n${nodeId}`, port: PORT }],
  kraftVersion: { min: 0, max: 1 },
});

interface RunningController extends ControllerMember {
  readonly host: ControllerHost;
}

/** Controllers on simulated machines, without faults but those that a test makes. */
class Controllers {
  readonly scheduler = new Scheduler();
  readonly random = new SeededRandom(7, 'controllers');
  readonly network = new SimulatedNetwork({ random: this.random.fork('network'), scheduler: this.scheduler });
  readonly machines = new Map<number, SimulatedMachine>();
  readonly running = new Map<number, RunningController>();
  readonly faults: string[] = [];
  readonly voters: readonly Voter[];

  constructor(nodeIds: readonly number[]) {
    this.voters = nodeIds.map((nodeId) => voter(nodeId));
  }

  machine(nodeId: number): SimulatedMachine {
    let machine = this.machines.get(nodeId);
    if (machine === undefined) {
      const { random, scheduler, network } = this;
      machine = new SimulatedMachine({
        ...{ name: `n${nodeId}`, random, scheduler, network, directories: ['/data'] },
      });
      this.machines.set(nodeId, machine);
    }
    return machine;
  }

  async start(
    nodeId: number,
    options: {
      voters?: readonly Voter[];
      disk?: number;
      bootstrap?: readonly number[];
      machine?: number;
    } = {},
  ): Promise<void> {
    const machine = options.machine ?? nodeId;
    const process = this.machine(machine).start();
    const controller = createController({
      clusterId: 'cluster',
      defaultPartitions: 1,
      defaultReplicationFactor: 1,
      maxPartitionsPerRequest: 10_000,
      configs: {
        validate: () => undefined,
        isList: () => false,
        defaultValue: () => undefined,
        effectiveTopicConfigs: () => [],
        replication: () => ({ minInsyncReplicas: 1, allowsUncleanElection: false, flushPolicy: 'ack' }),
      },
      quorum: onlyVoter(BrokerId(nodeId)),
    });
    const faults = { fault: (what: string, cause: unknown) => this.faults.push(`${what}: ${String(cause)}`) };
    const host = new ControllerHost({
      ...{ controller, random: process.random, logger: silentLogger, faults, publish: () => undefined },
    });
    const known = options.bootstrap ?? this.voters.map((one) => one.nodeId);
    const bootstrapServers: readonly MemberAddress[] = known.map((id) => ({ host: `n${id}`, port: PORT }));
    const member = await openControllerMember({
      disk: process.disk,
      directory: '/data/metadata',
      clock: process.clock,
      random: process.random,
      logger: silentLogger,
      faults,
      clusterId: 'cluster',
      listener: host,
      identity: {
        clusterId: 'cluster',
        nodeId: BrokerId(nodeId),
        directoryId: directoryOf(nodeId, options.disk ?? 0),
        incarnationId: process.random.bytes(16).toString('base64url'),
        isController: true,
        isBroker: false,
      },
      configuredVoters: options.voters ?? this.voters,
      dialer: process.network,
      listenerNames: ['CONTROLLER'],
      bootstrapServers,
      snapshotAfterBytes: 2000,
      settings: { keptEntries: 4 },
    });
    host.attach(member.quorum);
    process.network.listen(PORT, member.links.accept);
    member.quorum.begin();
    this.running.set(machine, { ...member, host });
  }

  async open(...nodeIds: number[]): Promise<void> {
    for (const nodeId of nodeIds) await this.scheduler.settle(this.start(nodeId));
  }

  kill(nodeId: number, kind: 'kill' | 'power' = 'kill'): void {
    this.machine(nodeId).die(kind);
    this.running.delete(nodeId);
  }

  pass(ms: number): Promise<unknown> {
    return this.scheduler.run({ untilMs: this.scheduler.nowMs + ms });
  }

  get leader(): RunningController {
    const leaders = [...this.running.values()].filter(({ quorum }) => quorum.leadership.kind === 'leader');
    expect(leaders).toHaveLength(1);
    return leaders[0]!;
  }

  setConfig(name: string, value: string): Promise<unknown> {
    return this.scheduler.settle(
      this.leader.host.submit({
        kind: 'incremental-alter-configs',
        resources: [{ resourceType: 4, resourceName: '', configs: [{ name, configOperation: 0, value }] }],
        validateOnly: false,
      }),
    );
  }

  configsOf(nodeId: number): Record<string, string> {
    const values = this.running.get(nodeId)?.host.image.configs.get('4:')?.values;
    return Object.fromEntries(values?.entries() ?? []);
  }
}

const opened = async (...nodeIds: number[]): Promise<Controllers> => {
  const controllers = new Controllers(nodeIds);
  await controllers.open(...nodeIds);
  await controllers.pass(3000);
  return controllers;
};

describe('controllers over simulated channels and disks', () => {
  test('elect a leader, and all follow what it commits', async () => {
    const controllers = await opened(1, 2, 3);
    await expect(controllers.setConfig('a', '1')).resolves.toMatchObject({ kind: 'done' });
    await controllers.pass(300);
    for (const nodeId of [1, 2, 3]) expect(controllers.configsOf(nodeId)).toEqual({ a: '1' });
  });

  test('go on within a second when the active one is killed, and have everything', async () => {
    const controllers = await opened(1, 2, 3);
    for (let round = 0; round < 6; round++) {
      await controllers.setConfig(`key${round}`, 'x');
      const nodeId = controllers.leader.links.self.nodeId;
      const atMs = controllers.scheduler.nowMs;
      controllers.kill(nodeId, round % 2 === 0 ? 'kill' : 'power');
      await controllers.scheduler.run({
        until: () =>
          [...controllers.running.values()].some(({ quorum }) => quorum.leadership.kind === 'leader'),
        untilMs: atMs + 10_000,
      });
      if (round % 2 === 0) expect(controllers.scheduler.nowMs - atMs).toBeLessThan(500);
      await controllers.open(nodeId);
      await controllers.pass(3000);
    }
    const all = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`key${i}`, 'x']));
    for (const nodeId of [1, 2, 3]) expect(controllers.configsOf(nodeId)).toEqual(all);
    expect(controllers.faults).toEqual([]);
  });

  test('bring one that was away for long up to date by a snapshot', async () => {
    const controllers = await opened(1, 2, 3);
    const away = [1, 2, 3].find((id) => id !== controllers.leader.links.self.nodeId)!;
    controllers.kill(away);
    for (let i = 0; i < 100; i++) await controllers.setConfig(`key${i}`, 'x'.repeat(50));
    await controllers.open(away);
    await controllers.pass(3000);
    expect(Object.keys(controllers.configsOf(away))).toHaveLength(100);
    const files = controllers
      .machine(away)
      .disk.files()
      .map(({ path }) => path);
    expect(files.some((path) => path.endsWith('.checkpoint'))).toBe(true);
    controllers.kill(away, 'power');
    await controllers.open(away);
    await controllers.pass(3000);
    expect(Object.keys(controllers.configsOf(away))).toHaveLength(100);
    expect(controllers.faults).toEqual([]);
  });

  test('take a wiped one back as another voter: removed, and added again', async () => {
    const controllers = await opened(1, 2, 3);
    await controllers.setConfig('a', '1');
    const wiped = [1, 2, 3].find((id) => id !== controllers.leader.links.self.nodeId)!;
    controllers.kill(wiped);
    controllers.machine(wiped).wipe();
    await controllers.scheduler.settle(controllers.start(wiped, { voters: [], disk: 1 }));
    await controllers.pass(3000);
    expect(controllers.configsOf(wiped)).toEqual({ a: '1' });
    const change = { timeoutMs: 2000, answerWhenAppended: false };
    const { quorum } = controllers.leader;
    await expect(
      controllers.scheduler.settle(quorum.changeMembership({ kind: 'add', voter: voter(wiped, 1) }, change)),
    ).resolves.toBe('duplicate-voter');
    await expect(
      controllers.scheduler.settle(quorum.changeMembership({ kind: 'remove', voter: voter(wiped) }, change)),
    ).resolves.toBe('committed');
    await expect(
      controllers.scheduler.settle(quorum.changeMembership({ kind: 'add', voter: voter(wiped, 1) }, change)),
    ).resolves.toBe('committed');
    await controllers.pass(1000);
    expect(controllers.running.get(wiped)!.quorum.status.voters).toHaveLength(3);
    expect(controllers.faults).toEqual([]);
  });

  test('are not disturbed by a stranger under the id of one of them', async () => {
    const controllers = await opened(1, 2, 3);
    const twinOf = controllers.leader.links.self.nodeId;
    const epochs = () => [1, 2, 3].map((id) => controllers.running.get(id)!.quorum.status.term);
    const before = epochs();
    await controllers.scheduler.settle(controllers.start(twinOf, { voters: [], disk: 9, machine: 9 }));
    for (let i = 0; i < 20; i++) {
      await controllers.pass(500);
      for (const id of [1, 2, 3].filter((one) => one !== twinOf))
        expect(controllers.running.get(id)!.links.peer(twinOf)?.directoryId).toBe(directoryOf(twinOf, 0));
    }
    expect(epochs()).toEqual(before);
    expect(controllers.running.get(9)!.links.peers).toEqual([]);
    expect(controllers.faults).toEqual([]);
  });

  test('bring up one that knows nothing but the address of a controller that does not lead', async () => {
    const controllers = await opened(1, 2, 3);
    await controllers.setConfig('a', '1');
    const follower = [1, 2, 3].find((id) => id !== controllers.leader.links.self.nodeId)!;
    await controllers.scheduler.settle(controllers.start(4, { voters: [], bootstrap: [follower] }));
    await controllers.pass(1000);
    expect(controllers.configsOf(4)).toEqual({ a: '1' });
    expect(controllers.faults).toEqual([]);
  });

  test('answer reads only when a majority confirms the leader', async () => {
    const controllers = await opened(1, 2, 3);
    await controllers.setConfig('a', '1');
    const { quorum } = controllers.leader;
    await expect(controllers.scheduler.settle(quorum.readBarrier())).resolves.toBe(quorum.committedOffset);
    const others = [1, 2, 3].filter((id) => id !== quorum.status.leader?.nodeId);
    for (const nodeId of others) controllers.kill(nodeId);
    const read = quorum.readBarrier();
    read.catch(() => undefined);
    await expect(controllers.scheduler.settle(read)).rejects.toMatchObject({ code: 'NOT_LEADER' });
  });
});
