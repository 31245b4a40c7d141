import { protocol } from '../command-line/loaded-on-demand';
import type { Api } from '@kafkaesque/protocol';
import type { Capabilities, NodeAddress } from '@kafkaesque/client';

/** One API as a broker offers it and as this client could use it. */
export interface OfferedApi {
  readonly key: number;
  /** Undefined for one that is not in Kafka 4.3. */
  readonly name: string | undefined;
  /** Undefined when the broker does not offer it. */
  readonly offered: { readonly min: number; readonly max: number } | undefined;
  /** The highest version that both know. */
  readonly usable: number | undefined;
  readonly node: 'too new' | 'too old' | undefined;
}

/** What the broker offers and what it does not, by key. */
export const offeredApis = ({ apis: offered }: Capabilities): readonly OfferedApi[] => {
  const { apiByKey, apis } = protocol();
  const missing = Object.values<Api>(apis)
    .filter(({ key, listeners }) => listeners.includes('broker') && !offered.has(key))
    .map(({ key, name }) => ({ key, name, offered: undefined, usable: undefined, node: undefined }));
  const there = [...offered].map(([key, range]): OfferedApi => {
    const api: Api | undefined = apiByKey(key);
    const unknown = { key, name: api?.name, offered: range, usable: undefined, node: undefined };
    if (api === undefined) return unknown;
    const { min, max } = api.request.versions;
    if (max < range.min) return { ...unknown, node: 'too new' };
    if (range.max < min) return { ...unknown, node: 'too old' };
    return { ...unknown, usable: Math.min(max, range.max) };
  });
  return [...there, ...missing].sort((a, b) => a.key - b.key);
};

const apiText = ({ key, name, offered, usable, node }: OfferedApi): string => {
  const title = `${name ?? 'UNKNOWN'}(${key}): `;
  if (offered === undefined) return `${title}UNSUPPORTED`;
  const { min, max } = offered;
  const range = min === max ? String(min) : `${min} to ${max}`;
  if (node !== undefined) return `${title}${range} [unusable: node ${node}]`;
  return usable === undefined ? `${title}${range}` : `${title}${range} [usable: ${usable}]`;
};

/** A broker as Kafka's tools name it. */
export const nodeText = ({ host, port, id, rack }: NodeAddress, isFenced = false): string =>
  `${host}:${port} (id: ${id} rack: ${rack} isFenced: ${isFenced})`;

/** The lines of `kafka-broker-api-versions` for one broker. */
export const apiVersionLines = (node: NodeAddress, capabilities: Capabilities): string =>
  `${nodeText(node)} -> (\n\t${offeredApis(capabilities).map(apiText).join(',\n\t')}\n)\n`;
