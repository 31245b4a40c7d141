import type { FaultHandler, Logger, Metrics } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { openNodeDisk } from '@kafkaesque/storage';
import { listen } from '@kafkaesque/transport';
import type { World } from '../node/world';
import { systemClock } from './system-clock';
import { systemRandom } from './system-random';

export interface OpenWorldOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly faults: FaultHandler;
  /** `FAULT_FS` chooses a disk that loses what was not synced, for tests of durability. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The machine's own clock, chance, disk and sockets. */
export const openWorld = (options: OpenWorldOptions): Promise<World> => {
  const faultFs = options.environment['FAULT_FS'];
  if (faultFs !== undefined && faultFs !== '') {
    return Promise.reject(
      new Failure('UNKNOWN_FAULT_FS', `FAULT_FS=${faultFs}: allowed are lazy and lazy-kill`),
    );
  }
  const { logger, metrics, faults } = options;
  return Promise.resolve({
    disk: openNodeDisk(),
    clock: systemClock,
    random: systemRandom,
    logger,
    metrics,
    faults,
    listen,
  });
};
