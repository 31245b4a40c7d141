import { RequestMemory } from './request-memory';
import type { MemoryWaiter } from './request-memory';

const waiter = (
  log: string[],
  name: string,
  options: { unfinished?: boolean; heldBytes?: number; onRoom?: () => void } = {},
): MemoryWaiter => ({
  hasUnfinishedFrame: options.unfinished ?? false,
  heldBytes: options.heldBytes ?? Infinity,
  roomAgain: () => {
    log.push(name);
    options.onRoom?.();
  },
});

test('who finds the budget full waits, and is called in order when there is room', () => {
  const memory = new RequestMemory({ limitBytes: 100 });
  const log: string[] = [];
  memory.takeRequest(60);
  expect(memory.mayRead(waiter(log, 'early'))).toBe(true);
  memory.takeRequest(40);
  expect(memory.mayRead(waiter(log, 'a'))).toBe(false);
  expect(memory.mayRead(waiter(log, 'b'))).toBe(false);
  expect(log).toEqual([]);
  memory.giveRequest(60);
  expect(log).toEqual(['a', 'b']);
  expect(memory.waiterCount).toBe(0);
});

test('a waiter that fills the budget again leaves the others waiting', () => {
  const memory = new RequestMemory({ limitBytes: 100 });
  const log: string[] = [];
  memory.takeRequest(100);
  memory.mayRead(waiter(log, 'a', { onRoom: () => memory.takeRequest(90) }));
  memory.mayRead(waiter(log, 'b'));
  memory.giveRequest(80);
  expect(log).toEqual(['a']);
  memory.giveRequest(90);
  expect(log).toEqual(['a', 'b']);
});

test('a waiter that gives at once does not strand the next one', () => {
  const memory = new RequestMemory({ limitBytes: 100 });
  const log: string[] = [];
  memory.takeRequest(100);
  const takeAndGive = (): void => {
    memory.takeRequest(100);
    memory.giveRequest(100);
  };
  memory.mayRead(waiter(log, 'a', { onRoom: takeAndGive }));
  memory.mayRead(waiter(log, 'b', { onRoom: takeAndGive }));
  memory.giveRequest(100);
  expect(log).toEqual(['a', 'b']);
  expect(memory.heldBytes).toBe(0);
});

test('when unfinished frames alone fill the budget, one of them may go on, and then the next', () => {
  const memory = new RequestMemory({ limitBytes: 100 });
  const log: string[] = [];
  const a = waiter(log, 'a', { unfinished: true });
  const b = waiter(log, 'b', { unfinished: true });
  const idle = waiter(log, 'idle');
  memory.changeUnfinished(50);
  memory.changeUnfinished(50);
  expect(memory.mayRead(idle)).toBe(false);
  expect(memory.mayRead(a)).toBe(true);
  expect(memory.mayRead(b)).toBe(false);
  memory.changeUnfinished(20);
  expect(memory.mayRead(a)).toBe(true);
  // a's frame is complete and answered: b is called, because the budget is still full without it.
  memory.takeRequest(70);
  memory.frameFinished(a);
  memory.changeUnfinished(-70);
  memory.changeUnfinished(50);
  memory.giveRequest(70);
  expect(log).toEqual(['b']);
});

test('the end of the one that may go on lets another one go on', () => {
  const memory = new RequestMemory({ limitBytes: 100 });
  const log: string[] = [];
  const a = waiter(log, 'a', { unfinished: true });
  memory.changeUnfinished(160);
  expect(memory.mayRead(a)).toBe(true);
  memory.mayRead(waiter(log, 'b', { unfinished: true }));
  memory.changeUnfinished(-20);
  memory.forget(a);
  expect(log).toEqual(['b']);
});

test('who holds little reads on a while longer, though frames that never end have filled the budget', () => {
  const memory = new RequestMemory({ limitBytes: 800 });
  const log: string[] = [];
  memory.changeUnfinished(800);
  expect(memory.mayRead(waiter(log, 'endless', { unfinished: true, heldBytes: 70_000 }))).toBe(true);
  expect(memory.mayRead(waiter(log, 'another', { unfinished: true }))).toBe(false);
  const modest = waiter(log, 'modest', { heldBytes: 0 });
  expect(memory.mayRead(modest)).toBe(true);
  // The one that may go on does not count.
  memory.changeUnfinished(70_000);
  expect(memory.mayRead(modest)).toBe(true);
  memory.takeRequest(100);
  expect(memory.mayRead(modest)).toBe(false);
  memory.giveRequest(10);
  expect([log, memory.waiterCount]).toEqual([['modest'], 1]);
});

test('who comes to hold little while it waits need not wait for the others', () => {
  const memory = new RequestMemory({ limitBytes: 800 });
  const log: string[] = [];
  const held = { heldBytes: 500_000 };
  const pipelining: MemoryWaiter = {
    hasUnfinishedFrame: false,
    get heldBytes() {
      return held.heldBytes;
    },
    roomAgain: () => log.push('pipelining'),
  };
  memory.changeUnfinished(790);
  memory.takeRequest(20);
  expect(memory.mayRead(pipelining)).toBe(false);
  memory.holdsLess(pipelining);
  expect(log).toEqual([]);
  held.heldBytes = 0;
  memory.holdsLess(pipelining);
  expect([log, memory.waiterCount]).toEqual([['pipelining'], 0]);
});
