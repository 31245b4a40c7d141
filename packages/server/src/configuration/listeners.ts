import type { Endpoint, SecurityProtocol } from './configuration';
import { shown } from './value';

/** What a listener setting says, or why it says nothing. */
export type ListenerOutcome =
  | { readonly kind: 'listeners'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'wrong'; readonly message: string };

export type ProtocolMap = ReadonlyMap<string, SecurityProtocol>;

const PROTOCOLS: readonly SecurityProtocol[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];
const protocolNamed = (name: string): SecurityProtocol | undefined =>
  PROTOCOLS.find((protocol) => protocol === name);

/** Kafka's form: `NAME://host:port`, an IPv6 host in brackets, the host may be missing. */
const LISTENER = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:([0-9]{1,5})$/;
const LARGEST_PORT = 65_535;

/** Reads `listener.security.protocol.map`: `NAME:PROTOCOL,…`. */
export const parseProtocolMap = (text: string): ProtocolMap | string => {
  const map = new Map<string, SecurityProtocol>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const at = entry.lastIndexOf(':');
    if (at < 0) {
      return `Error parsing configuration property 'listener.security.protocol.map': ${shown(entry)} must have the form NAME:PROTOCOL`;
    }
    const protocol = protocolNamed(
      entry
        .slice(at + 1)
        .trim()
        .toUpperCase(),
    );
    if (protocol === undefined) {
      const given = shown(entry.slice(at + 1).trim());
      return `Invalid security protocol \`${given}\` defined in listener.security.protocol.map, must be one of ${PROTOCOLS.join(', ')}`;
    }
    map.set(entry.slice(0, at).trim().toUpperCase(), protocol);
  }
  return map;
};

/** Reads `listeners` or `advertised.listeners`. Listeners that are listened on need ports of their own. */
export const parseListeners = (
  items: readonly string[],
  protocols: ProtocolMap,
  options: { readonly needsOwnPorts: boolean },
): ListenerOutcome => {
  const whole = items.map(shown).join(', ');
  const wrong = (why: string): ListenerOutcome => ({
    kind: 'wrong',
    message: `Error creating broker listeners from '[${whole}]': ${why}`,
  });
  const endpoints: Endpoint[] = [];
  for (const item of items) {
    const [, name, host, portText] = LISTENER.exec(item) ?? [];
    if (name === undefined || host === undefined || portText === undefined) {
      return wrong(`Unable to parse ${shown(item)} to a broker endpoint`);
    }
    const port = Number(portText);
    if (port > LARGEST_PORT) return wrong(`The port of ${shown(item)} must be at most ${LARGEST_PORT}`);
    const upperName = name.toUpperCase();
    const protocol = protocols.get(upperName);
    if (protocol === undefined) return wrong(`No security protocol defined for listener ${shown(upperName)}`);
    endpoints.push({ name: upperName, host, port, protocol });
  }
  if (new Set(endpoints.map(({ name }) => name)).size < endpoints.length) {
    return wrong(`Each listener must have a different name, listeners: [${whole}]`);
  }
  if (options.needsOwnPorts && hasSharedPort(endpoints)) {
    return wrong(`Each listener must have a different port, listeners: [${whole}]`);
  }
  return { kind: 'listeners', endpoints };
};

/** One IPv4 and one IPv6 address may share a port; port 0 is a free one each. */
const hasSharedPort = (endpoints: readonly Endpoint[]): boolean =>
  endpoints.some(({ port }) => {
    const sharing = endpoints.filter((other) => other.port === port && port !== 0);
    if (sharing.length < 2) return false;
    const families = sharing.map(({ host }) => (host.includes(':') ? 6 : /^[0-9.]+$/.test(host) ? 4 : 0));
    return !(sharing.length === 2 && families.includes(4) && families.includes(6));
  });
