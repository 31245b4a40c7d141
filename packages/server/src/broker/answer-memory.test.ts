import { AnswerMemory } from './answer-memory';

const MIB = 1024 * 1024;

describe('the memory of answers', () => {
  test('gives what is asked for, up to half of what is free', () => {
    const memory = new AnswerMemory(64 * MIB);
    expect(memory.tryTake(100)).toBe(100);
    memory.give(100);
    expect([1, 2, 3].map(() => memory.tryTake(50 * MIB))).toEqual([32 * MIB, 16 * MIB, 8 * MIB]);
    expect(memory.usedBytes).toBe(56 * MIB);
  });

  test('who asks for little gets it while a mebibyte is free, whatever others have', () => {
    const memory = new AnswerMemory(8 * MIB);
    const granted = Array.from({ length: 6 }, () => memory.tryTake(8 * MIB));
    expect(granted).toEqual([4 * MIB, 2 * MIB, MIB, MIB, 0, 0]);
    expect(memory.tryTake(1)).toBe(0);
    memory.give(MIB);
    expect(memory.tryTake(1000)).toBe(1000);
  });

  test('lets in those who wait in the order of asking, and nobody past them', async () => {
    const memory = new AnswerMemory(MIB);
    expect(memory.tryTake(MIB)).toBe(MIB);
    const entered: [string, number][] = [];
    const second = memory.take(MIB).then((granted) => entered.push(['second', granted]));
    const third = memory.take(10).then((granted) => entered.push(['third', granted]));
    expect([memory.tryTake(1), memory.waiting]).toEqual([0, 2]);
    memory.give(MIB);
    await second;
    expect(memory.waiting).toBe(1);
    memory.give(MIB);
    await third;
    expect(entered).toEqual([
      ['second', MIB],
      ['third', 10],
    ]);
    expect(memory.usedBytes).toBe(10);
  });
});
