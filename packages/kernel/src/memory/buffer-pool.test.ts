import { BufferPool } from './buffer-pool';

describe('BufferPool', () => {
  test('hands out the same bytes again once every holder has released them', () => {
    const pool = new BufferPool({ keptBytes: 1 << 20 });
    const first = pool.acquire(100_000);
    expect(first.buffer.length).toBe(1 << 17);
    first.retain();
    first.release();
    expect(pool.acquire(100_000).buffer).not.toBe(first.buffer);
    first.release();
    expect(pool.acquire(100_000).buffer).toBe(first.buffer);
  });

  test('counts what is out and keeps no more than it may', () => {
    const pool = new BufferPool({ keptBytes: 1 << 16 });
    const leases = [pool.acquire(1), pool.acquire(1)];
    expect(pool.leasedBytes).toBe(2 << 16);
    for (const lease of leases) lease.release();
    expect(pool.leasedBytes).toBe(0);
    const again = [pool.acquire(1).buffer, pool.acquire(1).buffer];
    expect(leases.filter((lease) => again.includes(lease.buffer))).toHaveLength(1);
  });

  test('refuses a release too many, and poisons what came back', () => {
    const pool = new BufferPool({ keptBytes: 1 << 20, poison: true });
    const lease = pool.acquire(10);
    lease.buffer[0] = 1;
    lease.release();
    expect(lease.buffer[0]).toBe(0xdd);
    expect(() => {
      lease.release();
    }).toThrow(/released once for every holder/);
  });
});
