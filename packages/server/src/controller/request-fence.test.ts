import { RequestFence } from './request-fence';

const [first, second] = [{}, {}];

describe('requests of one process', () => {
  test('are taken in the order in which they were sent, on whatever channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', second, 2)).toBe('take');
    expect(fence.judge('a', first, 5)).toBe('take');
  });

  test('are late behind what was sent after them on the next channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', second, 3)).toBe('take');
    expect(fence.judge('a', first, 2)).toBe('late');
    expect(fence.judge('b', first, 2)).toBe('take');
  });

  test('count once for each channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', first, 1)).toBe('again');
  });

  test('are remembered as long as one of their channels lives', () => {
    const fence = new RequestFence();
    fence.judge('a', first, 1);
    fence.judge('a', second, 3);
    fence.ended('a', second);
    expect(fence.judge('a', first, 2)).toBe('late');
    fence.ended('a', first);
    expect(fence.judge('a', second, 4)).toBe('take');
  });
});
