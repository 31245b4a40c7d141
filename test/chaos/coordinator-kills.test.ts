import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorsKilled } from '../processes/scenarios/coordinators';
import { runScenario } from '../processes/scenarios/run-scenario';

/** As many kills as fit; `npm run chaos -- C23` makes as many as it is asked for, with foreign clients, and measures them. */
const BUDGET_MS = 4000;

test('C23: what groups of both protocols have committed and own outlives the nodes that coordinate them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coordinator-kills-'));
  const seed = Math.floor(Math.random() * 2 ** 32);
  let startedMs: number | undefined;
  const lines: string[] = [];
  try {
    const { violations, rounds } = await runScenario({
      ...{ scenario: coordinatorsKilled(false), directory, seed, rounds: 3, replicas: 3, isTimed: false },
      isOver: () => {
        // Asked for the first time once the groups are whole, however long that takes.
        startedMs ??= performance.now();
        return performance.now() - startedMs > BUDGET_MS;
      },
      say: (line) => lines.push(line),
    });
    expect({ seed, lines, violations }).toEqual({ seed, lines, violations: [] });
    expect(rounds).toBeGreaterThan(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
