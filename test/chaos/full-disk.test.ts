import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { ErrorCode } from '@kafkaesque/protocol';
import type { BadClient } from '../bad-input/client';
import { spawnBroker } from '../durability/spawned-broker';
import type { SpawnedBroker } from '../durability/spawned-broker';
import { batchOf, connectTo, createdTopic, fetched, produced, valuesFrom } from '../node/node-client';
import { NO_SMALL_DISKS, mountSmallDisk } from './small-disk';

// A process starts several times, perhaps on a busy machine.
jest.setTimeout(120_000);

const MIB = 1 << 20;
const VALUE = 'v'.repeat(100_000);

beforeAll(() => {
  const { status } = spawnSync('npx', ['tsc', '-b', 'packages/server'], { cwd: join(__dirname, '../..') });
  expect(status).toBe(0);
}, 120_000);

const spawnOn = ({ path }: { readonly path: string }): SpawnedBroker =>
  spawnBroker({ directory: join(path, 'data'), port: 0, properties: {}, environment: {} });

const connect = async (broker: SpawnedBroker): Promise<BadClient> => {
  const { port } = await broker.ready;
  return connectTo({ bootstrapServers: `127.0.0.1:${port}` });
};

const freeBytes = (path: string): number => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

interface Sent {
  readonly values: string[];
  /** Of what was refused, in order. */
  readonly errorCodes: number[];
}

/** A connection that ends tells less than what the broker said last. */
const orTestimony = async <Value>(broker: SpawnedBroker, work: Promise<Value>): Promise<Value> => {
  try {
    return await work;
  } catch (cause) {
    throw new Error(`the broker, which ${broker.hasEnded ? 'ended' : 'runs'}, said: ${broker.testimony()}`, {
      cause,
    });
  }
};

/** Produces until nothing has been taken so many times in a row: what the journal gives back is filled as well. */
const fill = async (client: BadClient, topic: string, refusals: number): Promise<Sent> => {
  const sent: Sent = { values: [], errorCodes: [] };
  let refused = 0;
  for (let number = 0; refused < refusals; number += 1) {
    const value = `${number} ${VALUE}`;
    const { errorCode } = await produced(client, topic, batchOf([value]));
    refused = errorCode === ErrorCode.NONE ? 0 : refused + 1;
    if (errorCode === ErrorCode.NONE) sent.values.push(value);
    else {
      sent.errorCodes.push(errorCode);
      await pause();
    }
  }
  return sent;
};

const deleteTopic = async (client: BadClient, name: string): Promise<number | undefined> => {
  const { responses } = await client.ask('DeleteTopics', 5, { topicNames: [name], timeoutMs: 30_000 });
  return responses[0]?.errorCode;
};

/** Asks until it is so: everything here happens by itself, and at its own time. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause();
};

const takes = async (client: BadClient, topic: string, value: string): Promise<boolean> =>
  (await produced(client, topic, batchOf([value]))).errorCode === ErrorCode.NONE;

/** Everything in the topic; its partition leads again a moment after it has been refused an append. */
const valuesIn = async (client: BadClient, topic: string): Promise<readonly string[]> => {
  await until(async () => {
    const { errorCode } = await fetched(client, topic, 0);
    expect([ErrorCode.NONE, ErrorCode.NOT_LEADER_OR_FOLLOWER]).toContain(errorCode);
    return errorCode === ErrorCode.NONE;
  });
  return valuesFrom(client, topic, 0);
};

/** Values by their beginnings, so that a difference can be read. */
const brief = (values: readonly string[]): readonly string[] =>
  values.map((value) => `${value.slice(0, 12)} ${value.length}`);

// Each on a disk of its own, and mostly waiting for it: all at once.
describe.each(['ack', 'replication'])('a real disk that is full (flush.policy=%s)', (flushPolicy) => {
  // The records are as old as their timestamps, and retention looks at them where the test takes long.
  const configs = {
    'flush.policy': flushPolicy,
    'segment.bytes': String(4 * MIB),
    'retention.ms': '-1',
  };

  test.concurrent('refuses records, shows what it has, and recovers by the deletion of a topic', async () => {
    using disk = mountSmallDisk(64 * MIB);
    if (disk === undefined) {
      process.stdout.write(NO_SMALL_DISKS);
      return;
    }
    const broker = spawnOn(disk);
    const kept: string[] = [];
    try {
      await using client = await connect(broker);
      await createdTopic(client, 'kept', configs);
      await createdTopic(client, 'large', configs);
      for (const value of ['one', 'two']) {
        expect(await takes(client, 'kept', value)).toBe(true);
        kept.push(value);
      }
      const { values, errorCodes } = await orTestimony(broker, fill(client, 'large', 20));
      expect(values.length).toBeGreaterThan(100);
      // Whoever was under way does not know; everybody after is told to come again.
      expect(errorCodes.at(-1)).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(broker.testimony()).toContain('the disk is full: no records are taken until there is room');
      expect(brief(await valuesIn(client, 'large')).slice(0, values.length)).toEqual(brief(values));
      expect(await takes(client, 'kept', 'refused')).toBe(false);

      expect(await deleteTopic(client, 'large')).toBe(ErrorCode.NONE);
      await until(() => takes(client, 'kept', 'three'));
      kept.push('three');
      // Files may still be on their way out, and others behind the journal.
      await until(() => Promise.resolve(freeBytes(disk.path) > 32 * MIB));
      await createdTopic(client, 'next', configs);
      await until(() => takes(client, 'next', 'a new topic'));
      expect(await valuesFrom(client, 'kept', 0)).toEqual(kept);
    } finally {
      await broker.kill();
    }
    const again = spawnOn(disk);
    try {
      await using client = await connect(again);
      expect((await again.ready).recoveries).toMatchObject([{ corruption: [], suspectLogs: 0 }]);
      expect(await valuesFrom(client, 'kept', 0)).toEqual(kept);
      expect(await valuesFrom(client, 'next', 0)).toEqual(['a new topic']);
    } finally {
      await again.stop();
    }
  });

  test.concurrent('is left by a clean stop, and recovers when it has grown', async () => {
    using disk = mountSmallDisk(48 * MIB);
    if (disk === undefined) {
      process.stdout.write(NO_SMALL_DISKS);
      return;
    }
    const broker = spawnOn(disk);
    const filled = async (): Promise<Sent> => {
      await using client = await connect(broker);
      await createdTopic(client, 'large', configs);
      return await orTestimony(broker, fill(client, 'large', 20));
    };
    const { values } = await filled();
    await broker.stop();
    const again = spawnOn(disk);
    try {
      await using client = await connect(again);
      expect((await again.ready).recoveries).toMatchObject([{ corruption: [], suspectLogs: 0 }]);
      expect(brief(await valuesFrom(client, 'large', 0)).slice(0, values.length)).toEqual(brief(values));
      disk.remount(`size=${96 * MIB}`);
      await until(() => takes(client, 'large', 'there is room again'));
      const all = await valuesFrom(client, 'large', 0);
      expect([all.length > values.length, all.at(-1)]).toEqual([true, 'there is room again']);
    } finally {
      await again.stop();
    }
  });
});
