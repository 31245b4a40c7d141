import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const pythons = [join(root, 'build/python/bin/python'), 'python3'];
const pythonWith = (module: string): string | undefined =>
  pythons.find((python) => succeeds(python, ['-c', `import ${module}`]));

/** Foreign programs, where this machine has them. The clients from npm are always there. */
export const found = {
  kcat: ['kcat', 'kafkacat'].find((name) => succeeds(name, ['-V'])),
  confluent: pythonWith('confluent_kafka'),
  aiokafka: pythonWith('aiokafka'),
} as const;

const missing: Readonly<Record<keyof typeof found, string>> = {
  kcat: 'kcat (Debian package kcat)',
  confluent: 'confluent-kafka (PyPI)',
  aiokafka: 'aiokafka (PyPI, with cramjam)',
};

/** What is not on this machine, as a sentence, or undefined. */
export const absence = (): string | undefined => {
  const names = (Object.keys(missing) as (keyof typeof found)[]).filter((name) => found[name] === undefined);
  return names.length === 0
    ? undefined
    : `interop: not on this machine, so not asked: ${names.map((name) => missing[name]).join(', ')}`;
};

/** Apache Kafka's own tools, asked for by KAFKAESQUE_PEERS=1 and present; they are never downloaded by a test. */
const peersScript = join(root, '../shared/peers/kafka.sh');
export const javaTools =
  process.env['KAFKAESQUE_PEERS'] === '1' &&
  existsSync(peersScript) &&
  existsSync(join(homedir(), '.cache/kafkaesque-peers/kafka-4.3.0/.complete'))
    ? peersScript
    : undefined;

export const programPath = (name: string): string => join(__dirname, 'clients', name);
