import type { ConfigurationValue } from './key';

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
export type ProcessRole = 'broker' | 'controller';

export interface Endpoint {
  /** Upper case, `PLAINTEXT` and the like. */
  readonly name: string;
  /** Empty: every address of the host; when advertised, the address that others reach the host at. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly protocol: SecurityProtocol;
}

/** A controller from `controller.quorum.voters` or `controller.quorum.bootstrap.servers` (then without an id). */
export interface QuorumAddress {
  readonly nodeId: number | undefined;
  readonly host: string;
  readonly port: number;
}

/** What the server needs at start, checked; everything else through `get`. */
export interface BrokerConfiguration {
  readonly nodeId: number;
  readonly roles: readonly ProcessRole[];
  /** From `CLUSTER_ID` in the environment or `cluster.id`; undefined: the one in meta.properties, or a new one. */
  readonly clusterId: string | undefined;
  readonly rack: string | undefined;
  readonly listeners: readonly Endpoint[];
  readonly advertisedListeners: readonly Endpoint[];
  readonly interBrokerListenerName: string;
  readonly controllerListenerNames: readonly string[];
  /** Empty: this node alone. */
  readonly quorum: readonly QuorumAddress[];
  readonly logDirs: readonly string[];
  readonly metadataLogDir: string;
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Nobody wrote `metrics.port`, so another may be used when it is taken. */
  readonly isDefaultMetricsPort: boolean;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly autoCreateTopicsEnable: boolean;
  readonly deleteTopicEnable: boolean;
  readonly socketRequestMaxBytes: number;
  readonly messageMaxBytes: number;
  readonly fetchMaxBytes: number;
  readonly requestTimeoutMs: number;
  readonly brokerHeartbeatIntervalMs: number;
  readonly brokerSessionTimeoutMs: number;
  readonly replicaLagTimeMaxMs: number;
  readonly storageRequirePersistent: boolean;
  /** The effective value of any key of the table: what was given, or the default. Throws for an unknown name. */
  get(name: string): ConfigurationValue;
  /** What was written in files, variables and overrides, under canonical names, unknown keys included. */
  readonly given: ReadonlyMap<string, string>;
}
