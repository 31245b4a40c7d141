import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isKloadPresent } from './load/kload';
import { describeMachine, touchMemory } from './machine';
import type { Options } from './options';
import { isUsageError, readOptions, usage } from './options';
import { markdown } from './report';
import type { Measured } from './run';
import { Bench } from './run';
import { scenarios } from './scenarios';
import { floor } from './servers/floor';
import { isKafkaPresent, kafka } from './servers/kafka';
import { kafkaesque } from './servers/kafkaesque';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Ctrl-C ends the run after the scenario under way, with what was measured. */
const interrupted = (): AbortSignal => {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
    say('ends after this scenario');
  });
  return controller.signal;
};

const run = async (options: Options): Promise<boolean> => {
  if (process.platform !== 'linux')
    throw new Error('processor time and memory are read from /proc: run this on Linux');
  if (options.generator === 'kload' && !isKloadPresent())
    throw new Error('kload is not here: KLOAD names the program');
  const wantsKafka = options.servers.includes('kafka');
  if (wantsKafka && !isKafkaPresent()) say('Apache Kafka is not here and is left out.');
  const kinds = [floor, kafkaesque, kafka].filter(
    ({ name }) => options.servers.includes(name) && (name !== 'kafka' || isKafkaPresent()),
  );
  const machine = describeMachine();
  if (options.touchesMemory) touchMemory();
  const began = new Date().toISOString();
  if (options.profileDirectory !== undefined) mkdirSync(options.profileDirectory, { recursive: true });
  const bench = new Bench(options, say);
  const measured: Measured[] = [];
  const interruption = interrupted();
  try {
    for (const scenario of options.scenarios) {
      measured.push(...(await bench.measure(scenario, kinds)));
      if (interruption.aborted) break;
    }
  } finally {
    await bench.close();
  }
  const results = { machine, began, generator: options.generator, seconds: options.seconds, measured };
  const text = markdown(options.scenarios, results);
  mkdirSync(options.output, { recursive: true });
  writeFileSync(join(options.output, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(options.output, 'results.md'), text);
  process.stdout.write(text);
  return measured.every(({ failure }) => failure === undefined);
};

const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else if (options === 'list')
    process.stdout.write(scenarios.map(({ name, title }) => `${name.padEnd(36)}${title}\n`).join(''));
  else return (await run(options)) ? 0 : 1;
  return 0;
};

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(isUsageError(error) ? `${(error as Error).message}\n\n${usage}` : String((error as Error).stack));
    process.exitCode = isUsageError(error) ? 2 : 1;
  },
);
