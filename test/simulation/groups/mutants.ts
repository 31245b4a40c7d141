import type { Mutant } from '../runner/mutant';

const GROUPS = 'packages/coordinator/src/groups';
const RUNTIME = 'packages/coordinator/src/runtime';
const HOST = 'packages/server/src/coordinator';

/** Bugs that the simulation of groups must find, each planted into the sources as they load. */
export const mutants: readonly Mutant[] = [
  {
    name: 'commit-generation-not-fenced',
    about: 'a commit of an earlier generation is accepted',
    edits: [
      {
        file: `${GROUPS}/classic/classic-group.ts`,
        find: 'if (generationIdOrMemberEpoch !== this.generationId) return ErrorCode.ILLEGAL_GENERATION;',
        replace: 'if (generationIdOrMemberEpoch > this.generationId) return ErrorCode.ILLEGAL_GENERATION;',
      },
    ],
  },
  {
    name: 'member-epoch-not-checked-on-commit',
    about: 'a member of a consumer group may commit what is not its own any more',
    edits: [
      {
        file: `${GROUPS}/consumer/consumer-group.ts`,
        find: 'return fits ? errors.NONE.code : staleness(member);',
        replace: 'return fits || epoch <= member.memberEpoch ? errors.NONE.code : staleness(member);',
      },
    ],
  },
  {
    name: 'answers-before-commit',
    about: 'whatever was appended is answered at once, committed or not',
    edits: [
      {
        file: `${RUNTIME}/coordinator-runtime.ts`,
        find: 'if (isTold || awaitedOffset <= highWatermark) this.#answer(ticket, answer);',
        replace: 'if (isTold || awaitedOffset >= highWatermark) this.#answer(ticket, answer);',
      },
    ],
  },
  {
    name: 'served-while-loading',
    about: 'a coordinator answers before it has read everything',
    edits: [
      {
        file: `${RUNTIME}/coordinator-runtime.ts`,
        find: /if \(this\.#phase !== 'active'\) \{\s+const errorCode/,
        replace: "if (this.#phase === 'gone') {\n      const errorCode",
      },
    ],
  },
  {
    name: 'commits-lost-on-failover',
    about: 'the newest commits are passed over when a coordinator is loaded',
    edits: [
      {
        file: `${HOST}/replay-log.ts`,
        find: 'if (lastOffsetOf(bytes, at) < from) continue;',
        replace:
          'if (lastOffsetOf(bytes, at) < from || lastOffsetOf(bytes, at) + 8 > log.endOffset) continue;',
      },
    ],
  },
  {
    name: 'owned-twice-while-reconciled',
    about: 'a partition is given to its next owner before the one before has given it up',
    edits: [
      {
        file: `${GROUPS}/consumer/reconcile.ts`,
        find: 'const added = wanted.filter((partition) => isFree(topicId, partition));',
        replace: 'const added = wanted.filter((partition) => partition >= 0 || isFree(topicId, partition));',
      },
    ],
  },
  {
    name: 'static-members-not-known-again',
    about: 'a static member is looked for under the id it has, and not under its instance id',
    edits: [
      {
        file: `${GROUPS}/classic/classic-group.ts`,
        find: 'if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;',
        replace: 'if (current === memberId) return ErrorCode.FENCED_INSTANCE_ID;',
      },
    ],
  },
  {
    name: 'generation-not-kept',
    about: 'a coordinator that has loaded a group begins with its generations anew',
    edits: [
      {
        file: `${GROUPS}/classic/classic-rules.ts`,
        find: 'const turn = { ...beginTurn(this.#world, group, now), effects };',
        replace:
          'group.generationId = Math.max(group.generationId - 3, 0);\n        const turn = { ...beginTurn(this.#world, group, now), effects };',
      },
    ],
  },
  {
    name: 'heartbeat-generation-not-fenced',
    about: 'a member of an earlier generation is taken for one of this',
    edits: [
      {
        file: `${GROUPS}/classic/classic-rules.ts`,
        find: 'if (request.generationId !== group.generationId)',
        replace: 'if (request.generationId > group.generationId)',
      },
      {
        file: `${GROUPS}/classic/classic-rules.ts`,
        find: "const errorCode = group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;",
        replace:
          "const errorCode = group.state === 'PreparingRebalance' && request.generationId < 0 ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;",
      },
    ],
  },
  {
    name: 'timers-of-another-life',
    about:
      'timers go on that a coordinator had before it was loaded anew, and those of the new life are not begun',
    edits: [
      {
        file: `${RUNTIME}/coordinator-runtime.ts`,
        find: "if (effect.kind === 'reply') this.#reply(effect, now);\n      else if (effect.kind === 'set-timer') this.#timers.set(effect.key, effect.atMs);",
        replace:
          "if (effect.kind === 'reply') this.#reply(effect, now);\n      else if (effect.kind === 'set-timer') { if (this.#phase === 'active') this.#timers.set(effect.key, effect.atMs); }",
      },
    ],
  },
  {
    name: 'waiting-joins-lost',
    about: 'when a generation begins, only its leader hears of it',
    edits: [
      {
        file: `${GROUPS}/classic/classic-rebalance.ts`,
        find: 'if (wait !== undefined)\n      turn.effects.push(reply(wait.ticket, joinedAnswer',
        replace:
          'if (wait !== undefined && member.memberId === group.leaderId)\n      turn.effects.push(reply(wait.ticket, joinedAnswer',
      },
    ],
  },
  {
    name: 'newest-commit-compacted',
    about: 'compaction drops the newest record of a key too',
    edits: [
      {
        file: 'packages/storage/src/compaction/compaction-jobs.ts',
        find: 'if (map.get(key) > offset) return false;',
        replace: 'if (map.get(key) >= offset) return false;',
      },
    ],
  },
  {
    name: 'deleted-group-leaves-offsets',
    about: 'the deletion of a group forgets its members and not what it has committed',
    edits: [
      {
        file: `${GROUPS}/group-machine.ts`,
        find: 'records: [...this.#offsets.tombstonesOf(groupId), ...group.tombstones()],',
        replace: 'records: [...group.tombstones()],',
      },
    ],
  },
  {
    name: 'expiry-not-written',
    about: 'an offset that expires is forgotten, and no tombstone says so to the next coordinator',
    edits: [
      {
        file: `${GROUPS}/offsets/group-offsets.ts`,
        find: 'else records.push(tombstone(groupId, topic, partition));\n      }',
        replace: 'else this.#committed.delete(groupId, topic, partition);\n      }',
      },
    ],
  },
  {
    name: 'retention-from-the-epoch-on',
    about: 'an offset expires when the retention time is over since 1970',
    edits: [
      {
        file: `${GROUPS}/offsets/group-offsets.ts`,
        find: 'return now.wallMs >= committed.expireTimestampMs;',
        replace: 'return now.wallMs >= committed.expireTimestampMs - committed.commitTimestampMs;',
      },
    ],
  },
  {
    name: 'group-deleted-in-use',
    about: 'a group of the consumer protocol may be deleted while members are in it',
    edits: [
      {
        file: `${GROUPS}/consumer/consumer-group.ts`,
        find: 'return this.members.size === 0 ? errors.NONE.code : errors.NON_EMPTY_GROUP.code;',
        replace: 'return this.members.size >= 0 ? errors.NONE.code : errors.NON_EMPTY_GROUP.code;',
      },
    ],
  },
  {
    name: 'revocation-not-stored',
    about: 'what a member has still to give up is free for others at once',
    edits: [
      {
        file: `${GROUPS}/consumer/records.ts`,
        find: 'partitionsPendingRevocation: storedOwned(member.pendingRevocation),',
        replace: 'partitionsPendingRevocation: storedOwned(new Map()),',
      },
    ],
  },
  {
    name: 'claims-of-the-first-join',
    about:
      'what a classic member says when it joins again is not taken, so that its leader divides what others have',
    edits: [
      {
        file: `${GROUPS}/classic/classic-join-call.ts`,
        find: 'group.setProtocols(member, call.protocols);',
        replace: 'if (member.protocols.length === 0) group.setProtocols(member, call.protocols);',
      },
    ],
  },
  {
    name: 'assignments-lost-at-upgrade',
    about: 'a group that is converted forgets what its members have',
    edits: [
      {
        file: `${GROUPS}/consumer/upgrade.ts`,
        find: 'assigned: ownedSince(assignment.assignment, generationId),',
        replace: 'assigned: ownedSince(new Map(), generationId),',
      },
    ],
  },
  {
    name: 'growth-not-seen',
    about: 'partitions that a topic gets later are given to nobody',
    edits: [
      {
        file: `${GROUPS}/consumer/group-step.ts`,
        find: 'if (!bump && group.checkedMetadataOffset === world.metadataOffset) return group.groupEpoch;',
        replace: 'if (!bump && world.metadataOffset >= 0) return group.groupEpoch;',
      },
    ],
  },
  {
    name: 'sessions-end-with-their-coordinator',
    about: 'whoever loads a group waits for ever for members that have died meanwhile',
    edits: [
      {
        file: `${GROUPS}/consumer/consumer-rules.ts`,
        find: "effects.push(setTimer('session', groupId, memberId, now.nowMs + ownMs));",
        replace: "if (ownMs < 0) effects.push(setTimer('session', groupId, memberId, now.nowMs + ownMs));",
      },
    ],
  },
  {
    name: 'evicted-member-commits',
    about: 'a commit of a classic member that was thrown out is accepted',
    edits: [
      {
        file: `${GROUPS}/classic/classic-group.ts`,
        find: 'if (refusal !== ErrorCode.NONE) return refusal;\n    if (generationIdOrMemberEpoch !== this.generationId)',
        replace:
          'if (refusal !== ErrorCode.NONE && refusal !== ErrorCode.UNKNOWN_MEMBER_ID) return refusal;\n    if (generationIdOrMemberEpoch > this.generationId)',
      },
    ],
  },
  {
    name: 'tombstones-gone-before-all-have-them',
    about: 'compaction drops the marker of a deletion that a replica has not come to yet',
    edits: [
      {
        file: 'packages/server/src/broker/log-cleaner.ts',
        find: 'tombstonesBelow: () => replica.machine.fullyReplicatedOffset,',
        replace: 'tombstonesBelow: () => replica.machine.highWatermark,',
      },
    ],
  },
];
