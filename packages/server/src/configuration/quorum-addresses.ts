import type { QuorumAddress } from './configuration';
import { shown } from './value';

const LARGEST_PORT = 65_535;
const VOTERS = 'controller.quorum.voters';
const SERVERS = 'controller.quorum.bootstrap.servers';
const VOTER_FORM = 'Each entry should be in the form `{id}@{host}:{port}`.';

/** Reads `controller.quorum.voters`. A string is the complaint. */
export const parseVoters = (items: readonly string[]): readonly QuorumAddress[] | string => {
  const addresses: QuorumAddress[] = [];
  for (const item of items) {
    const [, id, place] = /^([^@]*)@(.*)$/.exec(item) ?? [];
    if (id === undefined || place === undefined) {
      return `Invalid configuration value ${shown(item)} for ${VOTERS}. ${VOTER_FORM}`;
    }
    if (!/^[0-9]{1,10}$/.test(id) || Number(id) > 0x7fffffff) {
      return `Failed to parse voter ID as an integer from ${shown(item)} for the configuration ${VOTERS}. ${VOTER_FORM}`;
    }
    const address = parseAddress(place);
    if (address === undefined) {
      return `Failed to parse host name from entry ${shown(item)} for the configuration ${VOTERS}. ${VOTER_FORM}`;
    }
    addresses.push({ nodeId: Number(id), ...address });
  }
  return addresses;
};

/** Reads `controller.quorum.bootstrap.servers`. A string is the complaint. */
export const parseBootstrapServers = (items: readonly string[]): readonly QuorumAddress[] | string => {
  const addresses: QuorumAddress[] = [];
  for (const item of items) {
    const address = parseAddress(item);
    if (address === undefined) {
      return `Invalid value ${shown(item)} for configuration ${SERVERS}: Each entry should be in the form \`{host}:{port}\`.`;
    }
    addresses.push({ nodeId: undefined, ...address });
  }
  return addresses;
};

const parseAddress = (text: string): { readonly host: string; readonly port: number } | undefined => {
  const [, host, portText] = /^\[?([0-9a-zA-Z\-%._:]+)\]?:([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  return host === undefined || !(port <= LARGEST_PORT) ? undefined : { host, port };
};
