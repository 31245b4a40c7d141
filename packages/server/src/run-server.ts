import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from '@kafkaesque/kernel';
import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import {
  MetricsRegistry,
  openHealth,
  openLoggers,
  openTraces,
  setLevelsFromEnvironment,
  watchEventLoop,
  watchProcess,
} from '@kafkaesque/telemetry';
import type { Loggers } from '@kafkaesque/telemetry';
import { readConfiguration } from './configuration';
import type { BrokerConfiguration } from './configuration';
import { REQUEST_LOGGER } from './metrics/request-log';
import { explained } from './node/explained';
import type { Node } from './node/node';
import { startNode } from './node/node';
import { nodeLoggers } from './node/node-loggers';
import { openWorld } from './world/open-world';
import { youngGarbageCollector } from './world/young-garbage';

/** What `kafkaesque server` was called with. */
export interface ServerArguments {
  readonly propertiesFile?: string;
  /** `key=value`, in order. */
  readonly overrides: readonly string[];
}

/** Runs a node until SIGTERM or SIGINT. Resolves with the process's exit code. */
export const runServer = async (argv: ServerArguments): Promise<number> => {
  const startedMs = performance.now();
  const configuration = await configured(argv);
  if (configuration === undefined) return 1;
  const loggers = openServerLoggers(process.env);
  const logger = loggers.root;
  try {
    return await serve(configuration, loggers, startedMs);
  } catch (error) {
    explain(logger, error);
    return 1;
  }
};

const serve = async (
  configuration: BrokerConfiguration,
  loggers: Loggers,
  startedMs: number,
): Promise<number> => {
  const logger = loggers.root;
  const metrics = new MetricsRegistry();
  await using traces = await openTraces(process.env);
  const world = await openWorld({
    logger,
    loggers,
    ...(traces === undefined ? {} : { traces }),
    metrics,
    environment: process.env,
    directories: [...configuration.logDirs, configuration.metadataLogDir],
    collectYoungGarbage: youngGarbageCollector(),
    faults: {
      fault: (what, cause) => {
        logger.error(`stopping, rather than going on with a broken invariant: ${what}`, {
          error: messageOf(cause),
          stack: stackOf(cause),
        });
        process.exit(1);
      },
    },
  });
  process.on('uncaughtException', (error) => {
    world.faults.fault('an uncaught error', error);
  });
  process.on('unhandledRejection', (error) => {
    world.faults.fault('an unhandled rejection', error);
  });
  const stopping = new AbortController();
  const stopped = new Promise<void>((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        stopping.abort();
        stop();
      });
  });
  // Whatever fails from here on, the node is closed cleanly before the process ends.
  await using node = await startNode({ configuration, world, signal: stopping.signal });
  await using health = await openHealth({
    host: configuration.metricsHost,
    port: configuration.metricsPort,
    isDefaultPort: configuration.isDefaultMetricsPort,
    isLive: () => true,
    unreadyReasons: node.unreadyReasons,
    metrics,
    logger,
  }).catch((cause: unknown) => {
    const why = `metrics.port=${String(configuration.metricsPort)}: ${messageOf(cause)}`;
    throw new Failure('CANNOT_LISTEN', why, { cause });
  });
  const watched = [watchEventLoop(metrics), watchProcess(metrics)];
  welcome(node, configuration, health.address, health.port, performance.now() - startedMs, logger);
  await stopped;
  logger.info('shutting down');
  await node.close();
  await health.close();
  for (const one of watched) one[Symbol.dispose]();
  logger.info('bye');
  return 0;
};

const configured = async ({
  propertiesFile,
  overrides,
}: ServerArguments): Promise<BrokerConfiguration | undefined> => {
  let file: string | undefined;
  try {
    file = propertiesFile === undefined ? undefined : await readFile(resolve(propertiesFile), 'utf8');
  } catch (error) {
    const why = hasCode(error, 'ENOENT') ? 'there is no such file' : messageOf(error);
    process.stderr.write(`Cannot read ${propertiesFile ?? ''}: ${why}\n`);
    return undefined;
  }
  const outcome = readConfiguration({
    ...(file === undefined ? {} : { file }),
    overrides,
    environment: process.env,
  });
  for (const warning of outcome.warnings) process.stderr.write(`warning: ${warning}\n`);
  if (outcome.kind === 'valid') return outcome.configuration;
  for (const { message } of outcome.errors) process.stderr.write(`${message}\n`);
  return undefined;
};

/** A line a request is for those who ask for it by name: at the level `debug` of everything it would drown the rest. */
const openServerLoggers = (environment: NodeJS.ProcessEnv): Loggers => {
  const level = levelOf(environment['LOG_LEVEL']);
  const loggers = openLoggers({ level });
  // Named before anybody sets their levels.
  nodeLoggers({ logger: loggers.root, loggers });
  if (level === 'debug') loggers.setLevel(REQUEST_LOGGER, 'info');
  for (const problem of setLevelsFromEnvironment(loggers, environment))
    process.stderr.write(`warning: ${problem}\n`);
  return loggers;
};

const levelOf = (name: string | undefined): 'debug' | 'info' | 'warn' | 'error' =>
  name === 'debug' || name === 'warn' || name === 'error' ? name : 'info';

const stackOf = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'stack' in cause ? cause.stack : undefined;

/** A start that failed for a reason a person can mend is told as a sentence; anything else with its stack. */
const explain = (logger: Logger, error: unknown): void => {
  const sentence = explained(error);
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  else logger.error('the node could not start', { error: messageOf(error), stack: stackOf(error) });
};

const welcome = (
  node: Node,
  configuration: BrokerConfiguration,
  healthAddress: string,
  healthPort: number,
  startMs: number,
  logger: Logger,
): void => {
  logger.info('ready', {
    nodeId: node.nodeId,
    clusterId: node.clusterId,
    listeners: node.listeners,
    logDirs: configuration.logDirs,
    health: `${healthAddress}:${healthPort}`,
    startMs: Math.round(startMs),
  });
  if (!process.stdout.isTTY) return;
  const [first] = node.listeners;
  const bootstrap = `localhost:${first?.port ?? 9092}`;
  process.stdout.write(
    `
  Kafkaesque listens on ${node.listeners.map(({ name, port }) => `${name} ${port}`).join(', ')} (Kafka and gRPC)
  health and metrics on http://${healthAddress}:${healthPort}, data under ${configuration.logDirs.join(', ')}

  Try, in another terminal:
    npx kafkaesque topics --bootstrap-server ${bootstrap} --create --topic my-topic
    npx kafkaesque console-producer --bootstrap-server ${bootstrap} --topic my-topic
    npx kafkaesque console-consumer --bootstrap-server ${bootstrap} --topic my-topic --from-beginning

`,
  );
};
