import type { Admin, ConfigResource, Outcome } from '@kafkaesque/client';
import { isClientError, openClient } from '@kafkaesque/client';
import type { Random } from '@kafkaesque/kernel';
import type { Change, Entity, Operation, Told } from './metadata-history';
import { sleep } from './process-cluster';

export interface WorkloadOptions {
  readonly bootstrapServers: string;
  readonly random: Random;
  /** Clients, each with one request under way. */
  readonly clients: number;
}

/** Of an entity's name: topics are created and deleted, groups are always there and have configs only. */
export const isGroup = (entity: string): boolean => entity.startsWith('group-');

const GROUP_KEY = 'consumer.session.timeout.ms';
const TOPIC_KEYS = ['retention.ms', 'max.message.bytes', 'segment.bytes'] as const;
/** Above what any key needs at least, and each value used once. */
const FIRST_VALUE = 2_000_000;
const FIRST_GROUP_VALUE = 45_001;
/** A later one begins anew: the fewer happened to one, the faster its history is judged. */
const OPERATIONS_EACH = 16;
const ENTITIES = 8;
const CALL_MS = 15_000;

/** Clients that create, change and delete topics and configs, and write down what they are told. */
export class MetadataWorkload {
  readonly operations: Operation[] = [];
  /** Times at which changes were acknowledged. */
  readonly acknowledgedMs: number[] = [];
  readonly #options: WorkloadOptions;
  readonly #entities: { name: string; left: number }[] = [];
  readonly #running: Promise<void>[] = [];
  #made = 0;
  #nextValue = 0;
  #isOver = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    for (let i = 0; i < ENTITIES; i++) this.#entities.push(this.#fresh());
  }

  start(): void {
    for (let i = 0; i < this.#options.clients; i++)
      this.#running.push(this.#run(this.#options.random.fork(`client ${i}`)));
  }

  /** What is under way is waited for. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  #fresh(): { name: string; left: number } {
    const at = this.#made++;
    return { name: at % 5 === 4 ? `group-${at}` : `topic-${at}`, left: OPERATIONS_EACH };
  }

  async #run(random: Random): Promise<void> {
    await using client = openClient({ bootstrapServers: this.#options.bootstrapServers });
    const admin = client.admin({ apiTimeoutMs: CALL_MS });
    while (!this.#isOver) {
      const at = random.below(this.#entities.length);
      const entity = this.#entities[at];
      if (entity === undefined) continue;
      if ((entity.left -= 1) === 0) this.#entities[at] = this.#fresh();
      const change = isGroup(entity.name) ? this.#groupChange(random) : this.#topicChange(random);
      await this.#carryOut(admin, entity.name, change, 1 + random.below(3));
      await sleep(random.below(25));
    }
  }

  #value(): string {
    return String(FIRST_VALUE + this.#nextValue++);
  }

  #groupChange(random: Random): Change {
    const value = String(FIRST_GROUP_VALUE + (this.#nextValue++ % 14_000));
    return { kind: 'alter', configs: { [GROUP_KEY]: random.below(5) === 0 ? null : value } };
  }

  #topicChange(random: Random): Change {
    const key = TOPIC_KEYS[random.below(TOPIC_KEYS.length)] ?? 'retention.ms';
    const draw = random.below(100);
    if (draw < 35)
      return { kind: 'create', partitions: 1 + random.below(3), configs: { [key]: this.#value() } };
    if (draw < 50) return { kind: 'delete' };
    if (draw < 60) return { kind: 'grow', partitions: 2 + random.below(5) };
    if (draw < 70) return { kind: 'alter', configs: { [key]: null } };
    if (draw < 80)
      return { kind: 'alter', configs: { 'retention.ms': this.#value(), 'segment.bytes': 'no' } };
    return { kind: 'alter', configs: { 'retention.ms': this.#value(), [key]: this.#value() } };
  }

  async #carryOut(admin: Admin, entity: string, change: Change, replicas: number): Promise<void> {
    const startedMs = performance.now();
    const told = await toldOf(entity, change, () => ask(admin, entity, change, replicas));
    const nowMs = performance.now();
    if (told.kind === 'done') this.acknowledgedMs.push(nowMs);
    const endedMs = told.kind === 'unknown' ? Infinity : nowMs;
    this.operations.push({ entity, change, told, startedMs, endedMs });
  }
}

type Answer = Outcome<unknown, { readonly topicId?: string } | undefined>;

const resourceOf = (entity: string): ConfigResource => ({
  type: isGroup(entity) ? 'group' : 'topic',
  name: entity,
});

const ask = async (
  admin: Admin,
  name: string,
  change: Change,
  replicationFactor: number,
): Promise<Answer | undefined> => {
  switch (change.kind) {
    case 'create': {
      const { partitions, configs } = change;
      const [answer] = await admin.createTopics([{ name, partitions, replicationFactor, configs }]);
      return answer;
    }
    case 'delete': {
      const [answer] = await admin.deleteTopics([name]);
      return answer;
    }
    case 'grow': {
      const [answer] = await admin.createPartitions({ [name]: { total: change.partitions } });
      return answer;
    }
    case 'alter': {
      const changes = Object.entries(change.configs).map(([key, value]) => ({
        name: key,
        operation: value === null ? ('delete' as const) : ('set' as const),
        value,
      }));
      const [answer] = await admin.incrementalAlterConfigs([{ resource: resourceOf(name), changes }]);
      return answer;
    }
    case 'read':
      throw new Error('clients of the workload change, they do not read');
  }
};

/** The client itself says whether what failed may have happened all the same. */
const toldOf = async (
  entity: string,
  change: Change,
  work: () => Promise<Answer | undefined>,
): Promise<Told> => {
  try {
    const answer = await work();
    if (answer === undefined) throw new Error(`no answer about ${change.kind} ${entity}`);
    if (answer.kind === 'failed') throw answer.error;
    const topicId = answer.value?.topicId;
    return topicId === undefined ? { kind: 'done' } : { kind: 'done', topicId };
  } catch (error) {
    if (!isClientError(error)) throw error;
    return error.effect === 'indefinite' ? { kind: 'unknown' } : { kind: 'refused', code: error.code };
  }
};

/** Kafka's numbers for overrides of a topic and of a group. */
const OWN_SOURCES: ReadonlySet<number> = new Set([1, 8]);
const AT_ONCE = 50;

/** Reads what is there in the end of everything that was ever asked for. */
export const readEntities = async (
  bootstrapServers: string,
  entities: readonly string[],
): Promise<readonly Operation[]> => {
  await using client = openClient({ bootstrapServers });
  const admin = client.admin();
  const operations: Operation[] = [];
  for (let at = 0; at < entities.length; at += AT_ONCE) {
    const names = entities.slice(at, at + AT_ONCE);
    const startedMs = performance.now();
    const topics = new Map<string, Pick<Entity, 'topicId' | 'partitions'>>();
    for (const name of names) if (isGroup(name)) topics.set(name, { topicId: undefined, partitions: 0 });
    for (const outcome of await admin.describeTopics(names.filter((name) => !isGroup(name)))) {
      if (outcome.kind === 'done')
        topics.set(outcome.key, {
          topicId: outcome.value.topicId,
          partitions: outcome.value.partitions.length,
        });
      else if (outcome.error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw outcome.error;
    }
    const configs = new Map<string, Record<string, string>>();
    for (const outcome of await admin.describeConfigs([...topics.keys()].map(resourceOf))) {
      if (outcome.kind === 'failed') throw outcome.error;
      const own = outcome.value.filter(({ source }) => OWN_SOURCES.has(source));
      configs.set(outcome.key.name, Object.fromEntries(own.map(({ name, value }) => [name, value ?? ''])));
    }
    const endedMs = performance.now();
    for (const entity of names) {
      const topic = topics.get(entity);
      const seen = topic === undefined ? 'absent' : { ...topic, configs: configs.get(entity) ?? {} };
      const told = { kind: 'done', seen } as const;
      operations.push({ entity, change: { kind: 'read' }, told, startedMs, endedMs });
    }
  }
  return operations;
};
