import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { withUsage } from '../command-line/outcome';
import { parseFlags, requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { DumpFindings } from './dump-findings';
import type { Dump } from './dump-files';

interface DumpLogFlags {
  readonly files?: string;
  readonly printDataLog?: true;
  readonly deepIteration?: true;
  readonly skipRecordMetadata?: true;
  readonly indexSanityCheck?: true;
  readonly verifyIndexOnly?: true;
  readonly maxBytes?: number;
  readonly maxMessageSize?: number;
  readonly offsetsDecoder?: true;
  readonly transactionLogDecoder?: true;
  readonly clusterMetadataDecoder?: true;
  readonly remoteLogMetadataDecoder?: true;
  readonly shareGroupStateDecoder?: true;
}

const DECODERS = {
  offsetsDecoder: 'offsets-decoder',
  transactionLogDecoder: 'transaction-log-decoder',
} as const;

const DECODERS_TO_COME = [
  ['clusterMetadataDecoder', 'cluster-metadata-decoder'],
  ['remoteLogMetadataDecoder', 'remote-log-metadata-decoder'],
  ['shareGroupStateDecoder', 'share-group-state-decoder'],
] as const;

/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- a relative `import()` needs a file extension that only the built file has */
/** What reads the files knows their formats, and those take longer to load than a `--help` should. */
const dumping = (): typeof import('./dump-files') => require('./dump-files') as typeof import('./dump-files');
const decoding = (): typeof import('./record-decoders') =>
  require('./record-decoders') as typeof import('./record-decoders');
/* eslint-enable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports */

const dumpLogCommand = (calledAs: string): Command => {
  const command = toolCommand({
    calledAs,
    summary: "Prints segment files and their indexes, ours and Kafka's.",
    examples: [
      '$0 --files data/topics/<topic id>/0/00000000000000000000.log --print-data-log',
      '$0 --files data/topics/<topic id>/0/00000000000000000000.log --offsets-decoder',
      '$0 --files 00000000000000000000.index,00000000000000000000.timeindex',
    ],
  })
    .option('--files <file,…>', 'REQUIRED: .log, .index, .timeindex and .txnindex files')
    .option('--print-data-log', 'print keys and values')
    .option('--deep-iteration', 'print every record, not only batches')
    .option('--skip-record-metadata', 'leave out what is not key or value')
    .option('--index-sanity-check', 'only check indexes as a broker does when it starts')
    .option('--verify-index-only', 'only compare indexes with the log')
    .option('--max-bytes <number>', 'read so many bytes of each segment', wholeNumber('max-bytes'))
    .option(
      '--max-message-size <number>',
      'accepted; a batch of any size is read',
      wholeNumber('max-message-size'),
    );
  command
    .option('--offsets-decoder', 'print keys and values of __consumer_offsets as JSON')
    .option('--transaction-log-decoder', 'print keys and values of __transaction_state as JSON');
  for (const [, name] of DECODERS_TO_COME) command.option(`--${name}`, 'not there yet');
  return command;
};

export const tool: Tool = {
  command: dumpLogCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<DumpLogFlags>(dumpLogCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const { flags } = parsed;
      requireFlag(flags.files, 'files');
      const asked = DECODERS_TO_COME.find(([flag]) => flags[flag] === true);
      if (asked !== undefined) {
        throw new UsageError(
          `--${asked[1]} is not there yet: --print-data-log shows keys and values as text`,
        );
      }
      const decoder = (Object.keys(DECODERS) as (keyof typeof DECODERS)[]).find((flag) => flags[flag]);
      const printsContents = decoder !== undefined || (flags.printDataLog ?? false);
      const findings = new DumpFindings();
      const dump: Dump = {
        terminal,
        findings,
        options: {
          printsContents,
          isDeep: printsContents || (flags.deepIteration ?? false),
          decode:
            decoder === undefined ? decoding().textDecoder : decoding().recordDecoders[DECODERS[decoder]](),
          skipsMetadata: flags.skipRecordMetadata ?? false,
          checksSanityOnly: flags.indexSanityCheck ?? false,
          verifiesOnly: flags.verifyIndexOnly ?? false,
          maxBytes: flags.maxBytes ?? dumping().NO_LIMIT,
        },
      };
      const { dumpFile } = dumping();
      try {
        for (const path of (flags.files ?? '').split(',')) await dumpFile(path.trim(), dump);
      } catch (error) {
        terminal.err(`${hasCode(error, 'ENOENT') ? 'There is no such file: ' : ''}${messageOf(error)}\n`);
        return 1;
      }
      for (const line of findings.lines()) terminal.err(`${line}\n`);
      return 0;
    }),
};
