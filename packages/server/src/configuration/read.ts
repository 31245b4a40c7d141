import type { BrokerConfiguration } from './configuration';

export interface ConfigurationSources {
  /** The text of a `server.properties` file. */
  readonly file?: string;
  /** `--override key=value`, in order; the strongest. */
  readonly overrides?: readonly string[];
  /** `KAFKA_*` and `CLUSTER_ID` are read; stronger than the file. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** One thing that keeps the server from starting, as a sentence naming key, value and what is allowed. */
export interface ConfigurationError {
  readonly key: string;
  readonly message: string;
}

export type ConfigurationOutcome =
  | { readonly kind: 'valid'; readonly configuration: BrokerConfiguration; readonly warnings: readonly string[] }
  | { readonly kind: 'invalid'; readonly errors: readonly ConfigurationError[]; readonly warnings: readonly string[] };

/** Understands all sources together; without any, a one-node cluster. */
export const readConfiguration = (sources: ConfigurationSources): ConfigurationOutcome => {
  throw new Error(`not written yet: ${sources.file ?? ''}`);
};
