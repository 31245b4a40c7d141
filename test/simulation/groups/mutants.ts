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
        find: 'if (awaitedOffset <= partition.highWatermark) this.#answer(ticket, answer);',
        replace: 'if (awaitedOffset >= partition.highWatermark) this.#answer(ticket, answer);',
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
        find: "if (effect.kind === 'reply') this.#reply(effect.ticket, effect.answer, now);\n      else if (effect.kind === 'set-timer') this.#timers.set(effect.key, effect.atMs);",
        replace:
          "if (effect.kind === 'reply') this.#reply(effect.ticket, effect.answer, now);\n      else if (effect.kind === 'set-timer') { if (this.#phase === 'active') this.#timers.set(effect.key, effect.atMs); }",
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
];
