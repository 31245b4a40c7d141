import type { Disk, DiskFile } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';

/**
 * The disk of one life of a node. A process that is killed is gone only when the system has ended what it does on the disk;
 * a disk that never ends anything must not keep a test for ever, so that in the end it is given up.
 */
export class MortalDisk {
  readonly disk: Disk;
  readonly #underWay = new Set<(cause: Failure) => void>();
  #isAbandoned = false;

  constructor(inner: Disk) {
    const bound = <Value>(work: () => Promise<Value>): Promise<Value> => this.#bound(work);
    this.disk = {
      open: async (path, mode) => this.#file(await bound(() => inner.open(path, mode))),
      list: (directory) => bound(() => inner.list(directory)),
      makeDirectory: (path) => bound(() => inner.makeDirectory(path)),
      rename: (from, to) => bound(() => inner.rename(from, to)),
      unlink: (path) => bound(() => inner.unlink(path)),
      removeDirectory: (path) => bound(() => inner.removeDirectory(path)),
      syncDirectory: (path) => bound(() => inner.syncDirectory(path)),
      space: (path) => bound(() => inner.space(path)),
    };
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Whatever is under way fails, and so does all that is asked for later, except for closing files. */
  abandon(): void {
    this.#isAbandoned = true;
    const waiting = [...this.#underWay];
    this.#underWay.clear();
    for (const fail of waiting) fail(abandoned());
  }

  #file(file: DiskFile): DiskFile {
    const bound = <Value>(work: () => Promise<Value>): Promise<Value> => this.#bound(work);
    return {
      path: file.path,
      read: (into, position) => bound(() => file.read(into, position)),
      readNow: (into, position) => file.readNow(into, position),
      write: (parts, position) => bound(() => file.write(parts, position)),
      truncate: (sizeBytes) => bound(() => file.truncate(sizeBytes)),
      sync: () => bound(() => file.sync()),
      sizeBytes: () => bound(() => file.sizeBytes()),
      close: () => file.close(),
    };
  }

  #bound<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isAbandoned) return Promise.reject(abandoned());
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      work()
        .then(resolve, reject)
        .finally(() => this.#underWay.delete(reject));
    });
  }
}

const abandoned = (): Failure =>
  new Failure('DISK_ABANDONED', 'the node is gone, and its disk did not end what it had begun');
