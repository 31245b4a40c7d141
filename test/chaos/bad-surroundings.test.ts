import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { batchOf, connectTo, createdTopic, produced, valuesFrom } from '../node/node-client';
import { NO_SMALL_DISKS, mountSmallDisk } from './small-disk';

// Processes start several times, perhaps on a busy machine.
jest.setTimeout(120_000);

const root = join(__dirname, '../..');
const program = join(root, 'packages/cli/bin/kafkaesque.js');

let temporary = '';
beforeAll(() => {
  const { status } = spawnSync('npx', ['tsc', '-b', 'packages/cli'], { cwd: root });
  expect(status).toBe(0);
  temporary = mkdtempSync(join(tmpdir(), 'bad-surroundings-'));
}, 120_000);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Server extends AsyncDisposable {
  /** Where it serves. Fails if it ends instead. */
  readonly bootstrapServers: Promise<string>;
  /** The process's exit code, and everything it said. */
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
  /** SIGTERM. */
  stop(): Promise<{ readonly code: number | null; readonly said: string }>;
}

/** The server as an operator starts it, perhaps with few files to open. */
const startServer = (directory: string, { openFiles, overrides = [] }: ServerOptions = {}): Server => {
  const properties = [
    ...['listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0', 'metrics.port=0'],
    ...[`log.dirs=${directory}`, ...overrides],
  ];
  const argv = [program, 'server', ...properties.flatMap((property) => ['--override', property])];
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...argv], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const ended = new Promise<{ readonly code: number | null; readonly said: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, said }));
  });
  const bootstrapServers = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const port = /"listeners":\[\{"name":"PLAINTEXT","host":"127.0.0.1","port":(\d+)\}/.exec(said)?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then(() => reject(new Error(`the server ended: ${said}`)));
  });
  bootstrapServers.catch(() => undefined);
  return {
    bootstrapServers,
    ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
};

interface ServerOptions {
  readonly openFiles?: number;
  readonly overrides?: readonly string[];
}

/** Starts on a new directory, writes one record, and stops. */
const written = async (): Promise<string> => {
  const directory = join(temporary, 'written');
  await using server = startServer(directory);
  {
    await using client = await connectTo({ bootstrapServers: await server.bootstrapServers });
    await createdTopic(client, 'kept');
    expect(await produced(client, 'kept', batchOf(['a record']))).toMatchObject({ errorCode: 0 });
  }
  expect((await server.stop()).code).toBe(0);
  return directory;
};

let original: Promise<string> | undefined;
/** Makes a directory that was written to, and left by a clean stop. */
const prepare = async (directory: string): Promise<void> => {
  original ??= written();
  cpSync(await original, directory, { recursive: true });
};

/** What is in it is there, on a start as it should be. */
const expectUnharmed = async (directory: string): Promise<void> => {
  await using server = startServer(directory);
  {
    await using client = await connectTo({ bootstrapServers: await server.bootstrapServers });
    expect(await valuesFrom(client, 'kept', 0)).toEqual(['a record']);
  }
  const { code, said } = await server.stop();
  expect({ code, errors: /"level":"error".*/.exec(said)?.[0] }).toEqual({ code: 0, errors: undefined });
};

/** The start ends at once, with a sentence and no stack. */
const expectRefusal = async (server: Server, sentence: RegExp): Promise<void> => {
  await using started = server;
  const { code, said } = await started.ended;
  expect(code).toBe(1);
  expect(said).toMatch(sentence);
  expect(said).not.toMatch(/^\s+at /m);
};

test('a directory that may not be written ends the start, and is left as it is', async () => {
  using disk = mountSmallDisk(64 << 20);
  if (disk === undefined) {
    process.stdout.write(NO_SMALL_DISKS);
    return;
  }
  const directory = join(disk.path, 'data');
  await prepare(directory);
  disk.remount('ro');
  await expectRefusal(startServer(directory), /\/data cannot be taken .*Read-only file system/);
  await expectRefusal(
    startServer(join(disk.path, 'new')),
    /EROFS: read-only file system, mkdir '.*\/new'\. The node must be allowed to write/,
  );
  disk.remount('rw');
  await expectUnharmed(directory);
});

test('a directory of another cluster ends the start, and is left as it is', async () => {
  const directory = join(temporary, 'other-cluster');
  await prepare(directory);
  await expectRefusal(
    startServer(directory, { overrides: ['cluster.id=AnotherClusterOf22Chars'] }),
    /other-cluster belongs to cluster .*AnotherClusterOf22Chars.*log\.dirs/,
  );
  await expectUnharmed(directory);
});

test('a second process on a directory ends at once, and the first goes on', async () => {
  const directory = join(temporary, 'shared');
  await prepare(directory);
  {
    await using first = startServer(directory);
    const bootstrapServers = await first.bootstrapServers;
    await expectRefusal(startServer(directory), /shared is in use by another process: stop it/);
    await using client = await connectTo({ bootstrapServers });
    expect(await valuesFrom(client, 'kept', 0)).toEqual(['a record']);
    await client[Symbol.asyncDispose]();
    expect((await first.stop()).code).toBe(0);
  }
  await expectUnharmed(directory);
});

describe('few open files', () => {
  const onLinux = process.platform === 'linux' ? test : xtest;

  onLinux('too few end the start with the limit, and how to raise it', async () => {
    const directory = join(temporary, 'few-files');
    await prepare(directory);
    await expectRefusal(
      startServer(directory, { openFiles: 64 }),
      /may have 64 files .*256 at least.*ulimit -n/,
    );
    await expectUnharmed(directory);
  });

  onLinux(
    'more connections than there are files leave those that are served, and the disk, alone',
    async () => {
      const directory = join(temporary, 'many-connections');
      await prepare(directory);
      {
        await using server = startServer(directory, { openFiles: 300 });
        const bootstrapServers = await server.bootstrapServers;
        await using client = await connectTo({ bootstrapServers });
        const crowd = await crowdAt(bootstrapServers, 400);
        // The disk is asked for new files, too: segments, their indexes, and those of another topic.
        await createdTopic(client, 'many-segments', { 'segment.bytes': String(1 << 20) }, 1);
        const value = 'v'.repeat(600_000);
        for (let number = 0; number < 40; number += 1)
          expect(await produced(client, 'many-segments', batchOf([value]))).toMatchObject({ errorCode: 0 });
        expect(await valuesFrom(client, 'kept', 0)).toEqual(['a record']);
        for (const socket of crowd) socket.destroy();
        expect(await readByNewcomer(bootstrapServers, 'many-segments')).toHaveLength(40);
      }
      await expectUnharmed(directory);
    },
  );
});

/** As clients do, it tries again: until the server has noticed that the crowd is gone, it may be sent away. */
const readByNewcomer = async (bootstrapServers: string, topic: string): Promise<readonly unknown[]> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await using newcomer = await connectTo({ bootstrapServers });
      return await valuesFrom(newcomer, topic, 0);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(100);
    }
  }
};
const ATTEMPTS = 100;

/** So many connections that say nothing; the server may end some of them. */
const crowdAt = async (bootstrapServers: string, count: number): Promise<readonly Socket[]> => {
  const port = Number(bootstrapServers.split(':')[1]);
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
          socket.on('error', () => resolve(socket));
        }),
    ),
  );
};
