import type { TopicId } from '@kafkaesque/kernel';
import type { Cluster } from '@kafkaesque/testkit';
import { BadClient } from '../bad-input/client';

/** A bare connection to the node: whatever a test wants to say, in whatever version. */
export const connectTo = ({ bootstrapServers }: Pick<Cluster, 'bootstrapServers'>): Promise<BadClient> => {
  const at = bootstrapServers.lastIndexOf(':');
  return BadClient.open(bootstrapServers.slice(0, at), Number(bootstrapServers.slice(at + 1)));
};

/** Creates a topic and gives its id. */
export const createdTopic = async (
  client: BadClient,
  name: string,
  configs: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<TopicId> => {
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  const [created] = topics;
  if (created?.errorCode !== 0) throw new Error(`${name}: ${created?.errorCode} ${created?.errorMessage}`);
  return created.topicId;
};
