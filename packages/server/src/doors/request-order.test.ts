import fc from 'fast-check';
import type { Exchange } from './request-order';
import { MAX_CONCURRENT_PRODUCES, RequestOrder } from './request-order';

interface Named extends Exchange {
  readonly name: string;
}
const produce = (name: string): Named => ({ name, concurrent: true, isAnswered: false });
const other = (name: string): Named => ({ name, concurrent: false, isAnswered: false });
const startAll = (order: RequestOrder<Named>): readonly string[] => {
  const started: string[] = [];
  for (let next = order.next(); next !== undefined; next = order.next()) started.push(next.name);
  return started;
};

describe('the order of one connection', () => {
  test('produce requests start beside each other, and answer in their order', () => {
    const order = new RequestOrder<Named>();
    const [a, b] = [produce('a'), produce('b')];
    order.arrived(a);
    order.arrived(b);
    expect(startAll(order)).toEqual(['a', 'b']);
    b.isAnswered = true;
    expect(order.take()).toBeUndefined();
    a.isAnswered = true;
    expect([order.take()?.name, order.take()?.name, order.take()]).toEqual(['a', 'b', undefined]);
  });

  test('any other request waits for all earlier ones, and all later ones wait for it', () => {
    const order = new RequestOrder<Named>();
    const [a, b, c] = [produce('a'), other('b'), produce('c')];
    for (const one of [a, b, c]) order.arrived(one);
    expect(startAll(order)).toEqual(['a']);
    a.isAnswered = true;
    order.take();
    expect(startAll(order)).toEqual(['b']);
    b.isAnswered = true;
    order.take();
    expect(startAll(order)).toEqual(['c']);
  });

  test('no more than a hundred produce requests run at once', () => {
    const order = new RequestOrder<Named>();
    for (let i = 0; i < MAX_CONCURRENT_PRODUCES + 1; i++) order.arrived(produce(String(i)));
    expect(startAll(order)).toHaveLength(MAX_CONCURRENT_PRODUCES);
  });

  test('whatever the mix, requests start and answer in the order of arrival, none lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (kinds, choices) => {
          const order = new RequestOrder<Named>();
          const all = kinds.map((concurrent, i) => ({ name: String(i), concurrent, isAnswered: false }));
          for (const one of all) order.arrived(one);
          const started: Named[] = [];
          const left: string[] = [];
          while (left.length < all.length) {
            for (let next = order.next(); next !== undefined; next = order.next()) started.push(next);
            const open = started.filter((one) => !one.isAnswered);
            const chosen = open[(choices.next().value as number) % open.length];
            if (chosen !== undefined) chosen.isAnswered = true;
            for (let done = order.take(); done !== undefined; done = order.take()) left.push(done.name);
          }
          expect(started.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
          expect(left).toEqual(all.map(({ name }) => name));
        },
      ),
    );
  });
});
