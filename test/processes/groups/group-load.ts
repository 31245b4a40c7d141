import { GroupHistory } from '../../interop/group-history';
import type { GroupClient, GroupMember } from '../../interop/group-members';
import { groupClients } from '../../interop/group-members';
import { until } from '../process-cluster';
import { ClassicMember } from './classic-member';
import { ConsumerMember } from './consumer-member';
import { CoordinatorLink } from './coordinator-link';
import { GroupRegister, SESSION_MS } from './group-register';
import type { Member } from './member';

export type Change = 'joins' | 'leaves' | 'is killed';

export interface GroupLoadOptions {
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly partitions: number;
  /** Whether the groups of foreign clients are there too. */
  readonly withClients: boolean;
}

/** A group whose members come and go, and what can be said of it. */
interface LoadedGroup {
  readonly name: string;
  /** Without a client between: its members find the next coordinator as soon as there is one. */
  readonly isBare: boolean;
  change(change: Change): Promise<void>;
  /** Whether its members share all partitions, and each of them has committed something after this time. */
  isWholeSince(sinceMs: number): boolean;
  violations(): readonly string[];
  testimony(): string;
  close(): Promise<void>;
}

const MEMBERS = 3;
const HEARTBEAT_MS = 300;

/** Of members without a client between. */
const bareGroup = (
  { bootstrapServers, topic, partitions }: GroupLoadOptions,
  name: string,
  kinds: readonly (typeof ClassicMember | typeof ConsumerMember)[],
): LoadedGroup => {
  const register = new GroupRegister(name, partitions);
  let count = 0;
  const members: Member[] = [];
  const join = (): void => {
    const Kind = kinds[count % kinds.length] ?? ClassicMember;
    count += 1;
    members.push(new Kind({ bootstrapServers, register, topic, name: `${name}-${count}` }));
  };
  while (members.length < MEMBERS) join();
  return {
    name,
    isBare: true,
    async change(change) {
      if (change === 'joins' || members.length <= 2) {
        join();
        return;
      }
      const member = members.shift();
      await (change === 'leaves' ? member?.leave() : member?.kill());
    },
    isWholeSince: (sinceMs) =>
      register.isWholeSince(
        sinceMs,
        members.map((member) => member.name),
      ),
    violations: () => register.violations.splice(0),
    testimony: () => register.testimony(),
    async close() {
      await Promise.all(members.map((member) => member.leave()));
    },
  };
};

/** Of members that are programs with a foreign client each. */
const clientGroup = (
  { bootstrapServers, topic, partitions }: GroupLoadOptions,
  name: string,
  clients: readonly GroupClient[],
): LoadedGroup => {
  // Whoever was slow for a session may process what somebody else has committed; nobody may commit behind him.
  const history = new GroupHistory({ promise: 'forward' });
  let count = 0;
  const members: GroupMember[] = [];
  const join = (): void => {
    const client = clients[count % clients.length];
    count += 1;
    const member = client?.start({
      ...{ bootstrap: bootstrapServers, group: name, topic, history, name: `${name}-${count}` },
      ...{ sessionMs: SESSION_MS, heartbeatMs: HEARTBEAT_MS },
    });
    if (member !== undefined) members.push(member);
  };
  while (members.length < MEMBERS) join();
  return {
    name,
    isBare: false,
    async change(change) {
      if (change === 'joins' || members.length <= 2) {
        join();
        return;
      }
      const member = members.shift();
      // It says goodbye to a coordinator that may be dead, and takes its time.
      if (change === 'leaves') void member?.leave();
      else await member?.kill();
    },
    isWholeSince: (sinceMs) => {
      const held = members.flatMap((member) => member.held);
      return (
        held.length === partitions &&
        new Set(held).size === partitions &&
        members.every(({ name: member }) => history.lastCommitMs(member) > sinceMs)
      );
    },
    violations: () => history.faults.splice(0).map((fault) => `${name}: ${fault}`),
    testimony: () =>
      `${name}: ${members.map((member) => `${member.name} ${member.held.join()}/${history.countOf(member.name)}`).join('; ')}; ${history.troubles.slice(-3).join('; ')}; ${history.faults.slice(-3).join('; ')}`,
    async close() {
      // Whether a client leaves in order is another question, and some wait for ever after a coordinator's death.
      await Promise.all(members.map((member) => member.kill()));
    },
  };
};

const clientsNamed = (...names: readonly (readonly [string, string])[]): readonly GroupClient[] =>
  names.flatMap(([name, protocol]) =>
    groupClients.filter((client) => client.name === name && client.protocol === protocol),
  );

/** Of bare members that all speak the classic protocol. */
export const CLASSIC_GROUP = 'bare-classic';

/** Groups of both protocols, and of both in one, of bare members and of foreign clients. */
export class GroupLoad {
  readonly #options: GroupLoadOptions;
  readonly #groups: readonly LoadedGroup[];

  private constructor(options: GroupLoadOptions) {
    this.#options = options;
    const foreign: readonly (readonly [string, readonly GroupClient[]])[] = [
      ['kafkajs', clientsNamed(['kafkajs', 'classic'])],
      ['aiokafka', clientsNamed(['aiokafka', 'classic'])],
      ['librdkafka', clientsNamed(['confluent-kafka', 'classic'], ['confluent-kafka', 'consumer'])],
    ];
    this.#groups = [
      bareGroup(options, CLASSIC_GROUP, [ClassicMember]),
      bareGroup(options, 'bare-consumer', [ConsumerMember]),
      bareGroup(options, 'bare-mixed', [ClassicMember, ConsumerMember]),
      ...(options.withClients
        ? foreign
            .filter(([, clients]) => clients.length > 0)
            .map(([name, clients]) => clientGroup(options, name, clients))
        : []),
    ];
  }

  static open(options: GroupLoadOptions): Promise<GroupLoad> {
    return Promise.resolve(new GroupLoad(options));
  }

  /** Another group in each round. */
  groupOf(round: number): string {
    return this.#groups[round % this.#groups.length]?.name ?? '';
  }

  /** The node that coordinates a group. */
  coordinatorOf(group: string): Promise<number> {
    const link = new CoordinatorLink(this.#options.bootstrapServers, group);
    return until('the group has no coordinator', async () => (await link.coordinator())?.nodeId);
  }

  async change(group: string, change: Change): Promise<void> {
    await this.#groups.find(({ name }) => name === group)?.change(change);
  }

  /** Resolves once every group, or every bare one, is whole, and has committed something of each partition after this time. */
  async wholeSince(sinceMs: number, which: 'all' | 'bare' = 'all'): Promise<void> {
    const groups = this.#groups.filter(({ isBare }) => isBare || which === 'all');
    await until(
      'not all groups are whole',
      () => groups.every((group) => group.isWholeSince(sinceMs)) || undefined,
      () => this.testimony(),
    );
  }

  newViolations(): readonly string[] {
    return this.#groups.flatMap((group) => group.violations());
  }

  testimony(): string {
    return this.#groups.map((group) => group.testimony()).join('\n');
  }

  async close(): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.close()));
  }
}
