import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ToolOutput } from './own-tool';

/** The classes of Apache's tools whose work is short: those that run on are processes of their own. */
const classes = {
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  groups: 'org.apache.kafka.tools.GroupsCommand',
  'dump-log': 'org.apache.kafka.tools.DumpLogSegments',
} as const;

export type ApacheTool = keyof typeof classes;

/** What Java finds Apache Kafka by. */
export const apacheJars = join(
  process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'),
  'kafka-4.3.0/*',
);

/** Apache Kafka's own tools in one process of Java, one after the other. */
export class ApacheTools implements AsyncDisposable {
  readonly #java: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve(output: ToolOutput): void; reject(error: Error): void }[] = [];
  readonly #ended: Promise<void>;

  constructor() {
    const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', apacheJars];
    this.#java = spawn('java', [...options, join(__dirname, 'apache-tools.java')]);
    let complaints = '';
    this.#java.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    this.#java.stdin.on('error', () => undefined);
    createInterface({ input: this.#java.stdout }).on('line', (line) => {
      const [code = '', out = '', err = ''] = line.split(' ');
      const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
      this.#waiting.shift()?.resolve({ code: Number(code), out: text(out), err: text(err) });
    });
    this.#ended = new Promise((resolve) => {
      this.#java.on('close', () => {
        for (const { reject } of this.#waiting.splice(0)) reject(new Error(`Java ended: ${complaints}`));
        resolve();
      });
    });
  }

  run(tool: ApacheTool, args: readonly string[]): Promise<ToolOutput> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#java.stdin.write(`${[classes[tool], ...args].join('\t')}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#java.stdin.end();
    await this.#ended;
  }
}
