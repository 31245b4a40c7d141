import { assert } from '../assert';
import { hasCode, messageOf } from '../errors';
import type { Disk, DiskFile } from '../world/disk';

/** One promise of the Disk port. `run` fails when `disk` does not keep it; `directory` exists and is empty. */
export interface DiskCase {
  readonly name: string;
  readonly run: (disk: Disk, directory: string) => Promise<void>;
}

const promise = (name: string, run: DiskCase['run']): DiskCase => ({ name, run });

/** What every Disk must do, whatever stands behind it. Made for any test runner: a case that fails throws. */
export const diskCases: readonly DiskCase[] = [
  promise('a created file is empty and can be written, read and measured', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      equal(file.path, `${directory}/a`, 'path');
      equal(await file.sizeBytes(), 0, 'size of a new file');
      await file.write([Buffer.from('hello')], 0);
      equal(await file.sizeBytes(), 5, 'size');
      equal(await contentOf(file), 'hello', 'content');
    });
  }),
  promise(
    'creating a name that is taken fails with EEXIST and leaves the file alone',
    async (disk, directory) => {
      await writeFile(disk, `${directory}/a`, 'kept');
      await failsWith('EEXIST', disk.open(`${directory}/a`, 'create'));
      equal(await readFile(disk, `${directory}/a`), 'kept', 'content');
      await disk.makeDirectory(`${directory}/d`);
      await failsWith('EEXIST', disk.open(`${directory}/d`, 'create'));
    },
  ),
  promise(
    'opening what is not there fails with ENOENT, in every mode and below missing directories',
    async (disk, directory) => {
      await failsWith('ENOENT', disk.open(`${directory}/none`, 'read'));
      await failsWith('ENOENT', disk.open(`${directory}/none`, 'write'));
      await failsWith('ENOENT', disk.open(`${directory}/none/a`, 'create'));
      await failsWith('ENOENT', disk.list(`${directory}/none`));
      await failsWith('ENOENT', disk.syncDirectory(`${directory}/none`));
      await failsWith('ENOENT', disk.unlink(`${directory}/none`));
      await failsWith('ENOENT', disk.removeDirectory(`${directory}/none`));
      await failsWith('ENOENT', disk.rename(`${directory}/none`, `${directory}/a`));
      await failsWith('ENOENT', disk.makeDirectory(`${directory}/none/d`));
    },
  ),
  promise('opening for writing keeps what the file holds', async (disk, directory) => {
    await writeFile(disk, `${directory}/a`, '0123456789');
    const file = await disk.open(`${directory}/a`, 'write');
    await file.write([Buffer.from('ab')], 3);
    equal(await contentOf(file), '012ab56789', 'content');
    await file.close();
  }),
  promise('a file opened for reading refuses writes with EBADF', async (disk, directory) => {
    await writeFile(disk, `${directory}/a`, 'kept');
    const file = await disk.open(`${directory}/a`, 'read');
    await failsWith('EBADF', file.write([Buffer.from('x')], 0));
    equal(await contentOf(file), 'kept', 'content');
    await file.close();
  }),
  promise('parts are written one after the other, empty ones included', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      await file.write(
        ['ab', '', 'c', '', 'def'].map((text) => Buffer.from(text)),
        2,
      );
      equal(await contentOf(file), '\0\0abcdef', 'content');
      await file.write([], 0);
      await file.write([Buffer.alloc(0)], 100);
      equal(await file.sizeBytes(), 8, 'size after writing nothing');
    });
  }),
  promise('more parts than one system call takes are written whole', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      const parts = Array.from({ length: 2500 }, (_, i) => Buffer.from(`${i},`));
      await file.write(parts, 7);
      equal(await contentOf(file), `${'\0'.repeat(7)}${Buffer.concat(parts).toString()}`, 'content');
    });
  }),
  promise('writing beyond the end leaves zeros between', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      await file.write([Buffer.from('x')], 10_000);
      equal(await file.sizeBytes(), 10_001, 'size');
      equal(await contentOf(file), `${'\0'.repeat(10_000)}x`, 'content');
    });
  }),
  promise('writes across and within pages meet what was written before', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      const expected = Buffer.alloc(30_000);
      for (let i = 0; i < 60; i++) {
        const position = (i * 7919) % 24_000;
        const piece = Buffer.alloc(1 + ((i * 523) % 5000), 33 + i);
        piece.copy(expected, position);
        await file.write([piece.subarray(0, 1), piece.subarray(1)], position);
        if (i % 7 === 0) await file.sync();
      }
      const sizeBytes = await file.sizeBytes();
      equal(await contentOf(file), expected.toString('latin1', 0, sizeBytes), 'content');
    });
  }),
  promise('reads return fewer bytes only at the end, and none beyond it', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (file) => {
      await file.write([Buffer.from('0123456789')], 0);
      const into = Buffer.alloc(6, 0x2e);
      equal(await file.read(into, 2), 6, 'bytes within');
      equal(into.toString(), '234567', 'content within');
      into.fill(0x2e);
      equal(await file.read(into, 7), 3, 'bytes at the end');
      equal(into.toString(), '789...', 'content at the end, the rest untouched');
      equal(await file.read(into, 10), 0, 'bytes behind the end');
      equal(await file.read(into, 1000), 0, 'bytes far behind the end');
      equal(await file.read(Buffer.alloc(0), 0), 0, 'bytes into nothing');
      equal(file.readNow(into, 4), 6, 'bytes at once');
      equal(into.toString(), '456789', 'content at once');
      equal(file.readNow(into, 8), 2, 'bytes at once at the end');
      equal(file.readNow(into, 10), 0, 'bytes at once behind the end');
    });
  }),
  promise(
    'truncation cuts, extends with zeros, and what was cut does not come back',
    async (disk, directory) => {
      await withFile(disk, `${directory}/a`, async (file) => {
        await file.write([Buffer.alloc(9000, 0x61)], 0);
        await file.sync();
        await file.truncate(5000);
        equal(await file.sizeBytes(), 5000, 'size after the cut');
        await file.truncate(8000);
        equal(await contentOf(file), `${'a'.repeat(5000)}${'\0'.repeat(3000)}`, 'content after extending');
        await file.truncate(4096);
        await file.write([Buffer.from('b')], 6000);
        equal(
          await contentOf(file),
          `${'a'.repeat(4096)}${'\0'.repeat(1904)}b`,
          'content after writing beyond',
        );
        await file.sync();
        equal(await contentOf(file), `${'a'.repeat(4096)}${'\0'.repeat(1904)}b`, 'content after a sync');
        await file.truncate(0);
        equal(await contentOf(file), '', 'content of an emptied file');
      });
    },
  ),
  promise('several open files of one name see each other’s writes', async (disk, directory) => {
    await withFile(disk, `${directory}/a`, async (writer) => {
      const reader = await disk.open(`${directory}/a`, 'read');
      await writer.write([Buffer.from('first')], 0);
      equal(await contentOf(reader), 'first', 'content before a sync');
      await writer.sync();
      await writer.write([Buffer.from(' then')], 5);
      equal(await contentOf(reader), 'first then', 'content after a sync');
      await reader.close();
    });
  }),
  promise('many operations may be in flight at once, on one file and on several', async (disk, directory) => {
    const paths = ['a', 'b', 'c'].map((name) => `${directory}/${name}`);
    const files = await Promise.all(paths.map((path) => disk.open(path, 'create')));
    await Promise.all(
      files.flatMap((file) =>
        Array.from({ length: 50 }, (_, i) => file.write([Buffer.from(String(i).padStart(4, '0'))], i * 4)),
      ),
    );
    await Promise.all(files.map((file) => file.sync()));
    const expected = Array.from({ length: 50 }, (_, i) => String(i).padStart(4, '0')).join('');
    const contents = await Promise.all(files.map(contentOf));
    for (const content of contents) equal(content, expected, 'content');
    await Promise.all(files.map((file) => file.close()));
  }),
  promise('a closed file refuses everything with EBADF', async (disk, directory) => {
    const file = await disk.open(`${directory}/a`, 'create');
    await file.close();
    await failsWith('EBADF', file.write([Buffer.from('x')], 0));
    await failsWith('EBADF', file.read(Buffer.alloc(1), 0));
    await failsWith('EBADF', file.sync());
    await failsWith('EBADF', file.truncate(0));
    await failsWith('EBADF', file.sizeBytes());
    await failsWith('EBADF', file.close());
  }),
  promise('closing waits for what is in flight', async (disk, directory) => {
    const file = await disk.open(`${directory}/a`, 'create');
    const written = file.write([Buffer.alloc(100_000, 0x61)], 0);
    const closed = file.close();
    await written;
    await closed;
    equal((await readFile(disk, `${directory}/a`)).length, 100_000, 'size');
  }),
  promise('a listing names files and directories, sorted by name', async (disk, directory) => {
    for (const name of ['b', '10', 'a', 'Z', '9', 'ä']) await writeFile(disk, `${directory}/${name}`, name);
    await disk.makeDirectory(`${directory}/middle`);
    await writeFile(disk, `${directory}/middle/deep`, 'x');
    const entries = await disk.list(directory);
    equal(
      entries.map(({ name, kind }) => `${name}:${kind}`).join(' '),
      '10:file 9:file Z:file a:file b:file middle:directory ä:file',
      'entries',
    );
    equal((await disk.list(`${directory}/middle`)).length, 1, 'entries of the directory within');
  }),
  promise('making a directory that is there fails with EEXIST', async (disk, directory) => {
    await disk.makeDirectory(`${directory}/d`);
    await failsWith('EEXIST', disk.makeDirectory(`${directory}/d`));
    await writeFile(disk, `${directory}/a`, '');
    await failsWith('EEXIST', disk.makeDirectory(`${directory}/a`));
  }),
  promise('only an empty directory is removed', async (disk, directory) => {
    await disk.makeDirectory(`${directory}/d`);
    await writeFile(disk, `${directory}/d/a`, 'x');
    await failsWith('ENOTEMPTY', disk.removeDirectory(`${directory}/d`));
    await disk.unlink(`${directory}/d/a`);
    await disk.removeDirectory(`${directory}/d`);
    equal((await disk.list(directory)).length, 0, 'entries');
  }),
  promise('renaming replaces, and the file keeps its content and its open files', async (disk, directory) => {
    await writeFile(disk, `${directory}/old`, 'old');
    await withFile(disk, `${directory}/new`, async (file) => {
      await file.write([Buffer.from('new')], 0);
      await disk.rename(`${directory}/new`, `${directory}/old`);
      await file.write([Buffer.from('!')], 3);
      await file.sync();
    });
    equal(await readFile(disk, `${directory}/old`), 'new!', 'content');
    await failsWith('ENOENT', disk.open(`${directory}/new`, 'read'));
    equal((await disk.list(directory)).map(({ name }) => name).join(), 'old', 'entries');
  }),
  promise('renaming moves files and whole directories between directories', async (disk, directory) => {
    await disk.makeDirectory(`${directory}/from`);
    await disk.makeDirectory(`${directory}/to`);
    await writeFile(disk, `${directory}/from/a`, 'a');
    await disk.rename(`${directory}/from/a`, `${directory}/to/b`);
    equal((await disk.list(`${directory}/from`)).length, 0, 'entries left behind');
    await disk.rename(`${directory}/to`, `${directory}/moved`);
    await disk.syncDirectory(directory);
    equal(await readFile(disk, `${directory}/moved/b`), 'a', 'content');
    await failsWith('ENOENT', disk.list(`${directory}/to`));
  }),
  promise(
    'an unlinked file is gone, its name is free, and who has it open still reads it',
    async (disk, directory) => {
      await writeFile(disk, `${directory}/a`, 'before');
      const open = await disk.open(`${directory}/a`, 'read');
      await disk.unlink(`${directory}/a`);
      await failsWith('ENOENT', disk.open(`${directory}/a`, 'read'));
      await writeFile(disk, `${directory}/a`, 'after');
      equal(await contentOf(open), 'before', 'content of the old file');
      equal(await readFile(disk, `${directory}/a`), 'after', 'content of the new file');
      await open.close();
    },
  ),
  promise('names and bytes stay as they are when they are synced', async (disk, directory) => {
    await disk.makeDirectory(`${directory}/d`);
    await withFile(disk, `${directory}/d/a`, async (file) => {
      await file.write([Buffer.from('content')], 0);
      await file.sync();
      await file.sync();
      await disk.syncDirectory(`${directory}/d`);
      await disk.syncDirectory(directory);
      await disk.unlink(`${directory}/d/a`);
      await disk.syncDirectory(`${directory}/d`);
      equal(await contentOf(file), 'content', 'content');
    });
    equal((await disk.list(`${directory}/d`)).length, 0, 'entries');
  }),
  promise('space is measured in bytes, and never more is free than there is', async (disk, directory) => {
    const { freeBytes, totalBytes } = await disk.space(directory);
    assert(freeBytes > 0 && freeBytes <= totalBytes, `${freeBytes} free of ${totalBytes}`);
    assert(Number.isSafeInteger(totalBytes), 'a size is a safe integer');
  }),
];

const equal = (found: unknown, expected: unknown, what: string): void => {
  assert(
    found === expected,
    () => `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`,
  );
};

const failsWith = async (code: string, work: Promise<unknown>): Promise<void> => {
  let failure: unknown;
  try {
    await work;
  } catch (cause) {
    failure = cause;
  }
  assert(hasCode(failure, code), () => `expected ${code}, got ${messageOf(failure)}`);
};

const withFile = async (disk: Disk, path: string, use: (file: DiskFile) => Promise<void>): Promise<void> => {
  const file = await disk.open(path, 'create');
  try {
    await use(file);
  } finally {
    await file.close();
  }
};

/** Bytes as characters, one for one. */
const contentOf = async (file: DiskFile): Promise<string> => {
  const into = Buffer.alloc(await file.sizeBytes());
  equal(await file.read(into, 0), into.length, 'bytes of the whole file');
  return into.toString('latin1');
};

const writeFile = (disk: Disk, path: string, content: string): Promise<void> =>
  withFile(disk, path, (file) => file.write([Buffer.from(content)], 0));

const readFile = async (disk: Disk, path: string): Promise<string> => {
  const file = await disk.open(path, 'read');
  try {
    return await contentOf(file);
  } finally {
    await file.close();
  }
};
