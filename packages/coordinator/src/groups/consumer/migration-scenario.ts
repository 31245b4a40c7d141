import { TestClassicConsumer } from './classic-scenario';
import type { TestConsumer } from './scenario';
import { Coordinator } from './scenario';

/** A coordinator that knows one topic, `orders`. */
export const withTopic = (partitionCount = 4): Coordinator => {
  const coordinator = new Coordinator();
  coordinator.world.putTopic('orders', partitionCount);
  return coordinator;
};

export const sorted = (partitions: readonly number[]): number[] => [...partitions].sort((a, b) => a - b);
export const ofClassic = ({ owned }: TestClassicConsumer): readonly number[] => owned.get('orders') ?? [];
export const ofConsumer = ({ owned }: TestConsumer): readonly number[] => [...owned.values()].flat();

/** Lets all live for a while, a second at a time; nobody may have what another has. */
export const live = (
  coordinator: Coordinator,
  classics: readonly TestClassicConsumer[],
  consumers: readonly TestConsumer[],
  seconds = 30,
): void => {
  const check = (): void => {
    const owned = [...classics.flatMap(ofClassic), ...consumers.flatMap(ofConsumer)];
    if (new Set(owned).size !== owned.length)
      throw new Error(`somebody has what another has: ${sorted(owned).join()}`);
  };
  for (let second = 0; second < seconds; second++) {
    coordinator.pass(1000);
    for (const classic of classics) {
      classic.step();
      check();
    }
    for (const consumer of consumers) {
      consumer.beat();
      check();
    }
  }
};

/** Members of the classic protocol that share the topic. */
export const startClassics = (
  coordinator: Coordinator,
  count: number,
  isEager = false,
): TestClassicConsumer[] => {
  const classics = Array.from(
    { length: count },
    () => new TestClassicConsumer(coordinator, ['orders'], { isEager }),
  );
  for (const classic of classics) classic.join();
  live(coordinator, classics, []);
  return classics;
};
