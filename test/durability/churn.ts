import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { messageOf } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import type { SentValue } from './acknowledged';
import type { History } from './history';
import type { KnownTopic } from './topic-states';
import { valueOf } from './values';

export interface ChurnOptions {
  readonly bootstrapServers: string;
  readonly history: History;
  readonly random: Random;
  /** Never used before. */
  readonly name: string;
  /** Told why a call failed, while the node was meant to serve. */
  readonly trouble: (why: string) => void;
}

/** Creates topics, fills and deletes them, one after the other. */
export interface Churn {
  /** From now on failures are what one expects of a node that is not there. */
  expectFailures(): void;
  /** Resolves once nothing more happens; what is not answered yet is given up. */
  end(): Promise<void>;
}

const NAMES = 6;
const RECORDS = 8;

export const startChurn = (options: ChurnOptions): Churn => {
  const client = openClient({
    bootstrapServers: options.bootstrapServers,
    clientId: options.name,
    random: options.random.fork('client'),
  });
  const giveUp = new AbortController();
  let isActive = true;
  let failuresExpected = false;
  const run = async (): Promise<void> => {
    for (let step = 0; isActive; step++) {
      try {
        await takeStep(client, options, step, giveUp.signal);
      } catch (error) {
        if (!failuresExpected) options.trouble(`${options.name}: ${messageOf(error)}`);
        // What came of the call shows when the node is back; this topic is not touched again until then.
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, options.random.below(100)));
    }
  };
  const running = run();
  return {
    expectFailures() {
      failuresExpected = true;
    },
    async end() {
      isActive = false;
      giveUp.abort();
      await running;
      await client.close();
    },
  };
};

const takeStep = async (
  client: Client,
  { history, random, name }: ChurnOptions,
  step: number,
  signal: AbortSignal,
): Promise<void> => {
  const topicName = `churn-${random.below(NAMES)}`;
  const known = history.topics.find((topic) => topic.name === topicName && topic.state.kind !== 'gone');
  if (known === undefined) await create(client, history, topicName, 1 + random.below(3), signal);
  else if (random.below(2) === 0) await remove(client, history, known, signal);
  else await fill(client, history, known, `${name}.${step}`, random, signal);
};

const create = async (
  client: Client,
  history: History,
  name: string,
  partitions: number,
  signal: AbortSignal,
): Promise<void> => {
  const creating: KnownTopic = { name, partitions, keepsBytes: undefined, state: { kind: 'creating' } };
  history.note(creating);
  await using admin = client.admin();
  const [outcome] = await admin.createTopics(
    [{ name, partitions, replicationFactor: 1, configs: { 'retention.ms': '-1' } }],
    { signal },
  );
  if (outcome?.kind !== 'done') throw new Error(`${name} was not created`);
  history.note({ ...creating, state: { kind: 'live', topicId: outcome.value.topicId } }, creating);
};

const remove = async (
  client: Client,
  history: History,
  topic: KnownTopic,
  signal: AbortSignal,
): Promise<void> => {
  if (topic.state.kind !== 'live') throw new Error(`${topic.name} is ${topic.state.kind}`);
  const { topicId } = topic.state;
  const deleting: KnownTopic = { ...topic, state: { kind: 'deleting', topicId } };
  history.note(deleting, topic);
  await using admin = client.admin();
  const [outcome] = await admin.deleteTopics([topic.name], { signal });
  if (outcome?.kind !== 'done') throw new Error(`${topic.name} was not deleted`);
  history.note({ ...topic, state: { kind: 'gone', topicId } }, deleting);
};

const fill = async (
  client: Client,
  history: History,
  topic: KnownTopic,
  producer: string,
  random: Random,
  signal: AbortSignal,
): Promise<void> => {
  if (topic.state.kind !== 'live') throw new Error(`${topic.name} is ${topic.state.kind}`);
  const { topicId } = topic.state;
  const sending = client.producer();
  try {
    await Promise.all(
      Array.from({ length: RECORDS }, async (_, sequence) => {
        const sent: SentValue = { producer, sequence, isIdempotent: true };
        const partition = random.below(topic.partitions);
        const value = valueOf(sent, { topic: topic.name, partition }, 100 + random.below(3000));
        const { offset } = await sending.send({ topic: topic.name, partition, value }, { signal });
        history.acknowledge(topicId, partition, offset, sent);
      }),
    );
  } finally {
    await sending.close({ timeoutMs: 0 });
  }
};
