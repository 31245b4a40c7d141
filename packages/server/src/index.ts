export { configurationReference, readConfiguration } from './configuration';
export type {
  BrokerConfiguration,
  ConfigurationError,
  ConfigurationOutcome,
  ConfigurationSources,
} from './configuration';
export { startNode } from './node/node';
export type { Node, NodeOptions, OpenListener } from './node/node';
export type { World } from './node/world';
export { runServer } from './run-server';
export type { ServerArguments } from './run-server';
export { openWorld } from './world/open-world';
export type { OpenWorldOptions } from './world/open-world';
