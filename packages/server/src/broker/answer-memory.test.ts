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
    expect(memory.tryTake(65_537)).toBe(0);
    memory.give(MIB);
    expect(memory.tryTake(65_537)).toBe(65_537);
  });

  test('lets in those who wait in the order of asking, and nobody past them', async () => {
    const memory = new AnswerMemory(MIB);
    expect(memory.tryTake(MIB)).toBe(MIB);
    const entered: [string, number][] = [];
    const second = memory.take(MIB).then((granted) => entered.push(['second', granted]));
    const third = memory.take(100_000).then((granted) => entered.push(['third', granted]));
    expect([memory.tryTake(70_000), memory.waiting]).toEqual([0, 2]);
    memory.give(MIB);
    await second;
    expect(memory.waiting).toBe(1);
    memory.give(MIB);
    await third;
    expect(entered).toEqual([
      ['second', MIB],
      ['third', 100_000],
    ]);
    expect(memory.usedBytes).toBe(100_000);
  });

  test('small answers have a part of their own, and wait for nobody while it lasts', async () => {
    const memory = new AnswerMemory(8 * MIB);
    while (memory.tryTake(8 * MIB) > 0);
    const large = memory.take(8 * MIB);
    expect([memory.waiting, memory.usedBytes]).toEqual([1, 8 * MIB]);
    for (let count = 0; count < 16; count += 1) expect(memory.tryTake(65_536)).toBe(65_536);
    expect([memory.tryTake(65_536), memory.usedBytes]).toEqual([0, 9 * MIB]);
    memory.give(65_536);
    expect([memory.tryTake(65_536), memory.waiting]).toEqual([65_536, 1]);
    for (let given = 0; given < 2; given += 1) memory.give(MIB);
    expect(await large).toBe(MIB);
  });
});
