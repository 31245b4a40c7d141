import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apachePorts } from './apache-kafka';
import { javaTools } from './found-clients';
import { complaintIn, runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run, runToSuccess } from './program';

// Each of Apache's tools is a Java process of its own, and so is each of three nodes.
jest.setTimeout(300_000);

const PORT = apachePorts.replication;
const bootstrap = `127.0.0.1:${PORT}`;
const TWINS = ['twin-a', 'twin-b'] as const;
const POLL_MS = 300;
const PATIENCE_MS = 60_000;

if (javaTools === undefined) {
  test('our tools of replication are not compared with Apache’s, which were not asked for or are not here', () => {
    process.stderr.write(
      'interop: skipped the tools of replication against Apache Kafka (npm run test:peers)\n',
    );
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  /** What differs on purpose (docs/decisions/0012): the code of an error for its class, no stack, and an ended line. */
  const told = ({ code, out, err }: ToolOutput) => ({
    code,
    out: out
      .replaceAll(/: (?:org\.apache\.[\w.]+|[A-Z]+(?:_[A-Z]+)*): /g, ': CODE: ')
      .replace(/(moves are active\.)\n?/, '$1\n')
      .replace(/^org\.apache\.[\w.]+: .*\n(?:\tat .*\n)*\n?/m, ''),
    complaint: complaintIn(err),
  });
  const at = (args: string): readonly string[] => [
    ...['--bootstrap-server', bootstrap],
    ...args.split(' ').filter((one) => one !== ''),
  ];
  const apaches = async (tool: string, args: readonly string[]): Promise<ToolOutput> => {
    const { code, stdout, stderr } = await run(script, ['tool', tool, ...args]);
    return { code, out: stdout.toString(), err: stderr };
  };
  /** Both tools, asked the same of the same cluster. */
  const both = async (tool: string, args: string): Promise<void> => {
    const expected = told(await apaches(tool, at(args)));
    expect(told(await runOwnTool(tool, at(args)))).toEqual(expected);
  };
  const asOne = (text: string): string => text.replaceAll(/twin-[ab]/g, 'twin');
  /** A change is made twice, on topics whose names differ in one letter; `between`: until the first one is over. */
  const change = async (tool: string, args: string, between?: () => Promise<void>): Promise<void> => {
    const [a, b] = TWINS.map((twin) => at(args.replaceAll('NAME', twin)));
    const expected = told(await apaches(tool, a ?? []));
    await between?.();
    const printed = told(await runOwnTool(tool, b ?? []));
    const masked = (one: typeof printed) => ({
      ...one,
      out: asOne(one.out),
      complaint: asOne(one.complaint),
    });
    expect(masked(printed)).toEqual(masked(expected));
  };
  const described = async (topic: string): Promise<string> =>
    (await runOwnTool('topics', at(`--describe --topic ${topic}`))).out;
  const until = async (topic: string, isSo: (lines: string) => boolean): Promise<void> => {
    const deadlineMs = Date.now() + PATIENCE_MS;
    while (!isSo(await described(topic))) {
      if (Date.now() > deadlineMs) throw new Error(`${topic} stays as it is: ${await described(topic)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const areAllInSync = (lines: string): boolean =>
    lines
      .trim()
      .split('\n')
      .slice(1)
      .every((line) => /\tIsr: \d,\d,\d\t/.test(line));

  let directory: string;
  const assignment = (topic: string, ...replicas: readonly (readonly number[])[]): void => {
    const partitions = replicas.map((ids, partition) => ({ topic, partition, replicas: ids }));
    writeFileSync(join(directory, `${topic}.json`), JSON.stringify({ version: 1, partitions }));
  };

  describe('against three nodes of Apache Kafka, our tools print what its own print:', () => {
    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'kafkaesque-twins-'));
      await runToSuccess(script, ['up', '3', String(PORT)], {
        environment: { KAFKA_EXTRA: 'auto.leader.rebalance.enable=false' },
      });
      await runOwnTool('topics', at('--create --topic first --replication-factor 3'));
      await until('first', areAllInSync);
    });
    afterAll(async () => {
      await runToSuccess(script, ['down', String(PORT)]);
      rmSync(directory, { recursive: true });
    });

    test('topics with three replicas, and where they are', async () => {
      const create = '--create --replica-assignment 1:2:3,3:1:2 --config min.insync.replicas=2';
      await change('topics', `${create} --topic NAME`);
      for (const twin of TWINS) {
        await until(twin, areAllInSync);
        await both('topics', `--describe --topic ${twin}`);
        await both('log-dirs', `--describe --topic-list ${twin}`);
      }
      await both('topics', '--create --topic far --replica-assignment 1:2:9');
      await both('topics', '--create --topic many --replication-factor 4');
    });

    test('reassignments, executed, verified, listed and not cancelled any more', async () => {
      for (const twin of TWINS) assignment(twin, [1, 2], [3, 1, 2]);
      const file = join(directory, 'NAME.json');
      const isReassigned = (lines: string): boolean => lines.includes('\tReplicas: 1,2\tIsr: 1,2\t');
      await change(
        'reassign-partitions',
        `--execute --reassignment-json-file ${file} --throttle 10000000`,
        () => until('twin-a', isReassigned),
      );
      await until('twin-b', isReassigned);
      await change('reassign-partitions', `--verify --reassignment-json-file ${file}`);
      await both('reassign-partitions', '--list');
      await change('reassign-partitions', `--cancel --reassignment-json-file ${file}`);
      for (const twin of TWINS) assignment(twin, [1, 2, 9]);
      await change('reassign-partitions', `--execute --reassignment-json-file ${file}`);
      for (const twin of TWINS) assignment(twin, [1, 2, 3], [3, 1, 2]);
      // Whoever executes while another reassignment is under way is told so.
      await change('reassign-partitions', `--execute --reassignment-json-file ${file}`, () =>
        until('twin-a', areAllInSync),
      );
      await until('twin-b', areAllInSync);
    });

    test('the four filters while a broker is gone, and elections when it is back', async () => {
      await runToSuccess(script, ['kill', '3', String(PORT)]);
      for (const twin of TWINS)
        await until(twin, (lines) => !/\tIsr: [\d,]*3/.test(lines) && !lines.includes('Leader: 3'));
      for (const filter of ['under-replicated', 'unavailable', 'under-min-isr', 'at-min-isr']) {
        await both('topics', `--describe --topic twin-a --${filter}-partitions`);
      }
      await change('leader-election', '--election-type preferred --topic NAME --partition 1');
      await runToSuccess(script, ['restart', '3', String(PORT)]);
      for (const twin of TWINS) await until(twin, areAllInSync);
      await change('leader-election', '--election-type preferred --topic NAME --partition 1');
      await change('leader-election', '--election-type preferred --topic NAME --partition 1');
      await change('leader-election', '--election-type unclean --topic NAME --partition 1');
      await change('leader-election', '--election-type preferred --topic NAME --partition 7');
    });

    test('replica-verification reads its followers', async () => {
      await runOwnTool('verifiable-producer', at('--topic twin-a --max-messages 200 --acks -1'));
      const options = '--time -2 --max-wait-ms 50 --report-interval-ms 200 --topics-include twin-a';
      const { code, out } = await runOwnTool(
        'replica-verification',
        ['--broker-list', bootstrap, ...options.split(' ')],
        AbortSignal.timeout(3000),
      );
      expect(code).toBe(130);
      expect(out.trim().split('\n').at(-1)).toMatch(
        /: max lag is 0 for partition twin-a-\d at offset \d+ among 2 partitions$/,
      );
    });
  });
}
