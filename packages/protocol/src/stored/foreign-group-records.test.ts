import { TopicId } from '@kafkaesque/kernel';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '../schema/message';
import { foreignGroupRecords } from './foreign-group-records';
import { decodeGroupRecord, groupRecords } from './group-record';

/** For Java: what runs for a second gains nothing by its best compiler, and threads for its garbage. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

const topicId = TopicId('AAECAwQFBgcICQoLDA0ODw');
const group = { groupId: 'g' };
const member = { groupId: 'g', memberId: 'm' };
const partitions = [{ topicId, topicName: 't', partitions: [0, 2] }];
const tasks = [{ subtopologyId: '0', partitions: [1] }];
const held = [{ subtopologyId: '0', partitions: [1], assignmentEpochs: [4] }];
const free = [{ subtopologyId: '0', partitions: [1], assignmentEpochs: null }];

/** One record of every kind, with everything set that can be. */
const examples: Readonly<Record<keyof typeof foreignGroupRecords, readonly [key: object, value: object]>> = {
  ShareGroupMemberMetadata: [
    member,
    { rackId: 'r', clientId: 'c', clientHost: '/127.0.0.1', subscribedTopicNames: ['t'] },
  ],
  ShareGroupMetadata: [group, { epoch: 3, metadataHash: 12 }],
  ShareGroupTargetAssignmentMetadata: [group, { assignmentEpoch: 3, assignmentTimestamp: 9 }],
  ShareGroupTargetAssignmentMember: [member, { topicPartitions: [{ topicId, partitions: [0] }] }],
  ShareGroupCurrentMemberAssignment: [
    member,
    { memberEpoch: 3, previousMemberEpoch: 2, state: 0, assignedPartitions: [{ topicId, partitions: [0] }] },
  ],
  ShareGroupStatePartitionMetadata: [
    group,
    {
      initializingTopics: partitions,
      initializedTopics: partitions,
      deletingTopics: [{ topicId, topicName: 't' }],
    },
  ],
  StreamsGroupMetadata: [
    group,
    {
      ...{ epoch: 3, metadataHash: 12, validatedTopologyEpoch: 1 },
      lastAssignmentConfigs: [{ key: 'num.standby.replicas', value: '1' }],
    },
  ],
  StreamsGroupMemberMetadata: [
    member,
    {
      ...{ instanceId: 'i', rackId: null, clientId: 'c', clientHost: '/127.0.0.1', rebalanceTimeoutMs: 5 },
      ...{ topologyEpoch: 1, processId: 'p', userEndpoint: { host: 'h', port: 40_000 } },
      clientTags: [{ key: 'zone', value: 'a' }],
    },
  ],
  StreamsGroupTargetAssignmentMetadata: [group, { assignmentEpoch: 3, assignmentTimestamp: 9 }],
  StreamsGroupTargetAssignmentMember: [member, { activeTasks: tasks, standbyTasks: [], warmupTasks: tasks }],
  StreamsGroupCurrentMemberAssignment: [
    member,
    {
      ...{ memberEpoch: 3, previousMemberEpoch: 2, state: 1, activeTasks: held, standbyTasks: free },
      ...{ warmupTasks: [], activeTasksPendingRevocation: held, standbyTasksPendingRevocation: [] },
      warmupTasksPendingRevocation: free,
    },
  ],
  StreamsGroupTopology: [
    group,
    {
      epoch: 1,
      subtopologies: [
        {
          ...{ subtopologyId: '0', sourceTopics: ['t'], sourceTopicRegex: ['u.*'] },
          stateChangelogTopics: [
            {
              ...{ name: 'changes', partitions: 0, replicationFactor: 1 },
              topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
            },
          ],
          repartitionSinkTopics: ['r'],
          repartitionSourceTopics: [{ name: 'r', partitions: 2, replicationFactor: 0, topicConfigs: [] }],
          copartitionGroups: [{ sourceTopics: [0], sourceTopicRegex: [0], repartitionSourceTopics: [0] }],
        },
      ],
    },
  ],
};

const prefixed = (prefix: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, prefix]), bytes]);
const stored = Object.entries(foreignGroupRecords).map(([kind, record]) => {
  const { type, key, value }: { type: number; key: Message; value: Message } = record;
  const [about, says] = examples[kind as keyof typeof foreignGroupRecords];
  return {
    ...{ kind, keyMessage: key, valueMessage: value, about, says },
    ...{ key: prefixed(type, key.encode(about, 0)), value: prefixed(0, value.encode(says, 0)) },
  };
});

describe('records of __consumer_offsets of groups that are none of consumers', () => {
  test.each(stored)(
    '$kind reads as it was written',
    ({ keyMessage, valueMessage, about, says, key, value }) => {
      expect(keyMessage.decode(key, 0, 2)).toEqual(about);
      expect(valueMessage.decode(value, 0, 2)).toEqual(says);
    },
  );

  test('have types of their own, which the coordinator of groups of consumers passes over', () => {
    const types = [...Object.values(groupRecords), ...Object.values(foreignGroupRecords)].map(
      ({ type }) => type,
    );
    expect(new Set(types).size).toBe(types.length);
    for (const { key, value } of stored) expect(decodeGroupRecord(key, value)).toBeUndefined();
  });

  const jars = join(process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'), 'kafka-4.3.0');
  const java = existsSync(join(jars, '.complete'))
    ? spawnSync('java', ['-version'], { stdio: 'ignore' })
    : undefined;
  if (java?.status !== 0) {
    test('were not given to Kafka itself, whose jars or Java are not present', () => {
      process.stdout.write('records of other groups: skipped, because Kafka’s jars or Java are not here\n');
    });
    return;
  }

  test('are read by Kafka itself, which writes the same bytes', () => {
    const lines = stored.map(({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`);
    const run = spawnSync(
      'java',
      [...SHORT_LIVED, '-cp', join(jars, '*'), join(__dirname, 'group-records.java')],
      {
        input: lines.join('\n'),
        encoding: 'utf8',
        timeout: 100_000,
      },
    );
    expect({ report: run.stdout.trim().split('\n'), stderr: run.stderr.slice(0, 500) }).toMatchObject({
      report: [`${lines.length} same`],
    });
  }, 120_000);
});
