import { runTool } from './main';
import { recordedTerminal } from './testing/recorded-terminal';
import { toolNames, toolOfProgram } from './tools';

const run = async (argv: readonly string[], program = 'kafkaesque') => {
  const terminal = recordedTerminal();
  return { code: await runTool(argv, program, terminal), ...terminal.written };
};

describe('kafkaesque', () => {
  test('alone shows what there is', async () => {
    const { code, out } = await run([]);
    expect(code).toBe(0);
    for (const name of toolNames) expect(out).toContain(`  ${name}`);
  });

  test('says when there is no such tool', async () => {
    const { code, err } = await run(['topcis']);
    expect([code, err]).toEqual([1, expect.stringContaining('There is no "topcis"')]);
  });

  test.each(toolNames)('%s explains itself', async (name) => {
    const { code, out } = await run([name, '--help']);
    expect([code, out]).toEqual([0, expect.stringMatching(/usage/i)]);
  });

  test.each([
    ['kafka-topics', 'topics'],
    ['kafka-topics.sh', 'topics'],
    ['kafka-console-consumer.js', 'console-consumer'],
    ['kafka-server-start.sh', 'server'],
    ['kafkaesque', undefined],
    ['kafkaesque.js', undefined],
  ])('called as %s is %s', (program, tool) => {
    expect(toolOfProgram(program)).toBe(tool);
  });

  test("under Kafka's name takes its arguments at once, and calls itself by that name", async () => {
    const { code, err } = await run(['--list'], 'kafka-topics.sh');
    expect([code, err]).toEqual([
      1,
      'Missing required argument "[bootstrap-server]"\nRun \'kafka-topics.sh --help\' for the options.\n',
    ]);
  });
});
