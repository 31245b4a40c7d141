import { assert } from '../assert';
import type { DiskFile } from '../world/disk';
import type { Random } from '../world/random';
import { SeededRandom } from '../world/seeded-random';
import { casesOf } from './cases';
import type { CrashCase, CrashWorld } from './crash-world';

const SEEDS = casesOf(8, 30);
const CRASHES = 4;
const LARGEST_BYTES = 20_000;

/** What a file may hold after a loss of power, byte by byte: the judge of random sequences. */
class Expectation {
  content = Buffer.alloc(0);
  #durable = Buffer.alloc(0);
  #pendingWrites: { readonly position: number; readonly bytes: Buffer }[] = [];
  #pendingSizes: number[] = [];

  write(bytes: Buffer, position: number): void {
    this.#pendingWrites.push({ position, bytes });
    this.#resize(Math.max(this.content.length, position + bytes.length));
    bytes.copy(this.content, position);
  }

  truncate(sizeBytes: number): void {
    this.#resize(sizeBytes);
  }

  sync(): void {
    this.#durable = Buffer.from(this.content);
    this.#pendingWrites = [];
    this.#pendingSizes = [];
  }

  /** Checks what power left, which is durable from then on. */
  afterPowerLoss(found: Buffer): void {
    const sizes = [this.#durable.length, ...this.#pendingSizes];
    assert(sizes.includes(found.length), () => `a size of ${found.length}, possible are ${sizes.join()}`);
    const zeroFrom = Math.min(...sizes);
    for (let at = 0; at < found.length; at++) {
      const byte = found[at] ?? 0;
      if (byte === this.#durable[at] || (byte === 0 && at >= zeroFrom)) continue;
      const written = this.#pendingWrites.some(({ position, bytes }) => bytes[at - position] === byte);
      assert(written, () => `byte ${at} is ${byte}, which nobody wrote there since the last sync`);
    }
    this.content = Buffer.from(found);
    this.sync();
  }

  #resize(sizeBytes: number): void {
    if (sizeBytes === this.content.length) return;
    this.#pendingSizes.push(sizeBytes);
    const content = Buffer.alloc(sizeBytes);
    this.content.copy(content);
    this.content = content;
  }
}

const act = async (file: DiskFile, expectation: Expectation, random: Random): Promise<void> => {
  const choice = random.below(12);
  if (choice < 8) {
    const position = random.below(2) === 0 ? expectation.content.length : random.below(LARGEST_BYTES);
    const bytes = Buffer.alloc(1 + random.below(6000), 1 + random.below(255));
    await file.write([bytes.subarray(0, 1), bytes.subarray(1)], position);
    expectation.write(bytes, position);
  } else if (choice < 9) {
    const sizeBytes = random.below(LARGEST_BYTES);
    await file.truncate(sizeBytes);
    expectation.truncate(sizeBytes);
  } else {
    await file.sync();
    expectation.sync();
  }
};

const contentOf = async (file: DiskFile): Promise<Buffer> => {
  const content = Buffer.alloc(await file.sizeBytes());
  await file.read(content, 0);
  return content;
};

const live = async (world: CrashWorld, random: Random, kills: boolean): Promise<void> => {
  const path = `${world.directory}/a`;
  const disk = await world.mount();
  let file = await disk.open(path, 'create');
  await disk.syncDirectory(world.directory);
  const expectation = new Expectation();
  for (let crash = 0; crash < CRASHES; crash++) {
    for (let step = random.below(25); step > 0; step--) await act(file, expectation, random);
    assert((await contentOf(file)).equals(expectation.content), 'a process reads what it wrote');
    const killed = kills && random.below(2) === 0;
    await (killed ? world.kill() : world.losePower());
    file = await (await world.mount()).open(path, 'write');
    const found = await contentOf(file);
    if (killed) assert(found.equals(expectation.content), 'a killed process leaves what it wrote');
    else expectation.afterPowerLoss(found);
  }
};

const sequences =
  (kills: boolean): CrashCase['run'] =>
  async (worldOf) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        await live(worldOf(seed), new SeededRandom(seed, 'sequence'), kills);
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
  };

export const sequenceCases: readonly CrashCase[] = [
  {
    name: 'after any sequence of writes, cuts and syncs only what it allows is there',
    needsKill: false,
    run: sequences(false),
  },
  {
    name: 'after any sequence of writes, cuts, syncs and kills only what it allows is there',
    needsKill: true,
    run: sequences(true),
  },
];
