import { randomBytes } from 'node:crypto';
import { SeededRandom } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';

/** Chance for jitter and partition choice, seeded by the operating system; not for secrets. */
export const machineRandom = (): Random => new SeededRandom(randomBytes(6).readUIntBE(0, 6), 'client');
