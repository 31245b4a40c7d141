import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { thrownError } from '@kafkaesque/kernel';
import type { Beats } from './metronome-thread';

/** The monotonic clock that all threads of the process share, in milliseconds with their fractions. */
export const sharedClockMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const LEAD_MS = 100;

/**
 * Calls `beat(index, dueMs)` `rate` times a second, whatever anybody else does. Timers of the event loop are a
 * millisecond coarse, so a thread that sleeps by the microsecond wakes it. A late beat is still called with the moment
 * it was due: whoever measures from there hides no wait (coordinated omission).
 */
export const keepTime = async (
  rate: number,
  seconds: number,
  beat: (index: number, dueMs: number) => void,
): Promise<void> => {
  const beats: Beats = {
    firstMs: sharedClockMs() + LEAD_MS,
    intervalMs: 1000 / rate,
    count: Math.round(rate * seconds),
  };
  const thread = new Worker(join(__dirname, 'metronome-thread.js'), { workerData: beats });
  await new Promise<void>((resolve, reject) => {
    thread.on('error', reject);
    thread.on('exit', () => resolve());
    thread.on('message', (index: number) => {
      try {
        beat(index, beats.firstMs + index * beats.intervalMs);
      } catch (error) {
        reject(thrownError(error));
        void thread.terminate();
      }
    });
  });
};
