// The administration of @platformatic/kafka, one question a line: platformatic-admin.mjs BOOTSTRAP
import { createInterface } from 'node:readline';
import { Admin } from '@platformatic/kafka';

const options = { clientId: 'interop', bootstrapBrokers: [process.argv[2]], retries: 0 };
const admin = new Admin(options);
const resourceTypes = { topic: 2, broker: 4 };
const set = 0;
const remove = 1;
const times = { latest: -1n, earliest: -2n, max: -3n };

const answers = {
  async create({ topic, partitions, configs }) {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: entries });
  },
  delete: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  extend: ({ topic, total }) =>
    admin.createPartitions({ topics: [{ name: topic, count: total, assignments: null }] }),
  list: async () => (await admin.listTopics()).toSorted(),
  async describe({ topic }) {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true, autocreateTopics: false });
    return topics
      .get(topic)
      .partitions.map(({ leader, replicas, isr }, partition) => ({ partition, leader, replicas, isr }));
  },
  async cluster() {
    const { id, brokers, controllerId } = await admin.metadata({ topics: [], forceUpdate: true });
    const addresses = [...brokers].map(([broker, { host, port }]) => ({
      id: broker,
      address: `${host}:${port}`,
    }));
    return { clusterId: id, controller: controllerId, brokers: addresses };
  },
  async configs({ kind, name }) {
    const resources = [{ resourceType: resourceTypes[kind], resourceName: name, configurationKeys: null }];
    const [{ configs }] = await admin.describeConfigs({ resources });
    return Object.fromEntries(configs.map((entry) => [entry.name, entry.value]));
  },
  async alter({ kind, name, put, remove: gone }) {
    const configs = [
      ...Object.entries(put).map(([key, value]) => ({ name: key, configOperation: set, value })),
      ...gone.map((key) => ({ name: key, configOperation: remove, value: null })),
    ];
    await admin.incrementalAlterConfigs({
      resources: [{ resourceType: resourceTypes[kind], resourceName: name, configs }],
    });
  },
  replace({ kind, name, configs }) {
    const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    return admin.alterConfigs({
      resources: [{ resourceType: resourceTypes[kind], resourceName: name, configs: entries }],
    });
  },
  async truncate({ topic, partition, before }) {
    const partitions = [{ partitionIndex: partition, offset: BigInt(before) }];
    const [deleted] = await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
    return Number(deleted.partitions[0].lowWatermark);
  },
  async directories({ topic, partitions }) {
    const [{ results }] = await admin.describeLogDirs({ topics: [{ name: topic, partitions }] });
    return results.length;
  },
  async offset({ topic, partition, at }) {
    const timestamp = times[at] ?? BigInt(at);
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }];
    const [listed] = await admin.listOffsets({ topics, isolationLevel: 0 });
    const { offset } = listed.partitions[0];
    return offset < 0n ? null : Number(offset);
  },
};

/** The protocol's code, wherever in the causes of an error it stands. */
const codeOf = (error) =>
  error.apiCode ??
  [...(error.errors ?? []), error.cause]
    .filter(Boolean)
    .map(codeOf)
    .find((code) => code !== undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...question } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await answers[ask](question)) ?? null };
  } catch (error) {
    answer = { error: codeOf(error) ?? String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await admin.close();
