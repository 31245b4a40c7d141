// A node as a process of its own, to be killed. `node broker-process.mjs PROPERTIES`, with an IPC channel to its parent:
// it tells `starting` before it touches the disk, `ready` with its port and what recovery found, `stopped` after a clean
// stop, and `failed` before it ends because it must not go on. It is told `stop`. FAULT_FS and FAULT_SEED choose the disk.
import process from 'node:process';
import { readConfiguration, openWorld, startNode } from '@kafkaesque/server';
import { MetricsRegistry, openLogger } from '@kafkaesque/telemetry';

/** Resolves once the parent has the message, or is not there any more. */
const tell = (message) => new Promise((resolve) => process.send(message, () => resolve()));
const fail = async (what, cause) => {
  await tell({ kind: 'failed', what, cause: cause?.stack ?? String(cause) });
  process.exit(1);
};
process.on('uncaughtException', (error) => void fail('an uncaught error', error));
process.on('unhandledRejection', (error) => void fail('an unhandled rejection', error));
// Nobody is left to kill this process if its parent dies.
process.on('disconnect', () => process.exit(2));

const outcome = readConfiguration({ file: process.argv[2] ?? '', environment: {} });
if (outcome.kind === 'invalid') {
  await fail('the configuration', outcome.errors.map(({ message }) => message).join('\n'));
}
const { configuration } = outcome;
const logger = openLogger({
  level: process.env.LOG_LEVEL ?? 'warn',
  pretty: false,
  destination: { write: (line) => process.stderr.write(line) },
});
await tell({ kind: 'starting' });
const world = await openWorld({
  logger,
  metrics: new MetricsRegistry(),
  environment: process.env,
  directories: [...configuration.logDirs, configuration.metadataLogDir],
  faults: { fault: (what, cause) => void fail(what, cause) },
});
const node = await startNode({ configuration, world }).catch((error) => fail('the start', error));
process.on('message', (message) => {
  if (message !== 'stop') return;
  node.close().then(
    async () => {
      await tell({ kind: 'stopped' });
      process.exit(0);
    },
    (error) => fail('the stop', error),
  );
});
await tell({ kind: 'ready', port: node.listeners[0].port, recoveries: node.recoveries });
