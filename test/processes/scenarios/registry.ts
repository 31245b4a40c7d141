import { coordinatorsKilled } from './coordinators';
import { cuts } from './cuts';
import { damage } from './damage';
import { disks } from './disks';
import { kills } from './kills';
import { membership } from './membership';
import type { Scenario } from './scenario';
import { stalls } from './stalls';

/** All scenarios, by id. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [...kills, ...cuts, ...stalls, ...disks, ...damage, ...membership, coordinatorsKilled(true)].map(
    (scenario) => [scenario.id, scenario],
  ),
);
