import { assert } from '../assert';
import { hasCode } from '../errors';
import type { Disk, DiskFile } from '../world/disk';
import { casesOf } from './cases';
import { sequenceCases } from './crash-sequence';
import type { CrashCase, CrashWorld } from './crash-world';

/** Each story runs at least this often, and on until every outcome has occurred. */
const LEAST_SEEDS = casesOf(8, 25);
/** An outcome of a twentieth of the seeds stays away by chance in less than one list of a thousand. */
const MOST_SEEDS = 150;

/**
 * The outcomes of one story over many seeds: each must be among `possible`, and each of `possible` must occur: a disk
 * that loses nothing would test nothing.
 */
const outcomes =
  (story: (world: CrashWorld) => Promise<string>, possible: readonly string[]): CrashCase['run'] =>
  async (worldOf) => {
    const seen = new Map<string, number>();
    for (let seed = 1; seed <= (seen.size === possible.length ? LEAST_SEEDS : MOST_SEEDS); seed++) {
      const outcome = await story(worldOf(seed));
      assert(
        possible.includes(outcome),
        () => `seed ${seed}: ${outcome} instead of ${possible.join(' or ')}`,
      );
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    const absent = possible.filter((outcome) => !seen.has(outcome));
    assert(absent.length === 0, () => `in ${MOST_SEEDS} seeds never: ${absent.join(', ')}`);
  };

const SECTOR_BYTES = 512;

/** A file of its own that survives with `content`. */
const prepared = async (world: CrashWorld, name: string, content: Buffer): Promise<Disk> => {
  const disk = await world.mount();
  const file = await disk.open(`${world.directory}/${name}`, 'create');
  await file.write([content], 0);
  await file.sync();
  await file.close();
  await disk.syncDirectory(world.directory);
  return disk;
};

const within = async (
  disk: Disk,
  path: string,
  change: (file: DiskFile) => Promise<unknown>,
): Promise<void> => {
  const file = await disk.open(path, 'write');
  await change(file);
  await file.close();
};

/** The content as text, or `gone`. */
const found = async (world: CrashWorld, name: string): Promise<string> => {
  const disk = await world.mount();
  try {
    const file = await disk.open(`${world.directory}/${name}`, 'read');
    const content = Buffer.alloc(await file.sizeBytes());
    await file.read(content, 0);
    await file.close();
    return content.toString('latin1');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return 'gone';
    throw cause;
  }
};

/** Which of `bytes` the content is made of, in sectors: `old`, `new`, `zero`, or several of them. */
const madeOf = (content: string): string => {
  const kinds = new Set<string>();
  for (let at = 0; at < content.length; at += SECTOR_BYTES) {
    const sector = content.slice(at, at + SECTOR_BYTES);
    const first = sector[0] ?? '';
    assert(sector === first.repeat(sector.length), 'a sector is written whole or not at all');
    kinds.add(first === '\0' ? 'zero' : first);
  }
  return [...kinds].sort().join('+');
};

const block = (character: string, sizeBytes = 16 * SECTOR_BYTES): Buffer =>
  Buffer.alloc(sizeBytes, character);

/** What every disk must do that loses what was not synced. */
export const crashCases: readonly CrashCase[] = [
  {
    name: 'bytes and names that were synced survive',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await disk.makeDirectory(`${world.directory}/d`);
        const file = await disk.open(`${world.directory}/d/b`, 'create');
        await file.write([Buffer.from('first')], 0);
        await file.write([Buffer.from('second')], 5);
        await file.sync();
        await disk.syncDirectory(`${world.directory}/d`);
        await disk.syncDirectory(world.directory);
        await world.losePower();
        return `${madeOf(await found(world, 'a'))} ${await found(world, 'd/b')}`;
      },
      ['o firstsecond'],
    ),
  },
  {
    name: 'a file whose name was not synced is there or gone, its synced bytes go with it',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await world.mount();
        const file = await disk.open(`${world.directory}/a`, 'create');
        await file.write([Buffer.from('content')], 0);
        await file.sync();
        await world.losePower();
        return found(world, 'a');
      },
      ['content', 'gone'],
    ),
  },
  {
    name: 'what stands in a directory goes with the directory’s own name',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await world.mount();
        await disk.makeDirectory(`${world.directory}/d`);
        const file = await disk.open(`${world.directory}/d/a`, 'create');
        await file.write([Buffer.from('content')], 0);
        await file.sync();
        await disk.syncDirectory(`${world.directory}/d`);
        await world.losePower();
        return found(world, 'd/a');
      },
      ['content', 'gone'],
    ),
  },
  {
    name: 'an overwrite that was not synced is there, absent, or torn at sectors',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n')], 0));
        await world.losePower();
        return madeOf(await found(world, 'a'));
      },
      ['o', 'n', 'n+o'],
    ),
  },
  {
    name: 'of bytes appended and not synced the size may survive without the bytes',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n')], 16 * SECTOR_BYTES));
        await world.losePower();
        return madeOf(await found(world, 'a'));
      },
      ['o', 'n+o', 'o+zero', 'n+o+zero'],
    ),
  },
  {
    name: 'of two writes that were not synced the later may survive without the earlier',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o', 2 * 4096));
        await within(disk, `${world.directory}/a`, async (file) => {
          await file.write([block('1', 4096)], 0);
          await file.write([block('2', 4096)], 4096);
        });
        await world.losePower();
        const content = await found(world, 'a');
        const [first, second] = [madeOf(content.slice(0, 4096)), madeOf(content.slice(4096))];
        return `${first === '1' ? 'kept' : 'not'} ${second === '2' ? 'kept' : 'not'}`;
      },
      ['kept kept', 'kept not', 'not kept', 'not not'],
    ),
  },
  {
    name: 'of two writes to one place that were not synced the earlier may be what survives',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o', SECTOR_BYTES));
        await within(disk, `${world.directory}/a`, async (file) => {
          await file.write([block('1', SECTOR_BYTES)], 0);
          await file.write([block('2', SECTOR_BYTES)], 0);
        });
        await world.losePower();
        return madeOf(await found(world, 'a'));
      },
      ['o', '1', '2'],
    ),
  },
  {
    name: 'a sync covers what was written before it, not what was written after',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o', 2 * 4096));
        await within(disk, `${world.directory}/a`, async (file) => {
          await file.write([block('1', 4096)], 0);
          await file.sync();
          await file.write([block('2', 4096)], 4096);
        });
        await world.losePower();
        const content = await found(world, 'a');
        return `${madeOf(content.slice(0, 4096))} ${madeOf(content.slice(4096))}`;
      },
      ['1 o', '1 2', '1 2+o'],
    ),
  },
  {
    name: 'a cut that was not synced may come undone, with the bytes that were cut',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.truncate(5 * SECTOR_BYTES));
        await world.losePower();
        const content = await found(world, 'a');
        return `${content.length / SECTOR_BYTES} sectors ${madeOf(content)}`;
      },
      ['16 sectors o', '5 sectors o'],
    ),
  },
  {
    name: 'a rename that was not synced shows the old file or the new one, whole',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', Buffer.from('old'));
        const file = await disk.open(`${world.directory}/a.tmp`, 'create');
        await file.write([Buffer.from('new')], 0);
        await file.sync();
        await disk.rename(`${world.directory}/a.tmp`, `${world.directory}/a`);
        await world.losePower();
        return found(world, 'a');
      },
      ['old', 'new'],
    ),
  },
  {
    name: 'of two renames onto one name any may be lost, and no name gets another file’s bytes',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', Buffer.from('old'));
        for (const name of ['1', '2']) {
          const file = await disk.open(`${world.directory}/${name}`, 'create');
          await file.write([Buffer.from(name)], 0);
          await file.sync();
        }
        await disk.syncDirectory(world.directory);
        await disk.rename(`${world.directory}/1`, `${world.directory}/a`);
        await disk.rename(`${world.directory}/2`, `${world.directory}/a`);
        await world.losePower();
        const others = [await found(world, '1'), await found(world, '2')];
        const foreign = others.some((content, i) => content !== 'gone' && content !== String(i + 1));
        return foreign ? `foreign bytes in ${others.join()}` : found(world, 'a');
      },
      ['old', '1', '2'],
    ),
  },
  {
    name: 'an unlinked name that was not synced may come back with its bytes',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', Buffer.from('content'));
        await disk.unlink(`${world.directory}/a`);
        await world.losePower();
        return found(world, 'a');
      },
      ['content', 'gone'],
    ),
  },
  {
    name: 'an unlinked name that was synced does not come back',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', Buffer.from('content'));
        await disk.unlink(`${world.directory}/a`);
        await disk.syncDirectory(world.directory);
        await world.losePower();
        return found(world, 'a');
      },
      ['gone'],
    ),
  },
  {
    name: 'a name that was used again holds one of its files',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', Buffer.from('first'));
        await disk.unlink(`${world.directory}/a`);
        const file = await disk.open(`${world.directory}/a`, 'create');
        await file.write([Buffer.from('second')], 0);
        await file.sync();
        await world.losePower();
        return found(world, 'a');
      },
      ['first', 'second', 'gone'],
    ),
  },
  {
    name: 'what survived one loss of power survives the next',
    needsKill: false,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n', 20 * SECTOR_BYTES)], 0));
        await world.losePower();
        const first = await found(world, 'a');
        await world.losePower();
        return (await found(world, 'a')) === first ? 'the same' : 'changed';
      },
      ['the same'],
    ),
  },
  {
    name: 'a killed process leaves everything readable',
    needsKill: true,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n', 20 * SECTOR_BYTES)], 0));
        await disk.rename(`${world.directory}/a`, `${world.directory}/b`);
        await world.kill();
        return `${await found(world, 'a')} ${madeOf(await found(world, 'b'))}`;
      },
      ['gone n'],
    ),
  },
  {
    name: 'what a killed process did not sync may be lost later, while another process lives',
    needsKill: true,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n')], 0));
        await world.kill();
        const next = await world.mount();
        await (await next.open(`${world.directory}/c`, 'create')).write([block('c')], 0);
        await world.losePower();
        return madeOf(await found(world, 'a'));
      },
      ['o', 'n', 'n+o'],
    ),
  },
  {
    name: 'a later process can sync what a killed one wrote',
    needsKill: true,
    run: outcomes(
      async (world) => {
        const disk = await prepared(world, 'a', block('o'));
        await within(disk, `${world.directory}/a`, (file) => file.write([block('n')], 0));
        await disk.rename(`${world.directory}/a`, `${world.directory}/b`);
        await world.kill();
        const next = await world.mount();
        await within(next, `${world.directory}/b`, (file) => file.sync());
        await next.syncDirectory(world.directory);
        await world.losePower();
        return `${await found(world, 'a')} ${madeOf(await found(world, 'b'))}`;
      },
      ['gone n'],
    ),
  },
  ...sequenceCases,
];
