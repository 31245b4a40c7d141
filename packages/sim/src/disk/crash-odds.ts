import type { Random } from '@kafkaesque/kernel';

/** What one loss of power does to operations that are not durable. Drawn once per loss, so that losses differ in kind. */
export interface CrashOdds {
  readonly sectorBytes: 512 | 4096;
  keeps(): boolean;
  tears(): boolean;
  keepsSector(): boolean;
}

const KEPT = [0, 0.2, 0.5, 0.8, 1] as const;
const TORN = [0, 0.3, 0.6, 1] as const;

export const drawCrashOdds = (random: Random): CrashOdds => {
  const kept = KEPT[random.below(KEPT.length)] ?? 0;
  const torn = TORN[random.below(TORN.length)] ?? 0;
  const sector = 0.1 + 0.8 * random.fraction();
  return {
    sectorBytes: random.below(2) === 0 ? 512 : 4096,
    keeps: () => random.fraction() < kept,
    tears: () => random.fraction() < torn,
    keepsSector: () => random.fraction() < sector,
  };
};
