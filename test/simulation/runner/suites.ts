import { clusterSuite } from '../cluster/cluster-world';
import { groupsSuite } from '../groups/groups-world';
import { quorumSuite } from '../quorum/quorum-world';
import { storageSuite } from '../storage-suite';
import type { Suite } from './suite';

const suites: readonly Suite[] = [quorumSuite, clusterSuite, groupsSuite, storageSuite];

/** The suite of that name; an unknown name is answered with those that there are. */
export const findSuite = (name: string): Suite => {
  const found = suites.find((suite) => suite.name === name);
  if (found === undefined)
    throw new Error(`there is no suite ${name}; there are ${suites.map((suite) => suite.name).join(', ')}`);
  return found;
};
