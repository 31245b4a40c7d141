import * as zlib from 'node:zlib';
import type { Message } from 'kafkajs';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { askProgram } from './client-programs';
import { found } from './found-clients';
import { ownProducer } from './own-client';
import { runToSuccess } from './program';
import type { Row } from './rows';
import { packRow } from './rows';

export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
export type Acks = '0' | '1' | 'all';

export interface ProduceOptions {
  readonly codec?: CodecName;
  readonly acks?: Acks;
  readonly idempotent?: boolean;
}

/** Where a record was written, as its producer was told; null when it asked for no acknowledgement. */
export type Place = { readonly partition: number; readonly offset: number } | null;

export interface ProducingClient {
  readonly name: string;
  /** Codecs that the client brings along. */
  readonly codecs: readonly CodecName[];
  /** Whether the client has a way to say this row. */
  readonly canSay: (row: Row) => boolean;
  /** The rows as this client can carry them. */
  carried(rows: readonly Row[]): readonly Row[];
  /** Writes the rows and resolves with their places, in the order of the rows; undefined from clients that do not tell. */
  produce(
    bootstrap: string,
    topic: string,
    rows: readonly Row[],
    options?: ProduceOptions,
  ): Promise<readonly Place[] | undefined>;
}

const all: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const asIs = (rows: readonly Row[]): readonly Row[] => rows;
const anything = (): boolean => true;
const namesRepeat = ({ headers }: Row): boolean =>
  new Set(headers.map(([name]) => name)).size < headers.length;
const someHeaderIsNull = ({ headers }: Row): boolean => headers.some(([, value]) => value === null);

/** A client in a process of its own, which answers with the places of the rows that it is given. */
const inProcess =
  (command: string, program: string) =>
  async (
    bootstrap: string,
    topic: string,
    rows: readonly Row[],
    options: ProduceOptions = {},
  ): Promise<readonly Place[]> => {
    const { codec = 'none', acks = 'all', idempotent = false } = options;
    const question = { ask: 'produce', topic, codec, acks, idempotent, rows: rows.map(packRow) };
    return (await askProgram(command, program, bootstrap, question)) as readonly Place[];
  };

const confluent = (python: string): ProducingClient => ({
  name: 'confluent-kafka',
  codecs: all,
  canSay: anything,
  // librdkafka takes the time 0 for "now".
  carried: (rows) => rows.map((row) => (row.timestampMs === 0 ? { ...row, timestampMs: null } : row)),
  produce: inProcess(python, 'confluent.py'),
});

const aiokafka = (python: string): ProducingClient => ({
  name: 'aiokafka',
  codecs: all,
  // It refuses a record with neither key nor value.
  canSay: ({ key, value }) => key !== null || value !== null,
  carried: asIs,
  produce: inProcess(python, 'aio.py'),
});

const platformatic: ProducingClient = {
  name: '@platformatic/kafka',
  // It compresses with zstd where Node does, from 22.15 on.
  codecs: all.filter((codec) => codec !== 'zstd' || 'zstdCompressSync' in zlib),
  // Its headers are a map from objects to values, so a name may stand twice.
  canSay: anything,
  // It writes times wrongly that lie 2^31 ms or more from the first of their batch: the rows' times are folded.
  carried: (rows) =>
    rows.map((row) => ({ ...row, timestampMs: row.timestampMs === null ? null : row.timestampMs % 2 ** 30 })),
  produce: inProcess(process.execPath, 'platformatic.mjs'),
};

/** kcat reads lines: no timestamps, the same headers for a whole run, and what is empty becomes null or stays empty for all. */
const kcat = (command: string): ProducingClient => ({
  name: 'kcat',
  codecs: all,
  canSay: () => false,
  carried: (rows) =>
    rows.map((row) => ({
      ...row,
      timestampMs: null,
      headers: [
        ['dataset', Buffer.from('movies')],
        ['источник', Buffer.from('vega')],
      ],
    })),
  async produce(bootstrap, topic, rows, { codec = 'none', acks = 'all', idempotent = false } = {}) {
    const settings = [
      `request.required.acks=${acks}`,
      `enable.idempotence=${String(idempotent)}`,
      'linger.ms=50',
      // Without sequences a retry could overtake what was sent after it.
      `max.in.flight=${idempotent ? 5 : 1}`,
    ];
    const headers = rows[0]?.headers ?? [];
    const args = (partition: number): readonly string[] => [
      ...[
        '-P',
        '-m',
        '60',
        '-b',
        bootstrap,
        '-t',
        topic,
        '-p',
        String(partition),
        '-K',
        '\\t',
        '-Z',
        '-z',
        codec,
      ],
      ...settings.flatMap((setting) => ['-X', setting]),
      ...headers.flatMap(([name, value]) => ['-H', `${name}=${value?.toString() ?? ''}`]),
    ];
    const partitions = new Set(rows.map(({ partition }) => partition));
    await Promise.all(
      [...partitions].map(async (partition) => {
        const lines = rows
          .filter((row) => row.partition === partition)
          .map(({ key, value }) => `${key?.toString() ?? ''}\t${value?.toString() ?? ''}\n`);
        await runToSuccess(command, args(partition), { input: lines.join('') });
      }),
    );
    return undefined;
  },
});

export const kafkajs: ProducingClient = {
  name: 'kafkajs',
  // The other codecs are packages of their own that nobody maintains.
  codecs: ['none', 'gzip'],
  // A header is a property, and must have a value.
  canSay: (row) => !namesRepeat(row) && !someHeaderIsNull(row),
  carried: asIs,
  async produce(bootstrap, topic, rows, { codec = 'none', acks = 'all', idempotent = false } = {}) {
    const producer = new Kafka({
      clientId: 'interop',
      brokers: [bootstrap],
      logLevel: logLevel.NOTHING,
    }).producer({ idempotent, allowAutoTopicCreation: true });
    await producer.connect();
    try {
      const answers = await producer.send({
        topic,
        acks: { '0': 0, '1': 1, all: -1 }[acks],
        compression: codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
        messages: rows.map(kafkajsMessage),
      });
      const next = new Map(answers.map((answer) => [answer.partition, Number(answer.baseOffset)]));
      return rows.map(({ partition }) => {
        const offset = next.get(partition);
        if (offset === undefined || acks === '0') return null;
        next.set(partition, offset + 1);
        return { partition, offset };
      });
    } finally {
      await producer.disconnect();
    }
  },
};

const kafkajsMessage = ({ partition, key, value, timestampMs, headers }: Row): Message => ({
  partition,
  key,
  value,
  headers: Object.fromEntries(headers.map(([name, content]) => [name, content ?? undefined])),
  ...(timestampMs === null ? {} : { timestamp: String(timestampMs) }),
});

/** Every client that can produce on this machine. */
export const producingClients: readonly ProducingClient[] = [
  ownProducer,
  kafkajs,
  platformatic,
  ...(found.kcat === undefined ? [] : [kcat(found.kcat)]),
  ...(found.confluent === undefined ? [] : [confluent(found.confluent)]),
  ...(found.aiokafka === undefined ? [] : [aiokafka(found.aiokafka)]),
];
