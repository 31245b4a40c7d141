import type { Durability } from './server';

export interface ClusterOptions {
  /** Its data goes here; exists. */
  readonly directory: string;
  readonly durability: Durability;
  /** The file that a node's processor profile goes to when it is stopped, if one is wanted and it runs on V8. */
  readonly profileOf?: ((node: number) => string) | undefined;
}

/** Three combined nodes that answer. Nodes are 1, 2 and 3. */
export interface RunningCluster {
  /** Where each node listens for clients, one that has joined included. */
  readonly ports: ReadonlyMap<number, number>;
  pid(node: number): number;
  /** `kill -9`. */
  kill(node: number): void;
  /** SIGTERM. Resolves when the process is gone. */
  shutDown(node: number): Promise<void>;
  /** SIGSTOP: it stands still, and its sockets stay open. */
  pause(node: number): void;
  /** SIGCONT. */
  resume(node: number): void;
  restart(node: number): Promise<void>;
  /** Formats and starts one more node that is a broker only, and gives its number; undefined where that cannot be done. */
  readonly join: (() => Promise<number>) | undefined;
  /** What a topic is created with, so that its acknowledgements promise what the cluster was started for. */
  readonly topicConfigs: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** A kind of cluster that can be measured. */
export interface ClusterKind {
  readonly name: 'kafkaesque' | 'kafka';
  start(options: ClusterOptions): Promise<RunningCluster>;
}

export const NODES = [1, 2, 3] as const;
