import { noNetworkFaults } from '@kafkaesque/sim';
import type { VoterSet } from '@kafkaesque/protocol';
import { Violation } from '../runner/suite';
import { config } from './clients';
import type { Member } from './cluster';
import { keyOf } from './oracle/watched-raft';
import type { QuorumWorld } from './quorum-world';

/** How long a healed majority may take to agree, and how long it is watched afterwards. */
const CONVERGE_MS = 90_000;
const QUIET_MS = 5_000;

/**
 * R13: faults stop, a random core that holds a majority of every voter set in force is healed, and the others stay dead
 * or cut off for ever. Then one leader must come, commands and reads must succeed, everybody must show the same, and
 * nobody outside may disturb it.
 */
export const demandProgress = async (world: QuorumWorld): Promise<void> => {
  const { cluster, oracle } = world;
  const { scheduler } = cluster;
  const core = drawCore(world);
  cluster.say?.('world', `heals ${core.map(({ machine }) => machine.name).join(' ')}`);
  calm(world, core);
  const untilMs = scheduler.nowMs + CONVERGE_MS;
  for (;;) {
    const kind = await command(world, core, untilMs);
    if (world.isBroken()) return;
    if (kind === 'done') break;
    if (scheduler.nowMs >= untilMs)
      throw new Violation(
        'R13 liveness',
        `no command succeeds ${CONVERGE_MS} ms after healing: ${describe(core)}`,
      );
    await pass(world, 100);
  }
  const agree = (): boolean =>
    core.every(({ running }) => running?.image.offset === world.committed.lastIndex) &&
    isSettled(world, core);
  const end = await scheduler.run({ until: () => world.isBroken() || agree(), untilMs });
  if (world.isBroken()) return;
  if (end === 'time' || end === 'idle')
    throw new Violation(
      'R13 liveness',
      `not everybody has what is committed (${world.committed.lastIndex}), or nobody leads for good: ${describe(core)}`,
    );
  const term = oracle.elections.highestTerm;
  await pass(world, QUIET_MS);
  if (world.isBroken()) return;
  if (oracle.elections.highestTerm !== term)
    throw new Violation(
      'R13 liveness',
      `the leader of term ${term} is disturbed while all is well: ${describe(core)}`,
    );
  const leaders = core.filter(({ running }) => running?.quorum?.leadership.kind === 'leader');
  if (leaders.length !== 1)
    throw new Violation('R13 liveness', `${leaders.length} leaders: ${describe(core)}`);
};

/**
 * Nobody has asked for another leader: one who is removed, or told to hand over, goes, and that is as it should be
 * (seed 393137771).
 */
const isSettled = ({ cluster, nemesis }: QuorumWorld, core: readonly Member[]): boolean => {
  // Somebody outside may have voted in a later term, and is heard no more.
  const highestTerm = Math.max(...core.map(({ running }) => running?.quorum?.status.term ?? -1));
  return (
    nemesis.isAskedNothing &&
    core.some(({ running, replica }) => {
      const { role, term, voters } = running?.quorum?.status ?? {};
      return (
        role === 'leader' &&
        term === highestTerm &&
        voters?.some((voter) => cluster.replicaOf(voter) === keyOf(replica)) === true
      );
    })
  );
};

const describe = (core: readonly Member[]): string =>
  core
    .map(({ machine, running, refusal }) => {
      if (running === undefined)
        return `${machine.name} is down${refusal === undefined ? '' : ` (${refusal})`}`;
      if (running.quorum === undefined) return `${machine.name}: broker, applied ${running.image.offset}`;
      const { term, role, commitIndex, lastIndex, durableIndex, voters } = running.quorum.status;
      return `${machine.name}: ${role} in term ${term}, committed ${commitIndex}, durable ${durableIndex}, last ${lastIndex}, applied ${running.image.offset}, voters ${voters.map(({ nodeId }) => nodeId).join(' ')}`;
    })
    .join('; ');

const pass = async (world: QuorumWorld, ms: number): Promise<void> => {
  const { scheduler } = world.cluster;
  let over = false;
  scheduler.after(ms, 'pass', () => (over = true));
  await scheduler.run({ until: () => over || world.isBroken() });
};

/** One command to whoever says that it leads; undefined when nobody does, or no answer comes. */
const command = async (
  world: QuorumWorld,
  core: readonly Member[],
  untilMs: number,
): Promise<string | undefined> => {
  const { scheduler } = world.cluster;
  const leader = core.find(({ running }) => running?.quorum?.leadership.kind === 'leader');
  if (leader?.running === undefined) return undefined;
  let kind: string | undefined;
  let over = false;
  const change = config(world.cluster.random);
  void world.clients.command(leader, leader.running, change).then((outcome) => (kind = outcome));
  scheduler.after(5_000, 'patience', () => (over = true));
  await scheduler.run({ until: () => kind !== undefined || over || world.isBroken(), untilMs });
  return kind;
};

/** As few members as hold a majority of every voter set in force, and some more, by chance. */
const drawCore = ({ cluster, oracle }: QuorumWorld): readonly Member[] => {
  const { members, random } = cluster;
  const chance = random.fork('core');
  const able = members.filter(({ refusal, isRotten }) => refusal === undefined && !isRotten);
  const isCore = (some: readonly Member[]): boolean =>
    oracle.voterSets().every((voters: VoterSet) => {
      const inside = voters.filter((voter) => {
        const member = cluster.memberOf(cluster.replicaOf(voter));
        return member !== undefined && some.includes(member);
      });
      return voters.length === 0 || inside.length * 2 > voters.length;
    });
  let core = able;
  // Brokers take no part in majorities: some are inside.
  for (let tries = 0; tries < members.length; tries++) {
    const dropped = core[chance.below(core.length)];
    const smaller = core.filter((member) => member !== dropped);
    if (isCore(smaller) && chance.below(3) > 0) core = smaller;
  }
  return core;
};

const calm = ({ cluster }: QuorumWorld, core: readonly Member[]): void => {
  const { network, members, shape, scheduler, random } = cluster;
  const { delayMinMs, delayMeanMs } = shape.network;
  const { electionTimeoutMs, fetchTimeoutMs } = shape.settings;
  // Links keep their pace, as long as leaders can be heard and votes be counted in time.
  const isSlow = delayMeanMs * 20 > Math.min(electionTimeoutMs, fetchTimeoutMs / 2);
  network.faults = { ...noNetworkFaults, ...(isSlow ? {} : { delayMinMs, delayMeanMs }) };
  const names = new Set(core.map(({ machine }) => machine.name));
  network.heal(names);
  cluster.calmDisks();
  for (const member of members) {
    const { machine } = member;
    machine.spare();
    if (core.includes(member)) {
      machine.resume();
      scheduler.after(random.below(200), 'start', () => cluster.start(member));
    } else if (machine.process !== undefined && random.below(2) === 0) {
      cluster.kill(member, 'power', false);
    } else machine.resume();
  }
};
