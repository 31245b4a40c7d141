import type { ProcessRole, QuorumAddress } from './configuration';
import type { NodeValues } from './node-values';
import { parseBootstrapServers, parseVoters } from './quorum-addresses';
import type { ConfigurationError } from './sources';
import { itemsOf } from './value';

/** Who a node is, and where its quorum stands. */
export interface Identity {
  readonly nodeId: number;
  readonly roles: readonly ProcessRole[];
  /** Nobody named roles: a cluster of one node, which needs no quorum addresses. */
  readonly isAlone: boolean;
  /** In upper case; the first is the one that brokers dial. */
  readonly controllerListenerNames: readonly string[];
  readonly quorum: readonly QuorumAddress[];
  /** What was given; `broker.id` and `node.id` each also as the other. */
  readonly given: ReadonlyMap<string, string>;
  readonly errors: readonly ConfigurationError[];
}

const VOTERS = 'controller.quorum.voters';
const SERVERS = 'controller.quorum.bootstrap.servers';

export const resolveIdentity = (values: NodeValues): Identity => {
  const errors: ConfigurationError[] = [];
  const isAlone = !values.isGiven('process.roles');
  const roles = itemsOf(values.get('process.roles')).filter(
    (role) => role === 'broker' || role === 'controller',
  );
  if (new Set(roles).size < roles.length) {
    errors.push({
      key: 'process.roles',
      message: `Duplicate role names found in process.roles: ${roles.join(',')}`,
    });
  }
  const given = new Map(values.given);
  const nodeId = resolveNodeId(values, given, errors);
  const quorum = resolveQuorum(values, { nodeId, roles, isAlone }, errors);
  return {
    nodeId,
    roles: [...new Set(roles)],
    isAlone,
    controllerListenerNames: itemsOf(values.get('controller.listener.names')).map((name) =>
      name.toUpperCase(),
    ),
    quorum,
    given,
    errors,
  };
};

const resolveNodeId = (
  values: NodeValues,
  given: Map<string, string>,
  errors: ConfigurationError[],
): number => {
  const nodeId = Number(values.get('node.id'));
  const brokerId = Number(values.get('broker.id'));
  // -1 asked ZooKeeper for an id.
  if (!values.isGiven('broker.id') || brokerId < 0) {
    if (values.isGiven('node.id')) given.set('broker.id', String(nodeId));
    return nodeId;
  }
  if (!values.isGiven('node.id')) {
    given.set('node.id', String(brokerId));
    return brokerId;
  }
  if (nodeId !== brokerId) {
    const message = `You must set \`node.id\` to the same value as \`broker.id\` (${nodeId} and ${brokerId}).`;
    errors.push({ key: 'broker.id', message });
  }
  return nodeId;
};

const resolveQuorum = (
  values: NodeValues,
  self: { readonly nodeId: number; readonly roles: readonly ProcessRole[]; readonly isAlone: boolean },
  errors: ConfigurationError[],
): readonly QuorumAddress[] => {
  const voters = parseVoters(itemsOf(values.get(VOTERS)));
  const servers = parseBootstrapServers(itemsOf(values.get(SERVERS)));
  if (typeof voters === 'string') errors.push({ key: VOTERS, message: voters });
  if (typeof servers === 'string') errors.push({ key: SERVERS, message: servers });
  if (typeof voters === 'string' || typeof servers === 'string') return [];
  if (voters.length === 0) {
    if (servers.length === 0 && !self.isAlone) {
      errors.push({
        key: VOTERS,
        message: `If using process.roles, either ${SERVERS} must contain the set of bootstrap controllers or ${VOTERS} must contain a parseable set of controllers.`,
      });
    }
    return servers;
  }
  const ids = `${VOTERS}=Set(${voters.map(({ nodeId }) => nodeId).join(', ')})`;
  const isVoter = voters.some(({ nodeId }) => nodeId === self.nodeId);
  if (self.roles.includes('controller') && !isVoter) {
    errors.push({
      key: VOTERS,
      message: `If process.roles contains the 'controller' role, the node id ${self.nodeId} must be included in the set of voters ${ids}`,
    });
  }
  if (!self.roles.includes('controller') && isVoter) {
    errors.push({
      key: VOTERS,
      message: `If process.roles contains just the 'broker' role, the node id ${self.nodeId} must not be included in the set of voters ${ids}`,
    });
  }
  return voters;
};
