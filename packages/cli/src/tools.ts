import type { Terminal } from './command-line/terminal';

/** A tool's entry: resolves with the exit code. `calledAs` is how the user named it, for help and errors. */
export type Tool = (argv: readonly string[], terminal: Terminal, calledAs: string) => Promise<number>;

export interface ToolEntry {
  readonly summary: string;
  /** Loads the tool's module: start-up pays only for what is used. */
  readonly load: () => Tool;
}

/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports -- a relative `import()` needs a file extension that only the built file has */
/** Every subcommand; each is also reachable as `kafka-<name>` and `kafka-<name>.sh`. */
export const tools: Readonly<Record<string, ToolEntry>> = {
  server: {
    summary: 'run a broker and controller: server [server.properties] [--override key=value]…',
    load: () => (require('./server/server-tool') as typeof import('./server/server-tool')).serverTool,
  },
  storage: {
    summary: 'format log directories, show what they hold, make a random id',
    load: () => (require('./storage/storage-tool') as typeof import('./storage/storage-tool')).storageTool,
  },
  topics: {
    summary: 'create, list, describe, extend and delete topics',
    load: () => (require('./topics/topics-tool') as typeof import('./topics/topics-tool')).topicsTool,
  },
  'console-producer': {
    summary: 'send lines from standard input',
    load: () =>
      (
        require('./console-producer/console-producer-tool') as typeof import('./console-producer/console-producer-tool')
      ).consoleProducerTool,
  },
  'console-consumer': {
    summary: 'print records to standard output',
    load: () =>
      (
        require('./console-consumer/console-consumer-tool') as typeof import('./console-consumer/console-consumer-tool')
      ).consoleConsumerTool,
  },
  'get-offsets': {
    summary: 'show the first, last or any offset of partitions',
    load: () =>
      (require('./get-offsets/get-offsets-tool') as typeof import('./get-offsets/get-offsets-tool'))
        .getOffsetsTool,
  },
  'dump-log': {
    summary: "print segment and index files, ours and Kafka's",
    load: () =>
      (require('./dump-log/dump-log-tool') as typeof import('./dump-log/dump-log-tool')).dumpLogTool,
  },
  configs: {
    summary: 'show and change the configuration of topics and brokers',
    load: () => (require('./configs/configs-tool') as typeof import('./configs/configs-tool')).configsTool,
  },
  'delete-records': {
    summary: 'delete the first records of partitions',
    load: () =>
      (
        require('./delete-records/delete-records-tool') as typeof import('./delete-records/delete-records-tool')
      ).deleteRecordsTool,
  },
  'log-dirs': {
    summary: 'show how much room each replica takes',
    load: () =>
      (require('./log-dirs/log-dirs-tool') as typeof import('./log-dirs/log-dirs-tool')).logDirsTool,
  },
  cluster: {
    summary: "show a cluster's id and endpoints, forget a broker",
    load: () => (require('./cluster/cluster-tool') as typeof import('./cluster/cluster-tool')).clusterTool,
  },
  'broker-api-versions': {
    summary: 'show which APIs each broker offers',
    load: () =>
      (
        require('./broker-api-versions/broker-api-versions-tool') as typeof import('./broker-api-versions/broker-api-versions-tool')
      ).brokerApiVersionsTool,
  },
  'producer-perf-test': {
    summary: 'measure how fast a topic takes records',
    load: () =>
      (
        require('./producer-perf-test/producer-perf-test-tool') as typeof import('./producer-perf-test/producer-perf-test-tool')
      ).producerPerfTestTool,
  },
  'consumer-perf-test': {
    summary: 'measure how fast topics can be read',
    load: () =>
      (
        require('./consumer-perf-test/consumer-perf-test-tool') as typeof import('./consumer-perf-test/consumer-perf-test-tool')
      ).consumerPerfTestTool,
  },
  'e2e-latency': {
    summary: 'measure how long a record takes from end to end',
    load: () =>
      (require('./e2e-latency/e2e-latency-tool') as typeof import('./e2e-latency/e2e-latency-tool'))
        .e2eLatencyTool,
  },
  'verifiable-producer': {
    summary: 'send numbers and tell as JSON what became of each',
    load: () =>
      (
        require('./verifiable-producer/verifiable-producer-tool') as typeof import('./verifiable-producer/verifiable-producer-tool')
      ).verifiableProducerTool,
  },
};
/* eslint-enable @typescript-eslint/no-require-imports, @typescript-eslint/consistent-type-imports */

/** Names under which Kafka installs what we call otherwise. */
const ALIASES: Readonly<Record<string, string>> = { 'server-start': 'server' };

/** `kafka-topics.sh` → `topics`; undefined for a program that is not one of Kafka's tools. */
export const toolOfProgram = (program: string): string | undefined => {
  const name = /^kafka-(.+?)(?:\.sh|\.js)?$/.exec(program)?.[1];
  if (name === undefined) return undefined;
  return ALIASES[name] ?? name;
};
