/** Kafka's ConfigDef types, by their names in `DescribeConfigs` answers. */
export type KeyType =
  'boolean' | 'int' | 'long' | 'short' | 'double' | 'string' | 'list' | 'password' | 'class';

/** Where a value may change without a restart (Kafka's update modes); cluster-wide ones also per broker. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

/** What a value must satisfy beyond its type. */
export type Check =
  | { readonly kind: 'at-least'; readonly min: number }
  | { readonly kind: 'between'; readonly min: number; readonly max: number }
  | { readonly kind: 'one-of'; readonly values: readonly string[]; readonly ignoresCase: boolean }
  /** Of a list: which items it may hold (none named: any), and whether it may be empty. */
  | { readonly kind: 'items'; readonly values: readonly string[]; readonly canBeEmpty: boolean }
  | { readonly kind: 'not-empty' }
  | { readonly kind: 'gzip-level' }
  | { readonly kind: 'share-offset-reset' }
  | { readonly kind: 'throttled-replicas' };

/** One key of the configuration. */
export interface ConfigurationKey {
  readonly type: KeyType;
  /** As written in a file; null: none. */
  readonly default: string | null;
  readonly check: Check | undefined;
  readonly importance: 'high' | 'medium' | 'low';
  /** One sentence in our own words. */
  readonly sentence: string;
  readonly update: UpdateMode;
  /** `none`: accepted because Kafka knows it, changes nothing here. */
  readonly effect: 'full' | 'none';
  readonly origin: 'kafka' | 'kafkaesque';
  /** Kafka hides it from listings, unless it is set. */
  readonly isInternal: boolean;
  /** A count of replicas: its default is no more than the cluster has brokers. */
  readonly isBoundedByBrokers: boolean;
}

/** A value as it was understood. Longs beyond 2⁵³ − 1 are that: as good as no limit. */
export type ConfigurationValue = boolean | number | string | readonly string[] | null;
