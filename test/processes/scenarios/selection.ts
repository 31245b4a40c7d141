import { kills } from './kills';
import type { Scenario } from './scenario';
import { stalls } from './stalls';

const scenarioOf = (id: string): Scenario => {
  const found = [...kills, ...stalls].find((scenario) => scenario.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
};

/** Each in the form that is over soonest. */
const ROUNDS: readonly { readonly id: string; readonly round: number }[] = [
  { id: 'C4', round: 1 },
  { id: 'C1', round: 3 },
  { id: 'C8', round: 1 },
  { id: 'C21', round: 1 },
];

/**
 * What every change is tried with, on disks on which the death of a process is a loss of power: all nodes die, then a leader
 * does, then one stands still for a second, then all are stopped and started in turn.
 */
export const selection: Scenario = {
  id: 'selection',
  what: 'power of all nodes, then of a leader is lost; a leader stands still for a second; each node is restarted',
  environment: (nodeId, seed) => ({ FAULT_FS: 'lazy', FAULT_SEED: String(seed + nodeId) }),
  needsReplicas: true,
  round: (stage, round) => {
    const { id, round: variant } = ROUNDS[(round - 1) % ROUNDS.length] ?? ROUNDS[0]!;
    return scenarioOf(id).round(stage, variant);
  },
};
