import { silentLogger } from '@kafkaesque/kernel';
import type { RebalanceListener } from '../consumer/consumer';
import type { LogConsumer } from '../consumer/log-consumer';
import type { TopicPartition } from '../records';
import { ChangeSignal } from '../timing/change-signal';
import { AssignmentChanges } from './assignment-changes';
import type { AutoCommit } from './auto-commit';
import { HeldRecords } from './held-records';

const bounds = { timeoutMs: 1000 };
const some = (...partitions: readonly number[]): readonly TopicPartition[] =>
  partitions.map((partition) => ({ topic: 't', partition }));

interface Scene {
  readonly changes: AssignmentChanges;
  /** What happened, in order. */
  readonly said: string[];
  readonly failures: unknown[];
  readonly owned: () => readonly number[];
  /** The caller comes back for more. */
  readonly comesBack: () => void;
  readonly world: { isHolding: boolean; isMember: boolean; commit: () => Promise<void> };
}

/** A consumer that owns partitions 0 to 2, whose caller works on their records until it comes back. */
const open = (listener: RebalanceListener = {}, { commitsAutomatically = true } = {}): Scene => {
  const said: string[] = [];
  const failures: unknown[] = [];
  const changed = new ChangeSignal();
  const world: Scene['world'] = { isHolding: true, isMember: true, commit: () => Promise.resolve() };
  const names = (partitions: readonly TopicPartition[]): string =>
    partitions.map(({ partition }) => partition).join();
  const log = {
    assignment: some(0, 1, 2),
    assign(partitions: readonly TopicPartition[]) {
      this.assignment = partitions;
      said.push(`has ${names(partitions)}`);
    },
  };
  const commits: Pick<AutoCommit, 'commitHandled' | 'drained' | 'forget'> = {
    commitHandled: async (_, partitions) => {
      said.push(`commits ${names(partitions ?? [])}`);
      await world.commit();
    },
    drained: () => Promise.resolve(),
    forget: () => undefined,
  };
  const telling =
    (event: 'onAssigned' | 'onRevoked' | 'onLost') => async (partitions: readonly TopicPartition[]) => {
      said.push(`${event} ${names(partitions)}`);
      await listener[event]?.(partitions);
    };
  const changes = new AssignmentChanges({
    log: log as unknown as LogConsumer,
    held: new HeldRecords(),
    commits: () => commits as AutoCommit,
    commitsAutomatically,
    mayCommit: () => world.isMember,
    listener: () => ({
      onAssigned: telling('onAssigned'),
      onRevoked: telling('onRevoked'),
      onLost: telling('onLost'),
    }),
    isInWork: () => world.isHolding,
    going: (partitions, lost) =>
      void said.push(`${lost ? 'drops' : 'begins nothing of'} ${names(partitions)}`),
    failed: (error) => void failures.push(error),
    changed,
    raise: () => changed.raise(),
    logger: silentLogger,
  });
  return {
    ...{ changes, said, failures, world },
    owned: () => log.assignment.map(({ partition }) => partition),
    comesBack: () => {
      world.isHolding = false;
      changed.raise();
    },
  };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('changes of an assignment', () => {
  test('wait for the caller, and nothing new is given meanwhile, however much there is', async () => {
    const { changes, said, owned, comesBack } = open();
    const revoking = changes.revoke(some(1), bounds);
    expect(changes.isChanging).toBe(true);
    await turn();
    expect([changes.isWaiting, changes.isChanging]).toEqual([true, true]);
    expect([said, owned()]).toEqual([['begins nothing of 1'], [0, 1, 2]]);
    comesBack();
    await revoking;
    expect([changes.isWaiting, changes.isChanging]).toEqual([false, false]);
    expect(said.slice(1)).toEqual(['commits 1', 'onRevoked 1', 'has 0,2']);
  });

  test('count from the moment they are wanted: the poll that asks to join again gives nothing of what was lost', async () => {
    const { changes, comesBack } = open();
    comesBack();
    const losing = changes.giveUpAll(true, bounds);
    expect(changes.isChanging).toBe(true);
    await losing;
    expect(changes.isChanging).toBe(false);
  });

  test('come one after the other, however slow a listener is', async () => {
    let goOn = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { changes, said, comesBack } = open({ onRevoked: () => waiting }, { commitsAutomatically: false });
    comesBack();
    const revoking = changes.revoke(some(1), bounds);
    const taking = changes.takeIn(some(7));
    await turn();
    expect(said).toEqual(['begins nothing of 1', 'onRevoked 1']);
    goOn();
    await Promise.all([revoking, taking]);
    expect(said.slice(2)).toEqual(['has 0,2', 'has 0,2,7', 'onAssigned 7']);
  });

  test('lose everything, once and without a commit, when the member is thrown out while they wait', async () => {
    const { changes, said, world, owned, comesBack } = open();
    const revoking = changes.revoke(some(1), bounds);
    await turn();
    world.isMember = false;
    const losing = changes.giveUpAll(true, bounds);
    comesBack();
    await Promise.all([revoking, losing]);
    expect(said.slice(1)).toEqual(['onLost 0,1,2', 'has ']);
    expect(owned()).toEqual([]);
  });

  test('tell of loss when it is the commit that shows that the group went on without the member', async () => {
    const { changes, said, world, owned, comesBack } = open();
    world.commit = () => {
      world.isMember = false;
      return Promise.reject(new Error('UNKNOWN_MEMBER_ID'));
    };
    comesBack();
    await changes.revoke(some(1), bounds);
    expect(said).toEqual(['begins nothing of 1', 'commits 1', 'onLost 0,1,2', 'has ']);
    expect(owned()).toEqual([]);
  });

  test('go on without a commit that failed, and with the failure of a listener, which the next poll tells', async () => {
    const broken = new Error('the listener is broken');
    const { changes, said, world, failures, comesBack } = open({ onRevoked: () => Promise.reject(broken) });
    world.commit = () => Promise.reject(new Error('the coordinator is away'));
    comesBack();
    await changes.revoke(some(0, 1, 2), bounds);
    expect(said.slice(1)).toEqual(['commits 0,1,2', 'onRevoked 0,1,2', 'has ']);
    expect(failures).toEqual([broken]);
  });

  test('do nothing for partitions that are gone already', async () => {
    const { changes, said } = open();
    await changes.revoke(some(8, 9), bounds);
    expect(said).toEqual([]);
  });
});
