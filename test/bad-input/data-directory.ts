import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@kafkaesque/kernel';
import { decodeBatch, errorName, splitBatches } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { BadClient } from './client';
import { isKafka } from './target';
import type { CreatedTopic } from './topics';
import { createTopic, endOffset, fetchBatch, goodBatch, produce } from './topics';

export type Ending = 'clean' | 'crash';

/** A data directory with acknowledged records in it, to be copied and damaged. */
export interface PreparedDirectory {
  readonly path: string;
  readonly ending: Ending;
  readonly topics: readonly CreatedTopic[];
}

/** Records of each topic; one topic fills two segments, the other has the opt-in policy of Kafka. */
export const RECORDS = { journaled: 14, direct: 4 } as const;
const VALUE_BYTES = 100_000;

const connectTo = ({ bootstrapServers }: Cluster): Promise<BadClient> =>
  BadClient.open('127.0.0.1', Number(bootstrapServers.split(':')[1]));

/** Fills a node's directory and ends the node, cleanly or not. */
const prepareDirectory = async (root: string, ending: Ending): Promise<PreparedDirectory> => {
  const path = join(root, ending);
  const cluster = await createCluster({ directory: path });
  await using client = await connectTo(cluster);
  const journaled = await createTopic(client, { 'segment.bytes': '1048576' }, 'journaled');
  const direct = await createTopic(client, { 'flush.policy': 'replication' }, 'direct');
  for (let index = 0; index < RECORDS.journaled; index += 1) {
    await produce(client, journaled, goodBatch(`${index} `.padEnd(VALUE_BYTES, 'x')));
  }
  for (let index = 0; index < RECORDS.direct; index += 1)
    await produce(client, direct, goodBatch(`${index}`));
  // A crash comes after the last seal and the last background flush, so that everything acknowledged is vouched for.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await (ending === 'clean' ? cluster.node.close() : cluster.node.crash());
  return { path, ending, topics: [journaled, direct] };
};

export const flipBit = (file: string, at: number, bit = 0x10): void => {
  const bytes = readFileSync(file);
  if (at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ bit, at);
  writeFileSync(file, bytes);
};

/** What can happen to a file, by name; each changes it in place. */
export const damages: Readonly<Record<string, (file: string) => void>> = {
  missing: (file) => rmSync(file),
  empty: (file) => truncateSync(file, 0),
  '1 byte': (file) => writeFileSync(file, 'x'),
  random: (file) => {
    // The same bytes every time: nothing here is a matter of luck.
    writeFileSync(file, Buffer.from(readFileSync(file).map((_, index) => (index * 7919 + 13) & 0xff)));
  },
  half: (file) => truncateSync(file, readFileSync(file).length >> 1),
  'a flipped bit': (file) => {
    flipBit(file, readFileSync(file).length >> 1);
  },
};

/** Files of a data directory whose path below it has this form, in order. */
export const filesOf = (data: string, form: RegExp): readonly string[] =>
  readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((path) => form.test(path))
    .sort()
    .map((path) => join(data, path));

/** How a start on a damaged directory went. */
export type Outcome =
  | { readonly kind: 'refused'; readonly code: unknown; readonly message: string }
  | {
      readonly kind: 'started';
      /** Per topic: what can be read, and how reading and writing ended. */
      readonly topics: Readonly<Record<string, string>>;
      /** What the node said aloud, warnings and errors. */
      readonly said: readonly string[];
    };

/** The records that every start is to give back, and where the next ones go. */
export const everything = {
  journaled: `${RECORDS.journaled} read, whole, then NONE ${RECORDS.journaled}`,
  direct: `${RECORDS.direct} read, whole, then NONE ${RECORDS.direct}`,
} as const;

export const topicsOf = (outcome: Outcome): unknown =>
  outcome.kind === 'started' ? outcome.topics : outcome;

export const saidOf = (outcome: Outcome): string =>
  outcome.kind === 'started' ? outcome.said.join('\n') : '';

/** Does the same damage to every file of this form; there is at least one. */
export const damageEach =
  (form: RegExp, damage: string): ((data: string) => void) =>
  (data) => {
    const files = filesOf(data, form);
    if (files.length === 0) throw new Error(`no file below ${data} looks like ${form.source}`);
    for (const file of files) damages[damage]?.(file);
  };

const readAll = async (client: BadClient, topic: CreatedTopic): Promise<string> => {
  const values: string[] = [];
  let end = 'whole';
  try {
    const last = await endOffset(client, topic);
    for (let at = 0; at < last;) {
      const bytes = await fetchBatch(client, topic, at);
      const split = splitBatches(bytes);
      if (split.kind === 'malformed') throw new Error(split.message);
      if (split.positions.length === 0) throw new Error(`nothing came from offset ${at} on`);
      for (const position of split.positions) {
        const { header, records } = decodeBatch(bytes, position);
        for (const { value } of records) values.push(value?.toString().trimEnd().split(' ')[0] ?? '');
        at = header.baseOffset + header.lastOffsetDelta + 1;
      }
    }
  } catch (error) {
    end = error instanceof Error ? error.message : String(error);
  }
  const isPrefix = values.every((value, index) => value === String(index));
  return `${isPrefix ? values.length : values.join()} read, ${end}`;
};

const listenTo = (said: string[]): Logger => {
  const hear = (message: string, fields?: unknown): void => {
    said.push(`${message} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: hear,
    error: hear,
    child: () => logger,
  };
  return logger;
};

/** Copies the directory, damages the copy, starts a node on it, and looks what became of the records. */
export const tryDamaged = async (
  prepared: PreparedDirectory,
  damage: (data: string) => void,
  properties: Readonly<Record<string, string>> = {},
): Promise<Outcome> => {
  const directory = mkdtempSync(join(tmpdir(), 'kafkaesque-b17-'));
  const said: string[] = [];
  try {
    cpSync(prepared.path, directory, { recursive: true });
    damage(join(directory, 'data'));
    let cluster: Cluster;
    try {
      cluster = await createCluster({ directory, properties, logger: listenTo(said) });
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message: string };
      return { kind: 'refused', code, message: message.replaceAll(directory, '') };
    }
    await using started = cluster;
    const topics: Record<string, string> = {};
    await using client = await connectTo(started);
    for (const topic of prepared.topics) {
      const read = await readAll(client, topic);
      const written = await produce(client, topic, goodBatch('new'));
      topics[topic.name] = `${read}, then ${errorName(written.errorCode)} ${written.baseOffset}`;
    }
    return { kind: 'started', topics, said: said.map((line) => line.replaceAll(directory, '')) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Has a directory of each ending prepared below `root` before the tests of a file, and all of it taken away. */
export const directoriesOfEachEnding = (): {
  readonly root: string;
  readonly directoryAfter: (ending: Ending) => PreparedDirectory;
} => {
  const root = mkdtempSync(join(tmpdir(), 'kafkaesque-b17-root-'));
  const prepared: Partial<Record<Ending, PreparedDirectory>> = {};
  beforeAll(async () => {
    if (isKafka) return;
    prepared.clean = await prepareDirectory(root, 'clean');
    prepared.crash = await prepareDirectory(root, 'crash');
  }, 30_000);
  afterAll(() => {
    rmSync(root, { recursive: true });
  });
  const directoryAfter = (ending: Ending): PreparedDirectory => {
    const directory = prepared[ending];
    if (directory === undefined) throw new Error(`no directory was prepared with a ${ending} end`);
    return directory;
  };
  return { root, directoryAfter };
};
