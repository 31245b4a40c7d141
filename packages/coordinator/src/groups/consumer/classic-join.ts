import { errors, type GroupRecord, type JoinGroupRequest } from '@kafkaesque/protocol';
import type { Effect, Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupAnswer, GroupRequest } from '../requests';
import { byId, readSubscription, type EmbeddedSubscription } from './classic-protocol';
import type { ConsumerGroup } from './consumer-group';
import { newMember, type ConsumerMember } from './consumer-member';
import { downgrade, mayDowngrade } from './downgrade';
import { afterStep, takeTurn } from './group-step';
import { fullRefusal, replaceMember, type Found } from './membership';
import { cancelMemberTimers, cancelTimer, setTimer } from './member-timers';
import { fencedInstance, Refusal, unknownInstance } from './refusal';
import { consumerGroup, type SharedRules } from './shared-rules';
import { subscriptionOf } from './subscription';

type Asked = Extract<GroupRequest, { readonly kind: 'join' }>;

const refused = (ticket: Ticket, memberId: string, errorCode: number): GroupDecision => ({
  records: [],
  then: () => [
    {
      kind: 'reply',
      ticket,
      answer: {
        kind: 'join',
        answer: { errorCode, memberId, protocolName: '', leader: '', members: [] },
      },
    },
  ],
});

/**
 * A classic member joins a group of the consumer protocol, or joins it again: it takes its turn as a heartbeat would, and its
 * generation is its epoch. It is never the leader; the coordinator assigns.
 */
export const classicJoin = (
  rules: SharedRules,
  group: ConsumerGroup,
  asked: Asked,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { request, apiVersion } = asked;
  const isNew = request.memberId === '';
  const memberId = isNew ? rules.world.uuid() : request.memberId;
  const wrong = joinRefusal(rules, group, request, memberId);
  if (wrong !== undefined) return refused(ticket, request.memberId, wrong.errorCode);
  if (apiVersion >= 4 && isNew && request.groupInstanceId === null)
    return refused(ticket, memberId, errors.MEMBER_ID_REQUIRED.code);
  const found = findClassic(group, request, memberId);
  if (found instanceof Refusal) return refused(ticket, request.memberId, found.errorCode);
  const subscription = readSubscription(request.protocols[0]?.metadata ?? Buffer.alloc(0));
  if (subscription === undefined)
    return refused(ticket, request.memberId, errors.INCONSISTENT_GROUP_PROTOCOL.code);
  const { before, base } = found;
  // It was thrown out without noticing, and what it had may be another's. Kafka takes it in, and it keeps that until its sync.
  if (before === undefined && !isNew && subscription.owned.length > 0)
    return refused(ticket, request.memberId, errors.UNKNOWN_MEMBER_ID.code);
  const updated = updatedBy(asked, group, base, subscription);
  const known = group.staticMember(request.groupInstanceId);
  if (known !== undefined && known.memberId === before?.memberId && replacesLast(rules, group, known)) {
    const downgraded = downgrade(rules, group, [], { replaced: known, by: updated });
    return {
      records: downgraded.records,
      then: () => [
        ...downgraded.then(),
        ...rules.classic.downgradedByJoin(asked, updated.memberId, ticket, now),
      ],
    };
  }
  return join(rules, group, { asked, found, updated, subscription }, ticket, now);
};

/** Is this the last member of the consumer protocol, in whose place a classic one comes? */
const replacesLast = (rules: SharedRules, group: ConsumerGroup, known: ConsumerMember): boolean =>
  known.classic === null &&
  group.classicMemberCount === group.members.size - 1 &&
  (group.members.size > 1 ? mayDowngrade(rules, group, [known]) : mayDowngradeAlone(rules));

const mayDowngradeAlone = ({ world }: SharedRules): boolean =>
  world.settings.migrationPolicy === 'downgrade' || world.settings.migrationPolicy === 'bidirectional';

const joinRefusal = (
  rules: SharedRules,
  group: ConsumerGroup,
  request: JoinGroupRequest,
  memberId: string,
): Refusal | undefined => {
  const { migrationPolicy, minSessionTimeoutMs, maxSessionTimeoutMs } = rules.world.settings;
  const { sessionTimeoutMs } = request;
  if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs)
    return new Refusal(errors.INVALID_SESSION_TIMEOUT, 'The session timeout is out of its bounds.');
  if (migrationPolicy === 'disabled')
    return new Refusal(
      errors.INCONSISTENT_GROUP_PROTOCOL,
      `Cannot join the consumer group ${group.groupId} with the classic protocol because the group migration is disabled.`,
    );
  const full = fullRefusal(rules, group, memberId, request.groupInstanceId);
  if (full !== undefined) return full;
  const supported = request.protocols.some(
    ({ name }) => group.classicProtocols.of(name) === group.classicMemberCount,
  );
  if (request.protocolType === 'consumer' && supported) return undefined;
  return new Refusal(errors.INCONSISTENT_GROUP_PROTOCOL, `Member ${memberId}'s protocols are not supported.`);
};

const findClassic = (group: ConsumerGroup, request: JoinGroupRequest, memberId: string): Found | Refusal => {
  const instanceId = request.groupInstanceId;
  const known = group.staticMember(instanceId);
  if (instanceId !== null && known !== undefined && request.memberId === '')
    return replaceMember(group, known, memberId);
  if (instanceId !== null && request.memberId !== '') {
    if (known === undefined) return unknownInstance(instanceId);
    if (known.memberId !== memberId) return fencedInstance(memberId, instanceId, known.memberId);
  }
  const member = group.members.get(memberId);
  return { before: member, base: member ?? newMember(memberId), records: [] };
};

const updatedBy = (
  { request, asker }: Asked,
  group: ConsumerGroup,
  base: ConsumerMember,
  { topics, rackId }: EmbeddedSubscription,
): ConsumerMember => ({
  ...base,
  instanceId: request.groupInstanceId ?? base.instanceId,
  rackId: rackId ?? base.rackId,
  rebalanceTimeoutMs: rebalanceTimeoutOf(request),
  subscription: group.interned(subscriptionOf(topics, null)),
  clientId: asker.clientId,
  clientHost: asker.clientHost,
  classic: { sessionTimeoutMs: request.sessionTimeoutMs, supportedProtocols: request.protocols },
});

/** v0 has none of its own. */
const rebalanceTimeoutOf = (request: JoinGroupRequest): number =>
  request.rebalanceTimeoutMs === -1 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs;

interface Joining {
  readonly asked: Asked;
  readonly found: Found;
  readonly updated: ConsumerMember;
  readonly subscription: EmbeddedSubscription;
}

const join = (
  rules: SharedRules,
  group: ConsumerGroup,
  { asked, found, updated, subscription }: Joining,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { request, asker } = asked;
  const { groupId } = group;
  const { before, base } = found;
  const owned = byId(rules.world, subscription.owned);
  const step = takeTurn(rules, { group, before, base, updated, owned, asker }, now);
  if (step instanceof Refusal) return refused(ticket, request.memberId, step.errorCode);
  const { memberId, memberEpoch } = step.member;
  const records: GroupRecord[] = [...found.records, ...step.records];
  return {
    records,
    then: (): Effect<GroupAnswer>[] => {
      consumerGroup(rules, groupId)?.awaitedJoins.delete(memberId);
      return [
        ...(before === undefined || before.memberId === memberId
          ? []
          : cancelMemberTimers(groupId, before.memberId)),
        cancelTimer('join', groupId, memberId),
        cancelTimer('rebalance', groupId, memberId),
        setTimer('session', groupId, memberId, now.nowMs + request.sessionTimeoutMs),
        setTimer('sync', groupId, memberId, now.nowMs + rebalanceTimeoutOf(request)),
        ...afterStep(rules, groupId, step, now),
        {
          kind: 'reply',
          ticket,
          answer: {
            kind: 'join',
            answer: {
              errorCode: errors.NONE.code,
              memberId,
              generationId: memberEpoch,
              protocolType: 'consumer',
              protocolName: request.protocols[0]?.name ?? '',
              leader: '',
              members: [],
            },
          },
        },
      ];
    },
  };
};
