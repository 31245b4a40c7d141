import type { Asker } from '@kafkaesque/coordinator';
import type { Broker } from '../broker/broker';
import type { RequestContext } from './handler';

/**
 * Who asks, as members of groups are shown. A group remembers it for long, so nothing of it may keep the bytes that the
 * request came in: of the context, an authorizer is given what it may ask about later.
 */
export const askerOf = (context: RequestContext): Asker => {
  const { connectionId, listenerName, remoteAddress, principal, clientId, clientSoftware } = context;
  const { apiKey, apiVersion, correlationId, arrivedAtMs } = context;
  const remembered: RequestContext = {
    connectionId,
    listenerName,
    remoteAddress,
    principal,
    clientId,
    clientSoftware,
    apiKey,
    apiVersion,
    correlationId,
    arrivedAtMs,
    isUnknownVersion: false,
    patienceMs: 0,
    temporaryBytes: 0,
    traceparents: undefined,
    lease: undefined,
    isClosed: () => false,
    letGo: () => undefined,
  };
  return { clientId: clientId ?? '', clientHost: hostOf(remoteAddress), principal: remembered };
};

/** `/127.0.0.1` of `127.0.0.1:51234`, as Kafka shows it. */
const hostOf = (address: string): string => {
  const host = address.slice(0, address.lastIndexOf(':'));
  return `/${host.startsWith('[') ? host.slice(1, -1) : host}`;
};

/** Bytes that outlive their frame. */
export const kept = (bytes: Buffer): Buffer => Buffer.from(bytes);

/** Each once, in the order in which they were named first: a small request could name one very often. */
export const once = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** Whether groups of KIP-848 are served here. */
export const servesConsumerGroups = (broker: Broker): boolean => {
  const protocols = broker.configuration.get('group.coordinator.rebalance.protocols');
  return Array.isArray(protocols) && protocols.includes('consumer');
};

/** Frames up to this size are let go while their request waits; larger ones stay within the memory of requests. */
const MODEST_BYTES = 16 * 1024;

/** A request that may wait as long as a rebalance, with everything of it copied: others must not lack its memory. */
export const letGoWhileItWaits = (context: RequestContext, copiedBytes: number): void => {
  if (copiedBytes <= MODEST_BYTES) context.letGo();
};
