import { SeededRandom, silentLogger } from '@kafkaesque/kernel';
import type { BrokerImage } from '@kafkaesque/metadata';
import { emptyImage } from '@kafkaesque/metadata';
import { readConfiguration } from '../configuration';
import { HandClock } from './coordinator-scenario';
import { OffsetsTopicCreation } from './internal-topics';

type Parts = ConstructorParameters<typeof OffsetsTopicCreation>[0];
type Topic = { readonly replicationFactor: number; readonly numPartitions: number };

/** A broker of a cluster with so many registered brokers, and a controller that answers or is away. */
const scene = (file: string, brokerCount: number, isAway = false) => {
  const outcome = readConfiguration({ file });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors[0]?.message);
  const { configuration } = outcome;
  const clock = new HandClock();
  const submitted: Topic[] = [];
  const layers = { configuration, dynamicBroker: new Map(), dynamicDefault: new Map(), brokerCount };
  let { brokers } = emptyImage;
  for (let id = 1; id <= brokerCount; id += 1)
    brokers = brokers.set(String(id), { brokerId: id } as unknown as BrokerImage);
  const parts = {
    ...{ configuration, clock, logger: silentLogger, random: new SeededRandom(1, 'topics') },
    layers: () => layers,
    image: () => ({ ...emptyImage, brokers }),
    controller: {
      submit: ({ topics }: { readonly topics: readonly Topic[] }) => {
        submitted.push(...topics);
        return isAway ? new Promise(() => undefined) : Promise.resolve({ kind: 'refused', errorCode: 7 });
      },
    },
  } as unknown as Parts;
  return { clock, submitted, creation: new OffsetsTopicCreation(parts) };
};

const THREE =
  'process.roles=broker\nnode.id=4\ncontroller.quorum.voters=1@a:1,2@b:1,3@c:1\ncontroller.listener.names=C\n';

test('a node alone creates the topic at once, with one replica', async () => {
  const { creation, submitted } = scene('', 1);
  await creation.create();
  expect(submitted).toMatchObject([{ replicationFactor: 1, numPartitions: 50 }]);
});

test('a broker among others waits for as many as the topic is to have replicas, but not for ever', async () => {
  const { creation, submitted, clock } = scene(THREE, 1);
  expect(await creation.create()).toBe(false);
  expect(submitted).toEqual([]);
  await clock.pass(10_000);
  await creation.create();
  expect(submitted).toMatchObject([{ replicationFactor: 1 }]);
});

test('with enough brokers, or a replication factor that was set, nobody waits', async () => {
  const enough = scene(THREE, 3);
  await enough.creation.create();
  expect(enough.submitted).toMatchObject([{ replicationFactor: 3 }]);
  const set = scene(`${THREE}offsets.topic.replication.factor=1\n`, 1);
  await set.creation.create();
  expect(set.submitted).toMatchObject([{ replicationFactor: 1 }]);
});

test('who asks while the controller is away is answered after a second, and asks the controller once', async () => {
  const { creation, submitted, clock } = scene('', 1, true);
  const first = creation.create();
  const second = creation.create();
  await clock.pass(1000);
  expect(await Promise.all([first, second])).toEqual([false, false]);
  expect(submitted).toHaveLength(1);
});
