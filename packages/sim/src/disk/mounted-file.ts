import { Failure } from '@kafkaesque/kernel';
import type { DiskFile } from '@kafkaesque/kernel';
import type { MountedDisk } from './mounted-disk';
import type { SimulatedFile } from './simulated-file';
import { diskFailure } from './tree';

const SECTOR_BYTES = 512;

/** An open file of one process. */
export class MountedFile implements DiskFile {
  readonly path: string;
  readonly #mount: MountedDisk;
  readonly #file: SimulatedFile;
  readonly #writable: boolean;
  #closed = false;

  constructor(mount: MountedDisk, path: string, file: SimulatedFile, writable: boolean) {
    this.#mount = mount;
    this.path = path;
    this.#file = file;
    this.#writable = writable;
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.#request('disk.read', () => {
      this.#mount.note(this.#file.id, position);
      return this.#read(into, position);
    });
  }

  readNow(into: Buffer, position: number): number {
    if (this.#mount.ended)
      throw new Failure('DEAD_PROCESS', `${this.path} belongs to a process that has ended`);
    if (this.#closed) throw diskFailure('EBADF', this.path);
    this.#mount.disk.needWorking(this.path);
    return this.#read(into, position);
  }

  write(parts: readonly Buffer[], position: number): Promise<void> {
    let sizeBytes = 0;
    for (const part of parts) sizeBytes += part.length;
    return this.#request(
      'disk.write',
      () => {
        const [first] = parts;
        this.#mount.note(this.#file.id, position, first);
        this.#write(parts, position, sizeBytes);
      },
      () => {
        const { random } = this.#mount;
        const part = random.below(2) === 0 ? sizeBytes : random.below(sizeBytes + 1);
        this.#keep(parts, position, part);
      },
    );
  }

  truncate(sizeBytes: number): Promise<void> {
    const run = (): void => {
      const { disk } = this.#mount;
      this.#mount.note(this.#file.id, sizeBytes);
      this.#needWritable();
      disk.useBytes(sizeBytes - this.#file.sizeBytes);
      this.#file.truncate(sizeBytes);
    };
    return this.#request('disk.truncate', run, run);
  }

  sync(): Promise<void> {
    const { mark } = this.#file;
    return this.#request('disk.sync', () => {
      const { disk, random } = this.#mount;
      this.#mount.note(this.#file.id, mark);
      if (this.#mount.strikes(disk.faults.syncError)) {
        disk.counts.syncErrors += 1;
        this.#file.failSync(mark, random);
        throw diskFailure('EIO', `sync of ${this.path}`);
      }
      if (this.#mount.strikes(disk.faults.lyingSync)) disk.counts.lyingSyncs += 1;
      else {
        this.#file.sync(mark);
        disk.synced?.(this.path);
      }
    });
  }

  sizeBytes(): Promise<number> {
    return this.#request('disk.size', () => this.#file.sizeBytes);
  }

  close(): Promise<void> {
    const closing = this.#request('disk.close', () => undefined);
    this.#closed = true;
    return closing;
  }

  #request<Value>(kind: string, run: () => Value, cut?: () => void): Promise<Value> {
    if (this.#closed) return Promise.reject(diskFailure('EBADF', `${this.path} is closed`));
    const work = (): Value => {
      if (kind !== 'disk.close') this.#mount.disk.needWorking(this.path);
      return run();
    };
    return this.#mount.request(
      cut === undefined ? { kind, run: work } : { kind, run: work, cut: this.#unlessBroken(cut) },
    );
  }

  #unlessBroken(cut: () => void): () => void {
    return () => {
      this.#mount.disk.needWorking(this.path);
      cut();
    };
  }

  #read(into: Buffer, position: number): number {
    const { disk } = this.#mount;
    const sizeBytes = Math.min(into.length, this.#file.sizeBytes - position);
    if (sizeBytes <= 0) return 0;
    if (this.#mount.strikes(disk.faults.readError)) {
      this.#file.damage(position + this.#mount.random.below(sizeBytes));
    }
    if (this.#file.isUnreadable(position, sizeBytes)) {
      disk.counts.readErrors += 1;
      throw diskFailure('EIO', `read of ${this.path} at ${position}`);
    }
    return this.#file.read(into, position);
  }

  #write(parts: readonly Buffer[], position: number, sizeBytes: number): void {
    const { disk, random } = this.#mount;
    this.#needWritable();
    const room = Math.max(0, this.#file.sizeBytes + disk.freeBytes - position);
    if (sizeBytes > room || this.#mount.strikes(disk.faults.noSpace)) {
      disk.counts.noSpace += 1;
      this.#keep(parts, position, Math.min(room, random.below(sizeBytes + 1)));
      throw diskFailure('ENOSPC', `write to ${this.path}`);
    }
    if (this.#mount.strikes(disk.faults.writeError)) {
      disk.counts.writeErrors += 1;
      this.#keep(parts, position, random.below(sizeBytes + 1));
      throw diskFailure('EIO', `write to ${this.path}`);
    }
    if (this.#mount.strikes(disk.faults.misdirected)) {
      const sectors = Math.ceil(Math.max(this.#file.sizeBytes, position + sizeBytes) / SECTOR_BYTES);
      const elsewhere = random.below(sectors) * SECTOR_BYTES + (position % SECTOR_BYTES);
      if (elsewhere !== position) disk.counts.misdirectedWrites += 1;
      this.#keep(parts, position, sizeBytes, elsewhere);
    } else this.#keep(parts, position, sizeBytes);
  }

  #keep(parts: readonly Buffer[], position: number, sizeBytes: number, landsAt = position): void {
    const before = this.#file.sizeBytes;
    this.#file.write(parts, position, sizeBytes, landsAt);
    this.#mount.disk.useBytes(this.#file.sizeBytes - before);
  }

  #needWritable(): void {
    if (!this.#writable) throw diskFailure('EBADF', `${this.path} is open for reading`);
  }
}
