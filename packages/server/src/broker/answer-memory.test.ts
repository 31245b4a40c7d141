import { AnswerMemory } from './answer-memory';

describe('the memory of answers', () => {
  test('lets in what fits, in the order of asking', async () => {
    const memory = new AnswerMemory(100);
    expect(memory.tryTake(60)).toBe(true);
    const entered: string[] = [];
    const second = memory.take(50).then(() => entered.push('second'));
    const third = memory.take(10).then(() => entered.push('third'));
    expect(memory.tryTake(1)).toBe(false);
    memory.give(60);
    await Promise.all([second, third]);
    expect(entered).toEqual(['second', 'third']);
    expect(memory.usedBytes).toBe(60);
  });

  test('lets in alone what is larger than all of it', async () => {
    const memory = new AnswerMemory(100);
    memory.tryTake(10);
    let isIn = false;
    const large = memory.take(1000).then(() => (isIn = true));
    await Promise.resolve();
    expect(isIn).toBe(false);
    memory.give(10);
    await large;
    expect(memory.usedBytes).toBe(1000);
  });
});
