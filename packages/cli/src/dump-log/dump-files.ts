import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { Failure } from '@kafkaesque/kernel';
import { decodeBatch, initialiseCodecs, lastOffsetOf, readBatchHeader } from '@kafkaesque/protocol';
import type { Terminal } from '../command-line/terminal';
import { batchLine, recordLine } from './batch-lines';
import type { DumpFindings } from './dump-findings';
import type { RecordDecoder } from './record-decoders';
import { batchesOf } from './segment-batches';

export interface DumpOptions {
  readonly printsContents: boolean;
  readonly isDeep: boolean;
  readonly skipsMetadata: boolean;
  /** What key and value look like. */
  readonly decode: RecordDecoder;
  readonly checksSanityOnly: boolean;
  readonly verifiesOnly: boolean;
  readonly maxBytes: number;
}

/** What one dump writes to: lines to the terminal, faults to the findings. */
export interface Dump {
  readonly terminal: Terminal;
  readonly options: DumpOptions;
  readonly findings: DumpFindings;
}

/** Reading everything: the only case in which Kafka's tool tells of bytes left over. */
export const NO_LIMIT = 0x7fffffff;
const OFFSET_ENTRY_BYTES = 8;
const TIME_ENTRY_BYTES = 12;
const TRANSACTION_ENTRY_BYTES = 34;

/** `00000000000000000042.log` → 42. */
const baseOffsetOf = (path: string): number => {
  const name = basename(path).split('.')[0] ?? '';
  if (!/^\d+$/.test(name)) {
    throw new Failure('NOT_A_SEGMENT', `${path} is not named after an offset, as segment files are`);
  }
  return Number(name);
};

const siblingOf = (path: string, suffix: string): string =>
  join(dirname(path), `${basename(path).split('.')[0] ?? ''}${suffix}`);

const withFile = async <Value>(path: string, work: (file: FileHandle) => Promise<Value>): Promise<Value> => {
  const file = await open(path, 'r');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
};

const dumpSegment = async (path: string, { terminal, options, findings }: Dump): Promise<void> => {
  terminal.out(`Log starting offset: ${baseOffsetOf(path)}\n`);
  await initialiseCodecs();
  await withFile(path, async (file) => {
    const { size } = await file.stat();
    const end = Math.min(size, options.maxBytes);
    let validBytes = 0;
    let lastOffset = -1;
    for await (const batch of batchesOf(file, path, 0, end)) {
      terminal.out(`${batchLine(batch)}\n`);
      validBytes += batch.bytes.length;
      if (options.isDeep) {
        const header = readBatchHeader(batch.bytes);
        for (const record of decodeBatch(batch.bytes, 0, { checkCrc: false }).records) {
          if (lastOffset >= 0 && record.offset !== lastOffset + 1) {
            findings.gap(resolve(path), lastOffset, record.offset);
          }
          lastOffset = record.offset;
          terminal.out(`${recordLine(record, header, options)}\n`);
        }
      }
      await terminal.drained();
    }
    if (end > validBytes && options.maxBytes === NO_LIMIT) {
      terminal.out(`Found ${end - validBytes} invalid bytes at the end of ${basename(path)}\n`);
    }
  });
};

interface OffsetEntry {
  readonly offset: number;
  readonly position: number;
}

const readOffsetEntries = async (path: string, baseOffset: number): Promise<readonly OffsetEntry[]> =>
  withFile(path, async (file) => {
    const bytes = await file.readFile();
    const entries: OffsetEntry[] = [];
    for (let at = 0; at + OFFSET_ENTRY_BYTES <= bytes.length; at += OFFSET_ENTRY_BYTES) {
      const offset = baseOffset + bytes.readInt32BE(at);
      // Kafka creates its active index at full size: zeros follow the last entry.
      if (offset === baseOffset && at > 0) break;
      entries.push({ offset, position: bytes.readInt32BE(at + 4) });
    }
    return entries;
  });

const dumpOffsetIndex = async (path: string, dump: Dump): Promise<void> => {
  const { terminal, options, findings } = dump;
  const entries = await readOffsetEntries(path, baseOffsetOf(path));
  if (isNothingToPrint(path, entries, dump)) return;
  await withFile(siblingOf(path, '.log'), async (log) => {
    const { size } = await log.stat();
    for (const { offset, position } of entries) {
      const found = await batchesOf(log, path, position, size).next();
      const lastOffset = found.done === true ? -1 : lastOffsetOf(found.value.bytes);
      if (lastOffset !== offset) findings.indexMismatch(resolve(path), offset, lastOffset);
      if (!options.verifiesOnly) terminal.out(`offset: ${offset} position: ${position}\n`);
    }
  });
};

const dumpTimeIndex = async (path: string, dump: Dump): Promise<void> => {
  const { terminal, options } = dump;
  const baseOffset = baseOffsetOf(path);
  const entries = await withFile(path, async (file) => {
    const bytes = await file.readFile();
    const read: { timestampMs: number; offset: number }[] = [];
    for (let at = 0; at + TIME_ENTRY_BYTES <= bytes.length; at += TIME_ENTRY_BYTES) {
      const offset = baseOffset + bytes.readInt32BE(at + 8);
      if (offset === baseOffset && at > 0) break;
      read.push({ timestampMs: Number(bytes.readBigInt64BE(at)), offset });
    }
    return read;
  });
  if (isNothingToPrint(path, entries, dump)) return;
  const positions = await readOffsetEntries(siblingOf(path, '.index'), baseOffset);
  await withFile(siblingOf(path, '.log'), async (log) => {
    let beforeMs = -1;
    for (const entry of entries) {
      const floor = positions.findLast(({ offset }) => offset <= entry.offset);
      await checkTimeEntry(log, path, entry, floor?.position ?? 0, beforeMs, dump);
      if (!options.verifiesOnly) terminal.out(`timestamp: ${entry.timestampMs} offset: ${entry.offset}\n`);
      beforeMs = entry.timestampMs;
    }
  });
};

/** Whether the log has a batch that ends at the entry's offset, with the entry's timestamp as its largest. */
const checkTimeEntry = async (
  log: FileHandle,
  path: string,
  entry: { readonly timestampMs: number; readonly offset: number },
  position: number,
  beforeMs: number,
  { findings }: Dump,
): Promise<void> => {
  const file = resolve(path);
  const { size } = await log.stat();
  for await (const { bytes } of batchesOf(log, path, position, size)) {
    const lastOffset = lastOffsetOf(bytes);
    if (lastOffset < entry.offset) continue;
    if (lastOffset !== entry.offset) {
      findings.offsetNotFound(file, entry.offset, lastOffset);
      return;
    }
    const { maxTimestampMs } = readBatchHeader(bytes);
    if (maxTimestampMs !== entry.timestampMs)
      findings.timestampMismatch(file, entry.timestampMs, maxTimestampMs);
    if (beforeMs >= entry.timestampMs) findings.timestampOutOfOrder(file, entry.timestampMs, beforeMs);
    return;
  }
  findings.offsetNotFound(file, entry.offset, -1);
};

/** Says that an index is empty, or that it passed, when that is all there is to say. */
const isNothingToPrint = (
  path: string,
  entries: readonly { readonly offset: number }[],
  { terminal, options }: Dump,
): boolean => {
  if (entries.length === 0) {
    terminal.out(`${path} is empty.\n`);
    return true;
  }
  if (!options.checksSanityOnly) return false;
  const unordered = entries.findIndex(
    ({ offset }, at) => at > 0 && offset <= (entries[at - 1]?.offset ?? -1),
  );
  if (unordered >= 0) {
    throw new Failure(
      'CORRUPT_INDEX',
      `Corrupt index found, index file (${resolve(path)}): entry ${unordered} goes back`,
    );
  }
  terminal.out(`${path} passed sanity check.\n`);
  return true;
};

const dumpTransactionIndex = (path: string, { terminal }: Dump): Promise<void> =>
  withFile(path, async (file) => {
    const bytes = await file.readFile();
    for (let at = 0; at + TRANSACTION_ENTRY_BYTES <= bytes.length; at += TRANSACTION_ENTRY_BYTES) {
      const long = (index: number): bigint => bytes.readBigInt64BE(at + 2 + 8 * index);
      terminal.out(
        `version: ${bytes.readInt16BE(at)} producerId: ${long(0)} firstOffset: ${long(1)} lastOffset: ${long(2)} ` +
          `lastStableOffset: ${long(3)}\n`,
      );
    }
  });

const dumpers: Readonly<Record<string, (path: string, dump: Dump) => Promise<void>>> = {
  '.log': dumpSegment,
  '.index': dumpOffsetIndex,
  '.timeindex': dumpTimeIndex,
  '.txnindex': dumpTransactionIndex,
};

/** Prints one file by the kind that its name ends with. */
export const dumpFile = async (path: string, dump: Dump): Promise<void> => {
  const { terminal } = dump;
  terminal.out(`Dumping ${path}\n`);
  const dumper = dumpers[extname(path)];
  if (dumper === undefined) terminal.err(`Ignoring unknown file ${path}\n`);
  else await dumper(path, dump);
};
