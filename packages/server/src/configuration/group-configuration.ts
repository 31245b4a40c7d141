import type { BrokerLayers, DynamicConfiguration } from './layers';
import { canonicalText, nodeValue } from './layers';
import { GROUP_KEYS, NODE_KEYS } from './table';
import { parseValue, shown } from './value';

/** The text of a group key's effective value: what is set for the group, else the broker's key, else the default. */
export const groupText = (
  name: string,
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): string | null => {
  const override = overrides.get(name);
  if (override !== undefined) return canonicalText(name, override, GROUP_KEYS);
  const broker = `group.${name}`;
  return NODE_KEYS.has(broker) ? String(nodeValue(broker, layers)) : (GROUP_KEYS.get(name)?.default ?? null);
};

/** In Kafka's order, which decides what is complained of first. */
const BOUNDED = {
  consumer: ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'],
  share: [
    'heartbeat.interval.ms',
    'session.timeout.ms',
    'record.lock.duration.ms',
    'delivery.count.limit',
    'partition.max.record.locks',
    'assignment.interval.ms',
  ],
  streams: ['heartbeat.interval.ms', 'session.timeout.ms', 'num.standby.replicas', 'assignment.interval.ms'],
} as const;

/** Kafka's message when a group may not have these overrides together; undefined when it may. */
export const validateGroupConfigs = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): string | undefined => {
  for (const name of overrides.keys())
    if (!GROUP_KEYS.has(name)) return `Unknown group config name: ${shown(name)}`;
  for (const [name, value] of overrides) {
    const key = GROUP_KEYS.get(name);
    const parsed = key === undefined ? undefined : parseValue(name, key, value);
    if (parsed?.kind === 'wrong') return parsed.message;
  }
  const number = (name: string): number => Number(groupText(name, overrides, layers));
  for (const [kind, keys] of Object.entries(BOUNDED)) {
    for (const key of keys) {
      const name = `${kind}.${key}`;
      const [min, max] = [`group.${kind}.min.${key}`, `group.${kind}.max.${boundOf(key)}`];
      if (NODE_KEYS.has(min) && number(name) < Number(nodeValue(min, layers)))
        return `${name} must be greater than or equal to ${min}`;
      if (number(name) > Number(nodeValue(max, layers)))
        return `${name} must be less than or equal to ${max}`;
    }
  }
  for (const kind of Object.keys(BOUNDED)) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`];
    if (number(session) <= number(heartbeat)) return `${session} must be greater than ${heartbeat}`;
  }
  return undefined;
};

/** `group.streams.max.standby.replicas` bounds `streams.num.standby.replicas`. */
const boundOf = (key: string): string => key.replace(/^num\./, '');
