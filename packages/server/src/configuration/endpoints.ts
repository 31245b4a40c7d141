import type { Endpoint } from './configuration';
import type { Identity } from './identity';
import type { ProtocolMap } from './listeners';
import { parseListeners, parseProtocolMap } from './listeners';
import type { NodeValues } from './node-values';
import type { ConfigurationError } from './sources';
import { itemsOf, shown } from './value';

/** Where a node listens, what it tells others, and through which listener brokers meet. */
export interface Endpoints {
  readonly listeners: readonly Endpoint[];
  /** Without those of controllers. */
  readonly advertisedListeners: readonly Endpoint[];
  readonly interBrokerListenerName: string;
  readonly errors: readonly ConfigurationError[];
}

const MAP = 'listener.security.protocol.map';
const CLIENT_PORT = 9092;
const CONTROLLER_PORT = 9093;

export const resolveEndpoints = (values: NodeValues, identity: Identity): Endpoints => {
  const nothing = (key: string, message: string): Endpoints => ({
    listeners: [],
    advertisedListeners: [],
    interBrokerListenerName: '',
    errors: [{ key, message }],
  });
  const items = listenerItems(values, identity);
  const protocols = protocolMap(values, identity, items);
  if (typeof protocols === 'string') return nothing(MAP, protocols);
  const listening = parseListeners(items, protocols, { needsOwnPorts: true });
  if (listening.kind === 'wrong') return nothing('listeners', listening.message);
  const listeners = listening.endpoints;
  const isControllers = ({ name }: Endpoint): boolean => identity.controllerListenerNames.includes(name);

  const advertised = values.get('advertised.listeners');
  const advertising =
    advertised === null
      ? listening
      : parseListeners(itemsOf(advertised), protocols, { needsOwnPorts: false });
  if (advertising.kind === 'wrong') return nothing('advertised.listeners', advertising.message);
  const advertisedListeners = advertising.endpoints.filter((endpoint) => !isControllers(endpoint));

  const interBroker = interBrokerListener(values, protocols);
  const errors = [
    ...interBroker.errors,
    ...roleErrors(identity, listeners),
    ...(identity.roles.includes('broker')
      ? advertisedErrors(listeners, advertisedListeners, interBroker.name)
      : []),
    ...earlyErrors(values, identity, listeners),
  ];
  return { listeners, advertisedListeners, interBrokerListenerName: interBroker.name, errors };
};

/** The given listeners, or the default of the roles. A cluster of one node opens its controller to itself alone. */
const listenerItems = (values: NodeValues, identity: Identity): readonly string[] => {
  const [controllerName = 'CONTROLLER'] = identity.controllerListenerNames;
  if (!values.isGiven('listeners')) {
    return [
      ...(identity.roles.includes('broker') ? [`PLAINTEXT://:${CLIENT_PORT}`] : []),
      ...(identity.roles.includes('controller') ? [`${controllerName}://:${CONTROLLER_PORT}`] : []),
    ];
  }
  const items = itemsOf(values.get('listeners'));
  const hasControllers = items.some((item) => identity.controllerListenerNames.includes(nameOf(item)));
  return identity.isAlone && !hasControllers ? [...items, `${controllerName}://127.0.0.1:0`] : items;
};

const nameOf = (item: string): string => item.slice(0, Math.max(0, item.indexOf('://'))).toUpperCase();

/** As Kafka: without a map of its own, controllers speak PLAINTEXT unless a listener is named after SSL or SASL. */
const protocolMap = (
  values: NodeValues,
  identity: Identity,
  items: readonly string[],
): ProtocolMap | string => {
  const map = parseProtocolMap(String(values.get(MAP) ?? ''));
  if (typeof map === 'string') return map;
  const names = identity.controllerListenerNames;
  const isSecured = (name: string): boolean => name === 'SSL' || name.startsWith('SASL_');
  const addsControllers = values.isGiven(MAP)
    ? identity.isAlone
    : identity.isAlone || ![...names, ...items.map(nameOf)].some(isSecured);
  if (!addsControllers) return map;
  const added = names.filter((name) => !map.has(name)).map((name) => [name, 'PLAINTEXT'] as const);
  return new Map([...map, ...added]);
};

const interBrokerListener = (
  values: NodeValues,
  protocols: ProtocolMap,
): { readonly name: string; readonly errors: readonly ConfigurationError[] } => {
  const key = 'inter.broker.listener.name';
  const given = values.get(key);
  if (typeof given !== 'string')
    return { name: String(values.get('security.inter.broker.protocol')), errors: [] };
  const name = given.toUpperCase();
  const errors: ConfigurationError[] = [];
  if (values.isGiven('security.inter.broker.protocol')) {
    errors.push({ key, message: `Only one of ${key} and security.inter.broker.protocol should be set.` });
  }
  if (!protocols.has(name)) {
    errors.push({ key, message: `Listener with name ${shown(name)} defined in ${key} not found in ${MAP}.` });
  }
  return { name, errors };
};

const roleErrors = (identity: Identity, listeners: readonly Endpoint[]): readonly ConfigurationError[] => {
  const key = 'controller.listener.names';
  const isControllers = ({ name }: Endpoint): boolean => identity.controllerListenerNames.includes(name);
  if (!identity.roles.includes('controller')) {
    const message = `${key} must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role`;
    return listeners.some(isControllers) ? [{ key, message }] : [];
  }
  if (!identity.roles.includes('broker') && !listeners.every(isControllers)) {
    const message = `The listeners config must only contain KRaft controller listeners from ${key} when process.roles=controller`;
    return [{ key: 'listeners', message }];
  }
  const message = `${key} must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role`;
  return listeners.some(isControllers) ? [] : [{ key, message }];
};

const advertisedErrors = (
  listeners: readonly Endpoint[],
  advertised: readonly Endpoint[],
  interBrokerName: string,
): readonly ConfigurationError[] => {
  const key = 'advertised.listeners';
  const namesOf = (endpoints: readonly Endpoint[]): string => endpoints.map(({ name }) => name).join(',');
  if (advertised.length === 0) {
    const message =
      'There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?';
    return [{ key, message }];
  }
  const errors: ConfigurationError[] = [];
  if (advertised.some(({ host }) => host === '0.0.0.0')) {
    const message = `${key} cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.`;
    errors.push({ key, message });
  }
  if (!advertised.every(({ name }) => listeners.some((listener) => listener.name === name))) {
    const message = `${key} listener names must be equal to or a subset of the ones defined in listeners. Found ${namesOf(advertised)}. The valid options based on the current configuration are ${namesOf(listeners)}`;
    errors.push({ key, message });
  }
  if (!advertised.some(({ name }) => name === interBrokerName)) {
    const message = `inter.broker.listener.name must be a listener name defined in ${key}. The valid options based on currently configured listeners are ${namesOf(advertised)}`;
    errors.push({ key: 'inter.broker.listener.name', message });
  }
  return errors;
};

const earlyErrors = (
  values: NodeValues,
  identity: Identity,
  listeners: readonly Endpoint[],
): readonly ConfigurationError[] => {
  const key = 'early.start.listeners';
  const names = itemsOf(values.get(key)).map((name) => name.toUpperCase());
  const unknown = names.find(
    (name) =>
      !identity.controllerListenerNames.includes(name) &&
      !listeners.some((listener) => listener.name === name),
  );
  if (unknown === undefined) return [];
  const message = `${key} contains listener ${shown(unknown)}, but this is not contained in listeners or controller.listener.names`;
  return [{ key, message }];
};
