import { readFile } from 'node:fs/promises';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Terminal } from '../command-line/terminal';
import { UsageError } from '../command-line/usage-error';

/** What the storage tool needs of a node's properties. */
export interface NodeStorage {
  readonly nodeId: number;
  readonly isController: boolean;
  /** Nobody named roles: a cluster of one node. */
  readonly isAlone: boolean;
  /** `controller.quorum.voters` says who votes, rather than the metadata itself. */
  readonly hasStaticVoters: boolean;
  /** Where controllers reach this one; only its name is known where it is none. */
  readonly controllerEndpoint: { readonly name: string; readonly host: string; readonly port: number };
  readonly metadataDirectory: string;
  /** All of them, each once, in order of name. */
  readonly directories: readonly string[];
}

/** Reads a node's properties as the node itself would. Fails with UsageError. */
export const nodeStorage = async (path: string, terminal: Terminal): Promise<NodeStorage> => {
  const { readConfiguration } = await import('@kafkaesque/server');
  let file: string;
  try {
    file = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `Cannot read ${path}: ${hasCode(error, 'ENOENT') ? 'there is no such file' : messageOf(error)}`,
    );
  }
  const outcome = readConfiguration({ file, overrides: [], environment: process.env });
  for (const warning of outcome.warnings) terminal.err(`warning: ${warning}\n`);
  if (outcome.kind === 'invalid')
    throw new UsageError(outcome.errors.map(({ message }) => message).join('\n'));
  const { nodeId, roles, quorum, listeners, controllerListenerNames, logDirs, metadataLogDir, given } =
    outcome.configuration;
  const [name = 'CONTROLLER'] = controllerListenerNames;
  const listener = listeners.find((one) => one.name === name) ?? { host: '', port: 0 };
  const { host, port } = endpointNamed(name, given.get('advertised.listeners') ?? '') ?? listener;
  return {
    nodeId,
    isController: roles.includes('controller'),
    isAlone: !given.has('process.roles'),
    hasStaticVoters: quorum.some((member) => member.nodeId !== undefined),
    // Kafka's word for "every address": only nodes on this host will find it.
    controllerEndpoint: { name, host: host === '' ? 'localhost' : host, port },
    metadataDirectory: metadataLogDir,
    directories: [...new Set([...logDirs, metadataLogDir])].sort(),
  };
};

/** One of several `NAME://host:port`; undefined when it is not among them. */
export const endpointNamed = (
  name: string,
  listeners: string,
): { readonly host: string; readonly port: number } | undefined => {
  for (const item of listeners.split(',')) {
    const [, found, host, port] = /^\s*(.*):\/\/\[?([^\]]*)\]?:(\d+)\s*$/.exec(item) ?? [];
    if (found?.toUpperCase() === name && host !== undefined) return { host, port: Number(port) };
  }
  return undefined;
};
