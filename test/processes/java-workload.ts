import { run } from '../interop/program';
import type { Change, Operation } from './metadata-history';

/** Numbers that tell one value from another. */
const FIRST_VALUE = 9_000_000;

/**
 * Apache Kafka's `kafka-topics` and `kafka-configs`, one call after the other, on topics of their own. What a tool
 * complained of may have happened all the same: its client sends again what was not answered.
 */
export class JavaWorkload {
  readonly operations: Operation[] = [];
  readonly #script: string;
  readonly #bootstrapServers: string;
  readonly #running: Promise<void>;
  #isOver = false;

  constructor(script: string, bootstrapServers: string) {
    this.#script = script;
    this.#bootstrapServers = bootstrapServers;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let at = 0; !this.#isOver; at++) {
      const entity = `java-${at}`;
      const retention = (value: number): Readonly<Record<string, string>> => ({
        'retention.ms': String(FIRST_VALUE + value),
      });
      await this.#topics(entity, { kind: 'create', partitions: 2, configs: retention(2 * at) }, [
        ...['--create', '--topic', entity, '--partitions', '2', '--replication-factor', '1'],
        ...['--config', `retention.ms=${FIRST_VALUE + 2 * at}`],
      ]);
      await this.#call('configs', entity, { kind: 'alter', configs: retention(2 * at + 1) }, [
        ...['--alter', '--entity-type', 'topics', '--entity-name', entity],
        ...['--add-config', `retention.ms=${FIRST_VALUE + 2 * at + 1}`],
      ]);
      if (at % 2 === 0)
        await this.#topics(entity, { kind: 'grow', partitions: 5 }, [
          ...['--alter', '--topic', entity, '--partitions', '5'],
        ]);
      if (at % 3 === 0) await this.#topics(entity, { kind: 'delete' }, ['--delete', '--topic', entity]);
    }
  }

  #topics(entity: string, change: Change, args: readonly string[]): Promise<void> {
    return this.#call('topics', entity, change, args);
  }

  async #call(tool: string, entity: string, change: Change, args: readonly string[]): Promise<void> {
    if (this.#isOver) return;
    const startedMs = performance.now();
    const server = ['--bootstrap-server', this.#bootstrapServers];
    const { code } = await run(this.#script, ['tool', tool, ...server, ...args]);
    const isDone = code === 0;
    const endedMs = isDone ? performance.now() : Infinity;
    this.operations.push({
      ...{ entity, change, startedMs, endedMs },
      told: isDone ? { kind: 'done' } : { kind: 'unknown' },
    });
  }
}
