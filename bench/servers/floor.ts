import { join } from 'node:path';
import type { ServerKind } from './server';
import { freePort, profileFlags, startProcess, stopProcess } from './server';

const program = join(__dirname, '../floor.js');

/** The least that a process must do for the same bytes (`floor.ts` says what). It knows one log and no topics. */
export const floor: ServerKind = {
  name: 'floor',
  isKept: false,
  warmSeconds: { first: 3, each: 3 },
  async start({ directory, durability, profile }) {
    const port = await freePort();
    const { child, pid, startMs } = await startProcess(
      process.execPath,
      [...profileFlags(profile), program],
      {
        PORT: String(port),
        FILE: join(directory, 'floor.log'),
        FSYNC: durability === 'disk' ? '1' : '0',
        UV_THREADPOOL_SIZE: '8',
      },
      port,
    );
    return {
      pid,
      port,
      startMs,
      createTopic: () => Promise.resolve(),
      deleteTopic: () => Promise.resolve(),
      stop: () => stopProcess(child),
    };
  },
};
