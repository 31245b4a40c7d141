import { shown } from './value';

/** Kafka's `Utils.validHostPattern`. */
const HOST = /^[0-9a-zA-Z\-%._:]+$/;
const COUNT = /^\+?\d{1,9}$/;

/** Reads `max.connections.per.ip.overrides`, `host:count,host:count`; what is wrong with it as a sentence. */
export const parseConnectionOverrides = (text: string): ReadonlyMap<string, number> | string => {
  const overrides = new Map<string, number>();
  const invalid: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const at = entry.lastIndexOf(':');
    const host = entry.slice(0, Math.max(at, 0)).trim();
    const count = entry.slice(at + 1).trim();
    if (at < 0 || !COUNT.test(count)) {
      return `Error parsing configuration property 'max.connections.per.ip.overrides': ${shown(entry)} must have the form host:count`;
    }
    if (!HOST.test(host)) invalid.push(host);
    overrides.set(host, Number(count));
  }
  return invalid.length === 0
    ? overrides
    : `max.connections.per.ip.overrides contains invalid addresses : ${shown(invalid.join(','))}`;
};
