import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { openConversation } from './conversation';
import { found, programPath } from './found-clients';

export type Question =
  | {
      readonly ask: 'create';
      readonly topic: string;
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    }
  | { readonly ask: 'delete'; readonly topic: string }
  | { readonly ask: 'extend'; readonly topic: string; readonly total: number }
  | { readonly ask: 'list' }
  | { readonly ask: 'describe'; readonly topic: string }
  | { readonly ask: 'cluster' }
  | { readonly ask: 'configs'; readonly kind: 'topic' | 'broker'; readonly name: string }
  | {
      readonly ask: 'alter';
      readonly kind: 'topic' | 'broker';
      readonly name: string;
      readonly put: Readonly<Record<string, string>>;
      readonly remove: readonly string[];
    }
  | {
      readonly ask: 'offset';
      readonly topic: string;
      readonly partition: number;
      readonly at: 'earliest' | 'latest' | 'max' | number;
    };

/** The client's answer in one shape for all, or the protocol's error code that it reports. */
export type Answer = { readonly ok: unknown } | { readonly error: unknown };

/** A client that administers, opened. */
export interface Administration {
  ask(question: Question): Promise<Answer>;
  close(): Promise<void>;
}

export interface AdministeringClient {
  readonly name: string;
  /** What it cannot ask, or asks in a way that this server does not serve yet. */
  readonly lacks: readonly Question['ask'][];
  /** Whether it can ask for the record with the largest timestamp. */
  readonly asksForMaxTimestamp: boolean;
  readonly open: (bootstrap: string) => Promise<Administration>;
}

const inProcess =
  (command: string, program: string) =>
  (bootstrap: string): Promise<Administration> => {
    const conversation = openConversation(command, [programPath(program), bootstrap]);
    return Promise.resolve({
      ask: async (question) => (await conversation.ask(question)) as Answer,
      close: conversation.close,
    });
  };

/** KafkaJS gathers the errors of several topics in one. */
const kafkajsCode = (error: unknown): unknown => {
  const { code, errors, cause } = error as {
    readonly code?: number;
    readonly errors?: readonly unknown[];
    readonly cause?: unknown;
  };
  return (
    code ??
    (errors?.[0] === undefined
      ? cause === undefined
        ? String(error)
        : kafkajsCode(cause)
      : kafkajsCode(errors[0]))
  );
};

const openKafkajs = async (bootstrap: string): Promise<Administration> => {
  const admin = new Kafka({
    clientId: 'interop',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  await admin.connect();
  const resourceTypes = { topic: ConfigResourceTypes.TOPIC, broker: ConfigResourceTypes.BROKER };
  const answer = async (question: Question): Promise<unknown> => {
    switch (question.ask) {
      case 'create': {
        const configEntries = Object.entries(question.configs).map(([name, value]) => ({ name, value }));
        const created = await admin.createTopics({
          topics: [
            {
              topic: question.topic,
              numPartitions: question.partitions,
              replicationFactor: 1,
              configEntries,
            },
          ],
        });
        // It answers false instead of failing when the topic is there already.
        if (!created) throw Object.assign(new Error('the topic exists'), { code: 36 });
        return null;
      }
      case 'delete':
        await admin.deleteTopics({ topics: [question.topic] });
        return null;
      case 'extend':
        await admin.createPartitions({ topicPartitions: [{ topic: question.topic, count: question.total }] });
        return null;
      case 'list':
        return (await admin.listTopics()).toSorted();
      case 'describe': {
        const { topics } = await admin.fetchTopicMetadata({ topics: [question.topic] });
        return topics[0]?.partitions
          .toSorted((one, other) => one.partitionId - other.partitionId)
          .map(({ partitionId, leader, replicas, isr }) => ({
            partition: partitionId,
            leader,
            replicas,
            isr,
          }));
      }
      case 'cluster': {
        const { clusterId, controller, brokers } = await admin.describeCluster();
        return {
          clusterId,
          controller,
          brokers: brokers.map(({ nodeId, host, port }) => ({ id: nodeId, address: `${host}:${port}` })),
        };
      }
      case 'configs': {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: resourceTypes[question.kind], name: question.name }],
        });
        return Object.fromEntries(
          resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? [],
        );
      }
      case 'offset': {
        const { topic, partition, at } = question;
        const listed =
          typeof at === 'number'
            ? await admin.fetchTopicOffsetsByTimestamp(topic, at)
            : await admin.fetchTopicOffsets(topic);
        const place = listed.find((offset) => offset.partition === partition);
        return Number(at === 'earliest' && place !== undefined && 'low' in place ? place.low : place?.offset);
      }
      case 'alter':
        throw new Error('kafkajs alters only whole configurations');
    }
  };
  return {
    ask: async (question) => {
      try {
        return { ok: await answer(question) };
      } catch (error) {
        return { error: kafkajsCode(error) };
      }
    },
    close: () => admin.disconnect(),
  };
};

/** Every client that can administer on this machine. */
export const administeringClients: readonly AdministeringClient[] = [
  { name: 'kafkajs', lacks: ['alter'], asksForMaxTimestamp: false, open: openKafkajs },
  {
    name: '@platformatic/kafka',
    lacks: [],
    asksForMaxTimestamp: true,
    open: inProcess(process.execPath, 'platformatic-admin.mjs'),
  },
  ...(found.confluent === undefined
    ? []
    : [
        {
          name: 'confluent-kafka',
          lacks: [],
          asksForMaxTimestamp: true,
          open: inProcess(found.confluent, 'confluent_admin.py'),
        },
      ]),
  ...(found.aiokafka === undefined
    ? []
    : [
        {
          name: 'aiokafka',
          lacks: ['alter'] as const,
          asksForMaxTimestamp: false,
          open: inProcess(found.aiokafka, 'aio_admin.py'),
        },
      ]),
];
