import type { Client, Producer } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { connectTo } from '../node/node-client';
import { javaTools } from './found-clients';
import { GroupHistory } from './group-history';
import type { GroupClient, GroupMember, MemberOptions } from './group-members';
import type { ServerUnderTest } from './server-under-test';

export const GROUP_PARTITIONS = 6;

/** What a server must have so that groups of killed members are soon whole again. */
export const groupProperties: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '5000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  // librdkafka waits no longer for an answer.
  'group.consumer.heartbeat.interval.ms': '500',
};
const SESSION_MS = 5000;
const HEARTBEAT_MS = 300;

/** What takes longer hangs, also on a busy machine; members that are processes of Java take a while to begin. */
const PATIENCE_MS = javaTools === undefined ? 90_000 : 150_000;

/** Between two records of a partition. In the short form many scenes share two cores. */
const PACE_MS = process.env['KAFKAESQUE_PEERS'] === '1' ? 50 : 400;

/** A topic that is written to without pause, a group that reads it, and what its members tell. */
export class GroupScene implements AsyncDisposable {
  readonly history: GroupHistory;
  readonly group: string;
  readonly topic: string;
  readonly #bootstrap: string;
  readonly #client: Client;
  readonly #producer: Producer;
  readonly #sent: string[][] = Array.from({ length: GROUP_PARTITIONS }, () => []);
  readonly #members = new Set<GroupMember>();
  #count = 0;
  #isOver = false;
  #isPaused = false;
  #isWriting = false;
  readonly #writing: Promise<void>;

  private constructor(bootstrap: string, topic: string, group: string, isStrict: boolean) {
    this.history = new GroupHistory({ promise: isStrict ? 'exact' : 'complete' });
    this.#bootstrap = bootstrap;
    this.topic = topic;
    this.group = group;
    this.#client = openClient({ bootstrapServers: bootstrap });
    this.#producer = this.#client.producer({ lingerMs: 0 });
    this.#writing = this.#write();
    this.#writing.catch(() => undefined);
  }

  static async open(
    server: ServerUnderTest,
    purpose: string,
    options: { readonly isStrict: boolean },
  ): Promise<GroupScene> {
    const topic = await server.topic(purpose, {}, GROUP_PARTITIONS);
    return new GroupScene(server.bootstrap, topic, server.name(`${purpose}-group`), options.isStrict);
  }

  async #write(): Promise<void> {
    for (let round = 0; !this.#isOver; round += 1) {
      while (this.#isPaused) await new Promise((resolve) => setTimeout(resolve, PACE_MS));
      this.#isWriting = true;
      await Promise.all(
        this.#sent.map(async (values, partition) => {
          const value = `${partition}-${round}`;
          values.push(value);
          await this.#producer.send({ topic: this.topic, partition, value: Buffer.from(value) });
        }),
      );
      this.#isWriting = false;
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  /** Does something to members that have nothing left to do: nothing is written meanwhile, and all is processed. */
  async whileIdle(work: () => Promise<void>): Promise<void> {
    this.#isPaused = true;
    const isIdle = (): boolean =>
      !this.#isWriting &&
      this.#sent.every(({ length }, partition) => this.history.processedIn(partition) >= length);
    while (this.#isWriting) await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    await this.#expect('everything is processed', isIdle);
    await work();
    this.#isPaused = false;
  }

  /** Starts a member of a client. Does not wait for it. */
  join(
    { name, protocol, start }: GroupClient,
    options: Pick<MemberOptions, 'assignor' | 'instance'> = {},
  ): GroupMember {
    this.#count += 1;
    const member = start({
      ...options,
      ...{ bootstrap: this.#bootstrap, group: this.group, topic: this.topic, history: this.history },
      ...{ name: `${name.replace(/\W/g, '')}-${protocol}-${this.#count}` },
      ...{ sessionMs: SESSION_MS, heartbeatMs: HEARTBEAT_MS },
    });
    this.#members.add(member);
    return member;
  }

  /** Resolves once these, and nobody else, hold all partitions, each one, and each of them has processed something more. */
  async shared(members: readonly GroupMember[]): Promise<void> {
    const isShared = (): boolean => {
      const all = members.flatMap(({ held }) => held);
      return (
        members.every(({ held }) => held.length > 0) &&
        all.length === GROUP_PARTITIONS &&
        new Set(all).size === GROUP_PARTITIONS
      );
    };
    await this.#expect(`${members.map(({ name }) => name).join(', ')} share all partitions`, isShared);
    const before = new Map(members.map(({ name }) => [name, this.history.countOf(name)]));
    await this.#expect(`each of them processes`, () =>
      members.every(({ name }) => this.history.countOf(name) > (before.get(name) ?? 0)),
    );
  }

  /** Stops writing; resolves once everything is processed and, where its members commit each record, committed. */
  async processedAll({ isCommitted }: { readonly isCommitted: boolean }): Promise<void> {
    this.#isOver = true;
    this.#isPaused = false;
    await this.#writing;
    await this.#expect('everything is processed', () =>
      this.#sent.every((values, partition) => {
        const reached = isCommitted
          ? this.history.committedIn(partition)
          : this.history.processedIn(partition);
        return reached >= values.length;
      }),
    );
  }

  /** What kept no promise: nothing of it may be there in the end. */
  faults(): readonly string[] {
    const missing = this.#sent.flatMap((values, partition) => {
      const processed = this.history.valuesIn(partition);
      return processed.length === values.length && values.every((value, at) => processed[at] === value)
        ? []
        : [`partition ${partition} has ${values.length} records, and ${processed.length} were processed`];
    });
    return [...this.history.faults, ...missing];
  }

  /** Where the group goes on, as the server tells; -1: nobody committed. */
  async committedOffsets(): Promise<readonly number[]> {
    await using connection = await connectTo({ bootstrapServers: this.#bootstrap });
    const partitionIndexes = this.#sent.map((_, partition) => partition);
    const { topics } = await connection.ask('OffsetFetch', 7, {
      groupId: this.group,
      topics: [{ name: this.topic, partitionIndexes }],
      requireStable: true,
    });
    const partitions = topics[0]?.partitions ?? [];
    return partitionIndexes.map(
      (index) => partitions.find(({ partitionIndex }) => partitionIndex === index)?.committedOffset ?? -1,
    );
  }

  /** How many records stand in each partition. */
  get ends(): readonly number[] {
    return this.#sent.map(({ length }) => length);
  }

  async #expect(what: string, holds: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const held = [...this.#members].map(
          (member) => `${member.name} ${member.held.join()}/${this.history.countOf(member.name)}`,
        );
        const processed = this.#sent.map(
          ({ length }, partition) =>
            `${this.history.processedIn(partition)}/${this.history.committedIn(partition)}/${length}`,
        );
        reject(
          new Error(
            `not within a while: ${what}; held/processed ${held.join('; ')}; processed/committed/sent ${processed.join(' ')}\n${this.history.faults.join('\n')}\n${this.history.troubles.slice(-20).join('\n')}`,
          ),
        );
      }, PATIENCE_MS);
    });
    try {
      await Promise.race([this.history.until(holds), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#isPaused = false;
    await this.#writing.catch(() => undefined);
    await Promise.all([...this.#members].map((member) => member.kill()));
    await this.#client.close();
  }
}
