import { Failure } from '@kafkaesque/kernel';
import type { ConfigurationValue } from './key';
import { NODE_KEYS } from './table';
import { defaultValue, parseValue, shown } from './value';
import type { ConfigurationError } from './sources';

/** Settings under a prefix: of one listener, or passed on to a class of the user's own. */
const PASSED_ON =
  /^(listener\.name\.[^.]+\.|rsm\.config\.|rlmm\.config\.|config\.providers\.|metrics\.|ssl\.|sasl\.)/;

/** Settings of the time when ZooKeeper kept a cluster's metadata. */
const ZOOKEEPER = new Set([
  'broker.id.generation.enable',
  'control.plane.listener.name',
  'reserved.broker.max.id',
  'zookeeper.metadata.migration.enable',
]);
const isZooKeeper = (name: string): boolean => name.startsWith('zookeeper.') || ZOOKEEPER.has(name);

/** Understood values of the node's keys. */
export interface NodeValues {
  /** The given value, or the default. Throws for a name that is not in the table. */
  get(name: string): ConfigurationValue;
  isGiven(name: string): boolean;
  readonly given: ReadonlyMap<string, string>;
  readonly errors: readonly ConfigurationError[];
  readonly warnings: readonly string[];
}

/** Understands every value by itself. */
export const understand = (values: ReadonlyMap<string, string>): NodeValues => {
  const understood = new Map<string, ConfigurationValue>();
  const given = new Map<string, string>();
  const errors: ConfigurationError[] = [];
  const zooKeeper: string[] = [];
  const unknown: string[] = [];
  for (const [name, text] of values) {
    const key = NODE_KEYS.get(name);
    if (key === undefined) {
      if (isZooKeeper(name)) zooKeeper.push(name);
      else {
        given.set(name, text);
        if (!PASSED_ON.test(name)) unknown.push(name);
      }
      continue;
    }
    const parsed = parseValue(name, key, text);
    if (parsed.kind === 'wrong') errors.push({ key: name, message: parsed.message });
    else {
      understood.set(name, parsed.value);
      given.set(name, parsed.text);
    }
  }
  return {
    get: (name) => {
      const value = understood.get(name);
      if (value !== undefined) return value;
      const key = NODE_KEYS.get(name);
      if (key === undefined) throw new Failure('UNKNOWN_CONFIGURATION_KEY', `there is no key ${shown(name)}`);
      return defaultValue(name, key);
    },
    isGiven: (name) => understood.has(name),
    given,
    errors,
    warnings: warningsOf(zooKeeper, unknown),
  };
};

const warningsOf = (zooKeeper: readonly string[], unknown: readonly string[]): readonly string[] => {
  const namesOf = (names: readonly string[]): string => [...names].sort().map(shown).join(', ');
  const warnings: string[] = [];
  if (zooKeeper.length > 0) {
    warnings.push(`There is no ZooKeeper any more: these settings are ignored: ${namesOf(zooKeeper)}`);
  }
  if (unknown.length > 0) {
    warnings.push(`These settings are not known and have no effect: ${namesOf(unknown)}`);
  }
  return warnings;
};
