import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run, runToSuccess } from './program';

const LOOK_AGAIN_MS = 200;

/**
 * Where each test has Apache Kafka: below what systems give to outgoing connections, and beyond what other tests draw. Node
 * i of several is 10 (i - 1) further up, its controller next to it.
 */
export const apachePorts = {
  cli: 32_092,
  describedConfigs: 32_192,
  changedConfigs: 32_292,
  quorumTools: 32_392,
  groupTools: 32_492,
  replication: 32_592,
} as const;

/** Where one node of Apache Kafka at a port keeps its files. */
export const apacheDirectory = (port: string): string =>
  join(homedir(), `.cache/kafkaesque-peers/run-${port}/1`);

/**
 * Starts one node of Apache Kafka at a port of the loopback. The script gives up after half a minute, which is too short for
 * Java on a machine that has much else to do: from then on it is waited for as long as its process lives.
 */
export const startApacheKafka = async (
  script: string,
  port: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const { code, stderr } = await run(script, ['up', '1', port], { environment });
  if (code === 0) return;
  const log = join(apacheDirectory(port), 'server.log');
  if (!stderr.includes('it did not come up')) throw new Error(`${script} up: ${stderr}`);
  const pid = Number(readFileSync(join(apacheDirectory(port), 'pid'), 'utf8'));
  while (!(await listens(Number(port)))) {
    if (!isAlive(pid)) throw new Error(`Apache Kafka ended:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
};

/** Ends it, and deletes what it has stored. */
export const stopApacheKafka = async (script: string, port: string): Promise<void> => {
  await runToSuccess(script, ['down', port]);
};

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
