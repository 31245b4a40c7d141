import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { Core } from './core';
import { ExampleQuorum } from './example-quorum';
import { transitions } from './roles';

/** Anything that may happen to a quorum, drawn from a seed. */
const live = (seed: number): void => {
  const random = new SeededRandom(seed, 'roles');
  const quorum = new ExampleQuorum([1, 2, 3].slice(0, seed % 4 === 0 ? 1 : 3), { seed });
  const any = (): number => [...quorum.replicas.keys()][random.below(quorum.replicas.size)]!;
  quorum.loses = () => random.below(10) === 0;
  for (let i = 0; i < 60; i++) {
    const nodeId = any();
    const other = BrokerId(any());
    const happens = random.below(9);
    if (happens === 0) quorum.crash(nodeId);
    else if (happens === 1) quorum.restart(nodeId);
    else if (happens === 2) quorum.isolate(nodeId);
    else if (happens === 3) quorum.heal();
    else if (happens === 6) quorum.slowDisks.add(nodeId);
    else if (happens === 7) quorum.slowDisks.clear();
    else if (quorum.node(nodeId).isUp && happens === 4) quorum.input(nodeId, { kind: 'transfer', to: other });
    else if (quorum.node(nodeId).isUp && happens === 5)
      quorum.input(nodeId, { kind: 'peer-lost', nodeId: other });
    quorum.run(random.below(3) * 500);
  }
};

test('a replica comes from each role to exactly those that the table names (60 seeds)', () => {
  const seen = new Map<string, Set<string>>(Object.keys(transitions).map((kind) => [kind, new Set()]));
  const { become } = Core.prototype;
  jest.spyOn(Core.prototype, 'become').mockImplementation(function (this: Core, role) {
    seen.get(this.role.kind)?.add(role.kind);
    become.call(this, role);
  });
  for (let seed = 1; seed <= 60; seed++)
    try {
      live(seed);
    } catch (cause) {
      throw new Error(`SEED=${seed}`, { cause });
    }
  for (const [from, to] of Object.entries(transitions))
    expect([from, [...(seen.get(from) ?? [])].sort()]).toEqual([from, [...to].sort()]);
});
