import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dot-properties';
import { hasCode } from '@kafkaesque/kernel';
import type { ControllerEndpoint } from '@kafkaesque/client';
import { textsOf } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { parseUuid } from '../command-line/java-uuid';
import { UsageError } from '../command-line/usage-error';
import { META_PROPERTIES } from '../storage/meta-properties';
import { endpointNamed } from '../storage/node-configuration';

/** A controller that is to get a vote, as its own files describe it. */
export interface NewController {
  readonly nodeId: number;
  readonly directoryId: string;
  readonly endpoints: readonly ControllerEndpoint[];
}

const IS_IT = 'Is this a valid controller configuration file?';

/** Reads the properties of the new controller, and the `meta.properties` of its metadata directory. Fails with UsageError. */
export const newController = (properties: Properties): NewController => {
  if (!listed(properties['process.roles']).includes('controller'))
    throw new UsageError(`process.roles did not contain 'controller' in configuration file. ${IS_IT}`);
  return {
    nodeId: nodeIdOf(properties),
    directoryId: directoryIdOf(metadataDirectoryOf(properties)),
    endpoints: endpointsOf(properties),
  };
};

const listed = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const nodeIdOf = (properties: Properties): number => {
  const text = properties['node.id'];
  if (text === undefined) throw new UsageError(`node.id not found in configuration file. ${IS_IT}`);
  if (!/^[-+]?\d+$/.test(text)) throw new UsageError(`For input string: "${text}"`);
  if (Number(text) < 0) throw new UsageError(`node.id was negative in configuration file. ${IS_IT}`);
  return Number(text);
};

const metadataDirectoryOf = (properties: Properties): string => {
  const [directory] = listed(
    properties['metadata.log.dir'] ?? properties['log.dirs'] ?? properties['log.dir'],
  );
  if (directory === undefined)
    throw new UsageError(`Neither metadata.log.dir nor log.dirs were found. ${IS_IT}`);
  return directory;
};

const directoryIdOf = (directory: string): string => {
  const unreadable = new UsageError(`Unable to read ${META_PROPERTIES} from ${directory}`);
  let meta: Properties;
  try {
    meta = textsOf(parse(readFileSync(join(directory, META_PROPERTIES), 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') || hasCode(error, 'EACCES')) throw unreadable;
    throw error;
  }
  const id = parseUuid(meta['directory.id'] ?? '');
  if (id.kind === 'wrong') throw unreadable;
  return id.text;
};

const endpointsOf = (properties: Properties): readonly ControllerEndpoint[] => {
  const names = listed(properties['controller.listener.names']);
  if (names.length === 0) throw new UsageError(`controller.listener.names was not found. ${IS_IT}`);
  return names.map((given) => {
    const name = given.toUpperCase();
    const endpoint =
      endpointNamed(name, properties['advertised.listeners'] ?? '') ??
      endpointNamed(name, properties['listeners'] ?? '');
    if (endpoint === undefined)
      throw new UsageError(`Cannot find information about controller listener name: ${name}`);
    const { host, port } = endpoint;
    return { name, host: host === '' ? 'localhost' : host, port };
  });
};
