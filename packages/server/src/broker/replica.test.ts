import { readConfiguration, topicConfiguration } from '../configuration';
import { partitionConfig } from './replica';

test('a partition is told how long a follower may lag on this broker, and how long a producer is remembered', () => {
  const outcome = readConfiguration({ file: '' });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors[0]?.message);
  const { configuration } = outcome;
  const layers = { configuration, dynamicBroker: new Map(), dynamicDefault: new Map(), brokerCount: 1 };
  const times = { producerIdExpirationMs: 7, replicaLagTimeMaxMs: 3000 };
  expect(partitionConfig(topicConfiguration(new Map(), layers), times)).toMatchObject(times);
});
