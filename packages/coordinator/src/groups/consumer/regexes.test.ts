import { errors } from '@kafkaesque/protocol';
import { Coordinator, settle, TestConsumer } from './scenario';

describe('a subscription by regular expression', () => {
  test('reads the topics whose whole name it matches, from the first answer on', () => {
    const coordinator = new Coordinator();
    const one = coordinator.world.putTopic('orders-1', 1);
    coordinator.world.putTopic('my-orders-1', 1);
    coordinator.world.putTopic('orders-1-old', 1);
    const member = new TestConsumer(coordinator, 'a', 'orders-[0-9]+');
    expect(member.join()).toMatchObject({ errorCode: 0, memberEpoch: 1 });
    expect([...member.owned]).toEqual([[one, [0]]]);
    expect(coordinator.log.map(({ kind }) => kind)).toContain('ConsumerGroupRegularExpression');
    expect(coordinator.group().isSubscribedTo('orders-1')).toBe(true);
  });

  test('is added to the topics that are named', () => {
    const coordinator = new Coordinator();
    const orders = coordinator.world.putTopic('orders', 1);
    const bills = coordinator.world.putTopic('bills', 1);
    const member = new TestConsumer(coordinator, 'a', 'ord.*');
    member.topics = ['bills'];
    member.join();
    expect([...member.owned.keys()].sort()).toEqual([orders, bills].sort());
  });

  test('leaves out what its member may not see', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('secret', 1);
    const open = coordinator.world.putTopic('open', 1);
    coordinator.world.hidden.add('secret');
    const member = new TestConsumer(coordinator, 'a', '.*');
    member.join();
    expect([...member.owned.keys()]).toEqual([open]);
  });

  test('finds new topics, but looks no oftener than every ten seconds', () => {
    const coordinator = new Coordinator();
    const member = new TestConsumer(coordinator, 'a', 'orders.*');
    member.join();
    const topicId = coordinator.world.putTopic('orders', 1);
    coordinator.pass(9000);
    member.beat();
    expect(member.owned.size).toBe(0);
    coordinator.pass(2000);
    member.beat();
    expect([...member.owned.keys()]).toEqual([topicId]);
    const written = coordinator.log.length;
    coordinator.pass(20_000);
    coordinator.world.metadataOffset += 1;
    member.beat();
    expect(coordinator.log).toHaveLength(written);
  });

  test('is looked up again after the refresh interval, which catches changed permissions', () => {
    const coordinator = new Coordinator();
    coordinator.world.settings = { ...coordinator.world.settings, regexRefreshIntervalMs: 30_000 };
    coordinator.world.putTopic('orders', 1);
    const member = new TestConsumer(coordinator, 'a', 'orders.*');
    member.join();
    expect(member.owned.size).toBe(1);
    coordinator.world.hidden.add('orders');
    coordinator.pass(31_000);
    settle(coordinator, [member]);
    expect(member.owned.size).toBe(0);
  });

  test('that nobody has any longer is forgotten', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic('orders', 1);
    const bills = coordinator.world.putTopic('bills', 1);
    const first = new TestConsumer(coordinator, 'a', 'orders.*');
    const second = new TestConsumer(coordinator, 'b', 'orders.*');
    first.join();
    second.join();
    first.regex = 'bills.*';
    first.full();
    expect([...coordinator.group().regexes.keys()].sort()).toEqual(['bills.*', 'orders.*']);
    second.leave();
    settle(coordinator, [first]);
    expect([...coordinator.group().regexes.keys()]).toEqual(['bills.*']);
    expect([...first.owned.keys()]).toEqual([bills]);
    first.regex = '';
    first.full();
    settle(coordinator, [first]);
    expect(coordinator.group().regexes.size).toBe(0);
    expect(first.owned.size).toBe(0);
    expect(coordinator.group().topics.size).toBe(0);
  });

  test.each([
    { name: 'one that is no expression', regex: '(', why: /missing closing \)/ },
    { name: 'a look-behind of another syntax', regex: '(?=a)b', why: /invalid/ },
    { name: 'one that repeats too much', regex: `(?:${'a'.repeat(200)}){1000}`, why: /repeats too much/ },
    { name: 'one that is too long', regex: 'a'.repeat(5000), why: /longer than 4096/ },
  ])('refuses $name', ({ regex, why }) => {
    const coordinator = new Coordinator();
    const answer = new TestConsumer(coordinator, 'a', regex).join();
    expect(answer.errorCode).toBe(errors.INVALID_REGULAR_EXPRESSION.code);
    expect(answer.errorMessage).toMatch(why);
    expect(coordinator.log).toEqual([]);
  });

  test('a hostile one costs no more than any other', () => {
    const coordinator = new Coordinator();
    coordinator.world.putTopic(`${'a'.repeat(240)}!`, 1);
    const member = new TestConsumer(coordinator, 'a', '(a+)+(a+)+$');
    expect(member.join().errorCode).toBe(0);
    expect(member.owned.size).toBe(0);
  });

  test('survives a reload, whatever order the topics were written in', () => {
    const coordinator = new Coordinator();
    for (const name of ['c', 'a', 'b']) coordinator.world.putTopic(name, 1);
    const member = new TestConsumer(coordinator, 'a', '[a-c]');
    member.join();
    coordinator.reload(
      coordinator.log.map((record) =>
        record.kind === 'ConsumerGroupRegularExpression' && record.value !== null
          ? { ...record, value: { ...record.value, topics: ['c', 'a', 'b'] } }
          : record,
      ),
    );
    const written = coordinator.log.length;
    member.full();
    expect(member.owned.size).toBe(3);
    expect(coordinator.log).toHaveLength(written);
  });
});
