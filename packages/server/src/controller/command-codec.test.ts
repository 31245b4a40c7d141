import { BrokerEpoch, BrokerId, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import type { CommandResponses } from '@kafkaesque/metadata';
import type { ForwardedCommand } from './command-codec';
import {
  decodeCommand,
  decodeCommandResponse,
  encodeCommand,
  encodeCommandResponse,
  isRepeatable,
} from './command-codec';

const extras = {
  ...{ topicIds: new Map(), retried: false, shownOffset: -1 },
  ...{ isUnclean: false, distrustedDirs: [], hasDirsAway: false },
};
const uuid = (byte: number): string => Buffer.alloc(16, byte).toString('base64url');
const topicId = TopicId(uuid(2));
const broker = { brokerId: BrokerId(3), brokerEpoch: BrokerEpoch(70) };
const fared = { errorCode: 84, errorMessage: 'why' };

const alterPartition: ForwardedCommand = {
  kind: 'alter-partition',
  ...broker,
  topics: [
    {
      topicId,
      partitions: [
        {
          ...{ partitionIndex: 2, leaderEpoch: LeaderEpoch(5), partitionEpoch: 9, leaderRecoveryState: 1 },
          newIsrWithEpochs: [broker, { brokerId: BrokerId(4), brokerEpoch: BrokerEpoch(-1) }],
        },
      ],
    },
  ],
};

const elect = (electionType: number): ForwardedCommand => ({
  kind: 'elect-leaders',
  electionType,
  topicPartitions: [{ topic: 'a', partitions: [0, 2] }],
});

const reassign = (replicas: readonly BrokerId[] | null): ForwardedCommand => ({
  kind: 'alter-partition-reassignments',
  allowReplicationFactorChange: false,
  topics: [{ name: 'a', partitions: [{ partitionIndex: 1, replicas }] }],
});

describe('a command that travels', () => {
  test.each([
    alterPartition,
    elect(1),
    { kind: 'elect-leaders', electionType: 0, topicPartitions: null } as const,
    reassign([4, 5].map(BrokerId)),
    reassign(null),
  ])('arrives as it was sent: $kind', (command) => {
    const { apiKey, apiVersion, body } = encodeCommand(command);
    expect(decodeCommand({ apiKey, apiVersion, body }, extras)).toMatchObject(command);
  });

  test('has the key of Kafka’s request', () => {
    const keys = [alterPartition, elect(0), reassign(null)].map((command) => encodeCommand(command).apiKey);
    expect(keys).toEqual([56, 43, 45]);
  });

  test.each<[ForwardedCommand, CommandResponses[keyof CommandResponses]]>([
    [
      alterPartition,
      {
        topics: [
          {
            topicId,
            partitions: [
              {
                ...{ partitionIndex: 2, errorCode: 0, leaderId: BrokerId(3), leaderEpoch: LeaderEpoch(5) },
                ...{ isr: [3, 4].map(BrokerId), leaderRecoveryState: 0, partitionEpoch: 10 },
              },
            ],
          },
        ],
      },
    ],
    [elect(0), { replicaElectionResults: [{ topic: 'a', partitionResult: [{ partitionId: 2, ...fared }] }] }],
    [reassign(null), { responses: [{ name: 'a', partitions: [{ partitionIndex: 1, ...fared }] }] }],
  ])('is answered: %p', (command, response) => {
    expect(decodeCommandResponse(command, encodeCommandResponse(command, response))).toEqual(response);
  });

  test('says beside Kafka’s request in what state a broker found its directories', () => {
    const command: ForwardedCommand = {
      ...{ kind: 'register-broker', brokerId: BrokerId(1), clusterId: 'c', incarnationId: uuid(3) },
      ...{ listeners: [], features: [], rack: null, logDirs: [], previousBrokerEpoch: BrokerEpoch(4) },
      ...{ isUnclean: true, distrustedDirs: [uuid(5)], hasDirsAway: true },
    };
    const encoded = encodeCommand(command);
    expect(decodeCommand(encoded, { ...extras, ...encoded, topicIds: new Map() })).toEqual(command);
    expect(decodeCommand(encoded, extras)).toEqual({
      ...command,
      ...{ isUnclean: false, distrustedDirs: [], hasDirsAway: false },
    });
  });

  test.each([
    [alterPartition, true],
    [elect(0), true],
    [elect(1), false],
    [reassign([BrokerId(4)]), true],
    [reassign(null), false],
  ])('is sent again only where that does no harm: %p', (command, expected) => {
    expect(isRepeatable(command)).toBe(expected);
  });
});
