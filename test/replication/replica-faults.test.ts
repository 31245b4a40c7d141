import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScenario } from '../processes/scenarios/run-scenario';
import { selection } from '../processes/scenarios/selection';

/** As many faults as fit, each once; `npm run chaos` makes as many as it is asked for, and measures them. */
const BUDGET_MS = 8000;

test('records of three libraries that were acknowledged outlive nodes that lose power, stand still and are restarted', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'replica-faults-'));
  const seed = Math.floor(Math.random() * 2 ** 32);
  let startedMs: number | undefined;
  const lines: string[] = [];
  try {
    const { violations, rounds, report, tally } = await runScenario({
      ...{ scenario: selection, directory, seed, rounds: 4, replicas: 3, isTimed: false },
      isOver: () => {
        // Asked for the first time once the cluster serves, however long that takes.
        startedMs ??= performance.now();
        return performance.now() - startedMs > BUDGET_MS;
      },
      say: (line) => lines.push(line),
    });
    expect({ seed, lines, violations }).toEqual({ seed, lines, violations: [] });
    expect(Math.min(rounds, report.acknowledged)).toBeGreaterThan(0);
    for (const library of ['kafkajs', 'own', 'platformatic']) expect(tally).toContain(`${library} ok`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 180_000);
