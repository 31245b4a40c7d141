import type { Mutant } from '../runner/mutant';

const COMPACTION = 'packages/storage/src/compaction';

/**
 * Bugs of compaction that the simulation of storage must find, each planted into the sources as they load. What storage
 * forgets to flush elsewhere is tried through the disk (storage-mutants.test.ts).
 */
export const mutants: readonly Mutant[] = [
  {
    name: 'newest-record-dropped',
    about: 'a record goes although no newer one of its key is there',
    edits: [
      {
        file: `${COMPACTION}/compaction-jobs.ts`,
        find: 'if (map.get(key) > offset) return false;',
        replace: 'if (map.get(key) >= offset) return false;',
      },
    ],
  },
  {
    name: 'tombstones-not-indexed',
    about: 'a tombstone leaves older records of its key alone, and goes in the end',
    edits: [
      {
        file: `${COMPACTION}/compaction-jobs.ts`,
        find: /visitKeys\(bytes, at, \(\{ offset, key \}\) => \{\s+if \(key !== null\) map\.put/,
        replace:
          'visitKeys(bytes, at, ({ offset, key, isTombstone }) => { if (key !== null && !isTombstone) map.put',
      },
    ],
  },
  {
    name: 'few-hashes',
    about: 'keys are told apart by two bits',
    edits: [
      {
        file: `${COMPACTION}/offset-map.ts`,
        find: 'hash[word] = digest.readUInt32BE(word * 4);',
        replace: 'hash[word] = digest.readUInt32BE(word * 4) % (word < 2 ? 2 : 1);',
      },
    ],
  },
  {
    name: 'beyond-the-high-watermark',
    about: 'closed segments are compacted whatever the high watermark is',
    edits: [
      {
        file: `${COMPACTION}/cleanable.ts`,
        find: 'if (next === undefined || next.baseOffset > upTo) break;',
        replace: 'if (next === undefined || next.baseOffset > upTo + 1e9) break;',
      },
    ],
  },
  {
    name: 'cleaned-before-a-checkpoint',
    about:
      'segments are compacted that only the journal is known to have: a recovery writes over the new file',
    edits: [
      {
        file: `${COMPACTION}/clean-log.ts`,
        find: /await services\.keeper\.settle\(log\);\s+if \(log\.settledLsn < lastLsn \|\| log\.cuts !== cuts\) return undefined;/,
        replace: 'if (log.cuts !== cuts || lastLsn < 0) return undefined;',
      },
    ],
  },
  {
    name: 'swap-not-journaled',
    about: 'the new file takes its place without a journal entry that says so',
    edits: [
      {
        file: `${COMPACTION}/swap.ts`,
        find: 'await journalSwap(cleaning, sources, cleaned);',
        replace: 'if (log.cuts < 0) await journalSwap(cleaning, sources, cleaned);',
      },
    ],
  },
  {
    name: 'cleaned-file-not-flushed',
    about: 'the new file is in the cache alone when its journal entry is durable',
    edits: [
      {
        file: `${COMPACTION}/cleaned-segment.ts`,
        find: 'if (filled.isChanged) await cleaning.exclusively(sources, () => file.sync());',
        replace: '',
      },
    ],
  },
  {
    name: 'cleaned-name-not-flushed',
    about: 'the name of the new file is in the cache alone when its journal entry is durable',
    edits: [
      {
        file: `${COMPACTION}/swap.ts`,
        find: 'await cleaning.exclusively(sources, () => services.context.disk.syncDirectory(log.directory));',
        replace: '',
      },
    ],
  },
  {
    name: 'cuts-not-noticed',
    about: 'what was cut from the log while it was compacted comes back',
    edits: [
      {
        file: `${COMPACTION}/cleaning.ts`,
        find: 'log.cuts !== this.#cuts || log.deleted',
        replace: 'log.cuts < this.#cuts || log.deleted',
      },
      {
        file: `${COMPACTION}/cleaning.ts`,
        find: 'if (!sources.every((source) => log.segments.includes(source))) throw stopped(log);',
        replace: 'if (sources.length === 0) throw stopped(log);',
      },
    ],
  },
  {
    name: 'swap-not-carried-out-again',
    about: 'a recovery that finds the journal entry leaves the new file beside the old one',
    edits: [
      {
        file: `${COMPACTION}/swap-entry.ts`,
        find: 'await disk.rename(`${path}${CLEANED_SUFFIX}`, path);',
        replace: 'if (offset < 0) await disk.rename(path + CLEANED_SUFFIX, path);',
      },
    ],
  },
];
