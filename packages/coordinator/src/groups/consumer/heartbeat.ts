import { errors, type ConsumerGroupHeartbeatRequest, type GroupRecord } from '@kafkaesque/protocol';
import type { Effect, Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import type { Asker } from '../world';
import type { ConsumerGroup } from './consumer-group';
import { AWAY_EPOCH, LEFT_EPOCH, type ConsumerMember } from './consumer-member';
import { afterStep, takeTurn, type Step } from './group-step';
import { heartbeatRefusal } from './heartbeat-request';
import { leave } from './leave';
import { findMember, fullRefusal } from './membership';
import { cancelMemberTimers, cancelTimer, setTimer } from './member-timers';
import type { Owned, TopicPartitions } from './partitions';
import { Refusal } from './refusal';
import { consumerGroup, type SharedRules } from './shared-rules';
import { NO_SUBSCRIPTION, subscriptionOf } from './subscription';
import { noteTold, tellsAssignment } from './told-assignment';
import { openForJoin, type OpenedGroup } from './upgrade';

type GroupEffect = Effect<GroupAnswer>;
type HeartbeatAnswer = GroupAnswers['consumer-heartbeat'];

const reply = (ticket: Ticket, answer: HeartbeatAnswer): GroupEffect => ({
  kind: 'reply',
  ticket,
  answer: { kind: 'consumer-heartbeat', answer },
});

const refused = (ticket: Ticket, { errorCode, message }: Refusal): GroupDecision => ({
  records: [],
  then: () => [reply(ticket, { errorCode, errorMessage: message, memberEpoch: 0, heartbeatIntervalMs: 0 })],
});

/** ConsumerGroupHeartbeat: joins, keeps alive, acknowledges, leaves (KIP-848). */
export const heartbeat = (
  rules: SharedRules,
  asked: Extract<GroupRequest, { readonly kind: 'consumer-heartbeat' }>,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { request, apiVersion, asker } = asked;
  const { settings } = rules.world;
  if (!settings.protocols.includes('consumer'))
    return refused(
      ticket,
      new Refusal(errors.UNSUPPORTED_VERSION, 'The consumer group protocol is not enabled.'),
    );
  const wrong = heartbeatRefusal(request, apiVersion, settings.assignors);
  if (wrong !== undefined) return refused(ticket, wrong);
  const { memberEpoch } = request;
  if (memberEpoch === LEFT_EPOCH || memberEpoch === AWAY_EPOCH) {
    const left = leave(rules, request, now);
    if (left instanceof Refusal) return refused(ticket, left);
    const answer = { errorCode: 0, memberId: left.memberId, memberEpoch, heartbeatIntervalMs: 0 };
    return { records: left.records, then: () => [...left.then(), reply(ticket, answer)] };
  }
  const opened = open(rules, request, now);
  if (opened instanceof Refusal) return refused(ticket, opened);
  return beat(rules, opened, request, asker, ticket, now);
};

const open = (
  rules: SharedRules,
  { groupId, memberEpoch }: ConsumerGroupHeartbeatRequest,
  now: Now,
): OpenedGroup | Refusal => {
  const group = consumerGroup(rules, groupId);
  if (group !== undefined) return { group, records: [], then: () => [] };
  if (memberEpoch === 0) return openForJoin(rules, groupId, now);
  return new Refusal(
    errors.GROUP_ID_NOT_FOUND,
    rules.groups.has(groupId)
      ? `Group ${groupId} is not a consumer group.`
      : `Consumer group ${groupId} not found.`,
  );
};

/**
 * The member with what its heartbeat says. What it leaves out stays, but not at a join, which says all: whoever takes the place of
 * a static member does not take its expression or its rack.
 */
const updatedBy = (
  request: ConsumerGroupHeartbeatRequest,
  asker: Asker,
  group: ConsumerGroup,
  known: ConsumerMember,
): ConsumerMember => {
  const { subscribedTopicNames, subscribedTopicRegex, rebalanceTimeoutMs } = request;
  const base: ConsumerMember =
    request.memberEpoch === 0
      ? { ...known, rackId: null, serverAssignor: null, subscription: NO_SUBSCRIPTION }
      : known;
  const subscription =
    subscribedTopicNames === null && subscribedTopicRegex === null
      ? base.subscription
      : group.interned(
          subscriptionOf(
            subscribedTopicNames ?? base.subscription.names,
            subscribedTopicRegex ?? base.subscription.regex,
          ),
        );
  return {
    ...base,
    instanceId: request.instanceId ?? base.instanceId,
    rackId: request.rackId ?? base.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? base.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? base.serverAssignor,
    subscription,
    clientId: asker.clientId,
    clientHost: asker.clientHost,
    classic: null,
  };
};

/** How soon a member that waits is to ask again, at the least; in large groups later, so that they ask no oftener together. */
const HURRIED_INTERVAL_MS = 500;

/**
 * When the member is to heartbeat next. One that waits for a target or for partitions of others comes back sooner than the configured
 * interval, which Kafka makes everyone wait for.
 */
const nextHeartbeatMs = (configuredMs: number, memberCount: number, step: Step): number => {
  const { assignmentDueMs, member } = step;
  if (assignmentDueMs === undefined && member.state !== 'unreleased') return configuredMs;
  return Math.min(configuredMs, Math.max(HURRIED_INTERVAL_MS, memberCount, assignmentDueMs ?? 0));
};

const beat = (
  rules: SharedRules,
  opened: OpenedGroup,
  request: ConsumerGroupHeartbeatRequest,
  asker: Asker,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { group } = opened;
  const full = fullRefusal(rules, group, request.memberId, request.instanceId);
  if (full !== undefined) return refused(ticket, full);
  const memberId = request.memberId === '' ? rules.world.uuid() : request.memberId;
  const found = findMember(group, memberId, request);
  if (found instanceof Refusal) return refused(ticket, found);
  const { before, base } = found;
  const updated = updatedBy(request, asker, group, base);
  const owned = request.topicPartitions;
  const step = takeTurn(rules, { group, before, base, updated, owned, asker }, now);
  if (step instanceof Refusal) return refused(ticket, step);
  const { member } = step;
  const settings = rules.world.settingsOf(group.groupId);
  const answered = { group, request, base, member, nowMs: now.nowMs };
  const isTold = tellsAssignment(answered);
  const answer: HeartbeatAnswer = {
    errorCode: errors.NONE.code,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: nextHeartbeatMs(settings.consumerHeartbeatIntervalMs, group.members.size, step),
    assignment: isTold ? { topicPartitions: travelling(member.assigned) } : null,
  };
  const records: GroupRecord[] = [...opened.records, ...found.records, ...step.records];
  return {
    records,
    then: () => {
      const after = consumerGroup(rules, group.groupId);
      if (after !== undefined) noteTold(after, answered, isTold);
      return [
        ...opened.then(),
        ...(before === undefined || before.memberId === member.memberId
          ? classicTimersEnd(before, member, group.groupId)
          : cancelMemberTimers(group.groupId, before.memberId)),
        setTimer('session', group.groupId, member.memberId, now.nowMs + settings.consumerSessionTimeoutMs),
        ...rebalanceTimer(group.groupId, base, member, now),
        ...afterStep(rules, group.groupId, step, now),
        reply(ticket, answer),
      ];
    },
  };
};

const travelling = (owned: Owned): readonly TopicPartitions[] =>
  Array.from(owned, ([topicId, { partitions }]) => ({ topicId, partitions }));

const classicTimersEnd = (
  before: ConsumerMember | undefined,
  { memberId }: ConsumerMember,
  groupId: string,
): GroupEffect[] =>
  before === undefined || before.classic === null
    ? []
    : [cancelTimer('join', groupId, memberId), cancelTimer('sync', groupId, memberId)];

/** A member that is to give up partitions has its rebalance timeout for it. */
const rebalanceTimer = (
  groupId: string,
  base: ConsumerMember,
  member: ConsumerMember,
  now: Now,
): GroupEffect[] => {
  if (member.state === 'unrevoked')
    return base.state === 'unrevoked' && base.pendingRevocation === member.pendingRevocation
      ? []
      : [setTimer('rebalance', groupId, member.memberId, now.nowMs + member.rebalanceTimeoutMs)];
  return base.state === 'unrevoked' ? [cancelTimer('rebalance', groupId, member.memberId)] : [];
};
