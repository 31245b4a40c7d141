import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin, RecordsToDelete } from '@kafkaesque/client';
import {
  addConnectionFlags,
  clientOptions,
  clientProperties,
  numberProperty,
} from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, requireFlag, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';

interface DeleteRecordsFlags extends ConnectionFlags {
  readonly offsetJsonFile?: string;
  readonly json?: true;
}

const deleteRecordsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Deletes the first records of partitions, up to an offset.',
      examples: ['$0 --bootstrap-server localhost:9092 --offset-json-file offsets.json'],
    }),
  )
    .option('--offset-json-file <file>', 'REQUIRED: up to which offset, by partition; see below')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      `
The file: {"partitions": [{"topic": "my-topic", "partition": 0, "offset": 42}], "version": 1}
Records below the offset go; -1 stands for all that there are.
`,
    );

export const tool: Tool = {
  command: deleteRecordsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<DeleteRecordsFlags>(deleteRecordsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) {
        throw new UsageError(
          'This tool helps to delete records of the given partitions down to the specified offset.',
        );
      }
      const { flags } = parsed;
      requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
      requireFlag(flags.offsetJsonFile, 'offset-json-file');
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      try {
        const targets = parseOffsets(readOffsets(flags.offsetJsonFile ?? ''));
        await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'delete-records'));
        const apiTimeoutMs = numberProperty(properties, 'default.api.timeout.ms');
        await deleteRecords(targets, client.admin({ apiTimeoutMs }), terminal, flags.json);
        return 0;
      } catch (error) {
        if (!hasCode(error, 'UNREADABLE_OFFSETS')) throw error;
        terminal.err(`${messageOf(error)}\n`);
        return 1;
      }
    }),
};

const unreadable = (message: string): Failure<'UNREADABLE_OFFSETS'> =>
  new Failure('UNREADABLE_OFFSETS', message);

const readOffsets = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw unreadable(`Unable to read file ${path}`);
  }
};

/** The file's text as what to delete. Fails with code UNREADABLE_OFFSETS and Kafka's sentence. */
export const parseOffsets = (text: string): readonly RecordsToDelete[] => {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw unreadable('The input string is not a valid JSON');
  }
  const { version = 1, partitions } = (file ?? {}) as {
    readonly version?: unknown;
    readonly partitions?: unknown;
  };
  if (version !== 1) throw unreadable(`Not supported version field value ${String(version)}`);
  if (partitions === undefined) throw unreadable('Missing partitions field');
  if (!Array.isArray(partitions)) throw unreadable('The partitions field is not a list');
  const targets = partitions.map((one: unknown): RecordsToDelete => {
    const { topic, partition, offset } = (one ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof topic !== 'string' || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) {
      throw unreadable(`Not a topic, a partition and an offset: ${JSON.stringify(one)}`);
    }
    return { topic, partition: Number(partition), beforeOffset: Number(offset) };
  });
  const names = targets.map(({ topic, partition }) => `${topic}-${partition}`);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (repeated.size > 0) {
    throw unreadable(`Offset json file contains duplicate topic partitions: ${[...repeated].join(',')}`);
  }
  return targets;
};

/** Deletes, and says of each partition where it begins now, or why not. */
export const deleteRecords = async (
  targets: readonly RecordsToDelete[],
  admin: Admin,
  terminal: Terminal,
  isJson = false,
): Promise<void> => {
  const tell = (text: string): void => {
    if (!isJson) terminal.out(text);
  };
  tell('Executing records delete operation\n');
  const outcomes = await admin.deleteRecords(targets);
  tell('Records delete operation completed:\n');
  const partitions: object[] = [];
  for (const outcome of outcomes) {
    const { topic, partition } = outcome.key;
    if (outcome.kind === 'done') {
      const { lowWatermark } = outcome.value;
      partitions.push({ topic, partition, lowWatermark });
      tell(`partition: ${topic}-${partition}\tlow_watermark: ${lowWatermark}\n`);
    } else {
      const { code, message } = outcome.error;
      partitions.push({ topic, partition, error: code, message });
      tell(`partition: ${topic}-${partition}\terror: ${code}: ${message}\n`);
    }
  }
  if (isJson) terminal.out(`${JSON.stringify({ partitions })}\n`);
};
