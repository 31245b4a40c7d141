import type { Mutant } from '../runner/mutant';

const PARTITION = 'packages/partition/src';
const DECIDE = 'packages/metadata/src/decide';
const SERVER = 'packages/server/src';

/** Bugs that the simulation of clusters must find, each planted into the sources as they load. */
export const mutants: readonly Mutant[] = [
  {
    name: 'truncated-to-the-high-watermark',
    about: 'a follower whose log diverges cuts it at its high watermark (before KIP-101)',
    edits: [
      {
        file: `${PARTITION}/follower.ts`,
        find: 'const truncateTo = Offset(Math.min(endOffset, ownEnd, state.endOffset));',
        replace:
          'const truncateTo = Offset(Math.min(state.highWatermark, state.endOffset, ownEnd + endOffset));',
      },
    ],
  },
  {
    name: 'divergence-not-looked-for',
    about: 'a leader serves a follower from its end, whatever epochs its log has',
    edits: [
      {
        file: `${PARTITION}/subscription.ts`,
        find: 'if (lastFetchedEpoch >= 0) {',
        replace: 'if (lastFetchedEpoch > state.leaderEpoch) {',
      },
    ],
  },
  {
    name: 'own-epochs-not-looked-at',
    about: 'a follower cuts where the leader says, whatever epochs it has itself (before KIP-279)',
    edits: [
      {
        file: `${PARTITION}/follower.ts`,
        find: 'const truncateTo = Offset(Math.min(endOffset, ownEnd, state.endOffset));',
        replace:
          'const truncateTo = Offset(Math.min(endOffset, state.endOffset, Math.max(ownEnd, endOffset)));',
      },
    ],
  },
  {
    name: 'fenced-brokers-get-in-sync',
    about: 'the controller takes a broker into an in-sync set that is fenced, or another incarnation',
    edits: [
      {
        file: `${DECIDE}/alter-partition.ts`,
        find: '(one) => isEligible(this.#image, one) && this.drafts.serves(topicId, now, one.brokerId),',
        replace:
          '(one) => isEligible(this.#image, one) || one.brokerId >= 0 || this.drafts.serves(topicId, now, one.brokerId),',
      },
      {
        file: `${PARTITION}/in-sync.ts`,
        find: 'progress.isSubscribed && state.brokers.eligibleEpoch(replica) === progress.brokerEpoch;',
        replace: 'progress.isSubscribed || state.brokers.eligibleEpoch(replica) === progress.brokerEpoch;',
      },
    ],
  },
  {
    name: 'epoch-not-bumped',
    about: 'another leader is elected in the epoch of the one before',
    edits: [
      {
        file: 'packages/metadata/src/delta/partition-change.ts',
        find: 'electsLeader ? LeaderEpoch(before.leaderEpoch + 1) : before.leaderEpoch',
        replace:
          'electsLeader && before.leader < 0 ? LeaderEpoch(before.leaderEpoch + 1) : before.leaderEpoch',
      },
    ],
  },
  {
    name: 'in-sync-set-shrunk-before-it-is-committed',
    about: 'a leader takes the in-sync set that it asks for as its own at once',
    edits: [
      {
        file: `${PARTITION}/in-sync.ts`,
        find: '  state.role = { ...role, proposal };\n',
        replace:
          '  state.role = { ...role, proposal, inSyncReplicas: proposal.isr.map(({ brokerId }) => brokerId) };\n',
      },
    ],
  },
  {
    name: 'high-watermark-by-what-is-not-durable',
    about: 'a leader counts its own records before its disk has them',
    edits: [
      {
        file: `${PARTITION}/replica-state.ts`,
        find: '      before,\n      state.durableEndOffset,',
        replace: '      before,\n      state.endOffset,',
      },
    ],
  },
  {
    name: 'follower-acknowledges-before-its-flush',
    about: 'a follower acknowledges records that are still on the way to its disk',
    edits: [
      {
        file: `${SERVER}/replication/replica-fetcher.ts`,
        find: 'const durableEnd = replica.machine.durableEndOffset;',
        replace: 'const durableEnd = replica.machine.endOffset;',
      },
    ],
  },
  {
    name: 'high-watermark-under-min-insync',
    about: 'the high watermark moves while too few are in sync',
    edits: [
      {
        file: `${PARTITION}/high-watermark.ts`,
        find: 'if (isUnderMinInsyncReplicas(leader, minInsyncReplicas)) return current;',
        replace: 'if (leader.inSyncReplicas.length < 1) return current;',
      },
    ],
  },
  {
    name: 'proposed-members-do-not-count',
    about: 'the high watermark goes by the committed in-sync set alone',
    edits: [
      {
        file: `${PARTITION}/high-watermark.ts`,
        find: 'if (!follower.isJoining && leader.proposal?.added.includes(replica) !== true) continue;',
        replace: 'if (follower.brokerEpoch >= 0) continue;',
      },
    ],
  },
  {
    name: 'in-sync-below-the-high-watermark',
    about: 'a replica gets in sync before it has what is exposed',
    edits: [
      {
        file: `${PARTITION}/in-sync.ts`,
        find: 'progress.durableEndOffset >= state.highWatermark &&\n    progress.durableEndOffset >= role.epochStartOffset &&',
        replace: 'progress.durableEndOffset >= 0 &&',
      },
    ],
  },
  {
    name: 'fenced-brokers-stay-in-sync',
    about: 'a broker that goes out of service stays in the in-sync sets',
    edits: [
      {
        file: `${DECIDE}/elections.ts`,
        find: 'const staying = isr.filter((replica) => replica !== brokerId);',
        replace: 'const staying = isr.filter((replica) => replica >= 0 || replica !== brokerId);',
      },
    ],
  },
  {
    name: 'eligible-replicas-ignored',
    about: 'where nobody is in sync anybody may lead',
    edits: [
      {
        file: `${DECIDE}/next-partition.ts`,
        find: 'const candidates = isr.length === 0 ? eligible : isr;',
        replace: 'const candidates = isr.length === 0 ? [...eligible, ...replicas] : isr;',
      },
    ],
  },
  {
    name: 'anybody-elected',
    about: 'a leader is looked for among all replicas',
    edits: [
      {
        file: `${DECIDE}/next-partition.ts`,
        find: 'return { leader: clean, isr: isr.length === 0 ? [clean] : isr, isUnclean: false };',
        replace:
          'return { leader: clean, isr: isr.length === 0 ? [clean] : isr, isUnclean: false };\n  const any = replicas.find(serves);\n  if (any !== undefined) return { leader: any, isr: [any], isUnclean: false };',
      },
    ],
  },
  {
    name: 'producers-forgotten-by-followers',
    about: 'a follower does not note the producers of what it appends: a new leader knows no retry',
    edits: [
      {
        file: `${PARTITION}/follower.ts`,
        find: 'if (producerId < 0 || isControl(batch.bytes)) return;',
        replace: 'if (producerId < 0 || batch.bytes.length > 0) return;',
      },
    ],
  },
  {
    name: 'producers-not-replayed',
    about: 'producer state is not read back from the log after a start',
    edits: [
      {
        file: `${PARTITION}/partition.ts`,
        find: 'if (producerId < 0 || isControl(bytes, at)) return;\n    this.#state.producers.add(',
        replace: 'if (producerId < 0 || at >= 0) return;\n    this.#state.producers.add(',
      },
    ],
  },
  {
    name: 'all-answered-when-durable-here',
    about: 'acks=all waits for the disk of the leader alone',
    edits: [
      {
        file: `${PARTITION}/append.ts`,
        find: 'if (acks === 1) return state.durableEndOffset',
        replace: 'if (acks !== 0) return state.durableEndOffset',
      },
    ],
  },
  {
    name: 'duplicates-answered-at-once',
    about: 'a retry of what is not committed yet is acknowledged without waiting',
    edits: [
      {
        file: `${PARTITION}/append.ts`,
        find: '    logStartOffset: state.logStartOffset,\n    awaits: awaitsFor(state, request.acks, awaitedOffset),',
        replace: "    logStartOffset: state.logStartOffset,\n    awaits: 'nothing',",
      },
    ],
  },
  {
    name: 'deposed-leader-acknowledges',
    about: 'what waits on a leader that is deposed is answered as if it had been replicated',
    edits: [
      {
        file: `${PARTITION}/purgatory.ts`,
        find: "this.#settle(waits, wait, 'failed', over);",
        replace: "this.#settle(waits, wait, 'reached', over);",
      },
    ],
  },
  {
    name: 'leads-an-epoch-twice',
    about: 'a broker that starts again leads in the epoch it led in before',
    edits: [
      {
        file: `${PARTITION}/roles.ts`,
        find: 'if (leaderEpoch === state.leaderEpoch || leaderEpoch <= state.epochs.latestEpoch)\n    return',
        replace: 'if (leaderEpoch < state.leaderEpoch)\n    return',
      },
      {
        file: `${DECIDE}/elections.ts`,
        find: 'if (change?.brokerId !== replica) return isActive(broker);',
        replace: "if (change?.brokerId !== replica || change.kind === 'leaving') return isActive(broker);",
      },
    ],
  },
  {
    name: 'followers-expose-what-is-theirs-alone',
    about: 'a follower takes everything that is durable in its log for replicated',
    edits: [
      {
        file: `${PARTITION}/replica-state.ts`,
        find: 'if (highWatermark > before) state.highWatermark = Offset(highWatermark);',
        replace:
          'if (highWatermark >= 0) state.highWatermark = Offset(Math.max(before, state.durableEndOffset));',
      },
    ],
  },
  {
    name: 'reassignment-drops-the-last-in-sync-replica',
    about: 'a reassignment ends although nobody who stays is in sync: those who stay are taken for it',
    edits: [
      {
        file: `${DECIDE}/reassignment.ts`,
        find: 'if (replicas.length === 0 || staying.length === 0) return unfinished;',
        replace:
          'if (replicas.length === 0) return unfinished;\n  if (staying.length === 0) return { assignment: { replicas, addingReplicas: [], removingReplicas: [] }, isr: replicas };',
      },
    ],
  },
  {
    name: 'cancelled-to-whoever-is-there',
    about: 'a cancel goes back to replicas of which none is in sync, and one of them leads',
    edits: [
      {
        file: `${DECIDE}/alter-partition-reassignments.ts`,
        find: 'const { allowsUncleanElection } = drafts.rulesOf(topicId);',
        replace: 'const allowsUncleanElection = drafts.records.length >= 0;',
      },
    ],
  },
  {
    name: 'given-up-logs-stay',
    about: 'a broker that holds a partition no longer keeps its log',
    edits: [
      {
        file: `${SERVER}/broker/replicas.ts`,
        find: "this.#drop(known, 'the partition was assigned to others');",
        replace: "known.machine.goOffline('the partition was assigned to others');",
      },
    ],
  },
  {
    name: 'deleted-topics-keep-their-logs',
    about: 'a broker forgets the replicas of a deleted topic, and leaves their logs on its disk',
    edits: [
      {
        file: `${SERVER}/broker/replicas.ts`,
        find: "if (isRemoved) this.#drop(replica, 'the topic was deleted');",
        replace: "if (isRemoved) this.#leave(replica, 'the topic was deleted');",
      },
    ],
  },
  {
    name: 'deletions-missed-while-away',
    about: 'a broker that was away does not note which topics were deleted meanwhile',
    edits: [
      {
        file: `${SERVER}/broker/replicas.ts`,
        find: 'known !== undefined || isRemovedTopic(image, log.topicId)',
        replace: 'known !== undefined',
      },
    ],
  },
  {
    name: 'deleted-by-absence',
    about: 'a broker that starts deletes what an image does not know that is still old',
    edits: [
      {
        file: `${SERVER}/broker/replicas.ts`,
        find: 'if (this.#isLoading) return;',
        replace:
          'if (this.#isLoading) {\n      for (const { topicId, partition } of [...this.#options.directories.logs()])\n        if (topicById(delta.after, topicId) === undefined)\n          void this.#options.directories.deleteLog(topicId, partition).catch(() => undefined);\n      return;\n    }',
      },
    ],
  },
  {
    name: 'replaced-disks-stay-in-sync',
    about: 'a broker that comes back with an empty disk stays in the in-sync sets',
    edits: [
      {
        file: `${DECIDE}/elections.ts`,
        find: "if (change === undefined || change.kind === 'arriving') return target;",
        replace:
          "if (change === undefined || change.kind === 'arriving' || change.kind === 'distrusted') return target;",
      },
    ],
  },
  {
    name: 'replaced-disks-stay-eligible',
    about: 'a broker that cannot show what it comes after is believed to have what it had',
    edits: [
      {
        file: `${DECIDE}/register-broker.ts`,
        find: 'provedEpoch(command, existing) === NO_BROKER_EPOCH) return () => distrusted;',
        replace: 'provedEpoch(command, existing) > existing.epoch) return () => distrusted;',
      },
      {
        file: `${DECIDE}/register-broker.ts`,
        find: 'return hasDirsAway ? away : distrusted;',
        replace: 'return away;',
      },
    ],
  },
  {
    name: 'away-replicas-made-anew',
    about: 'a broker that could not open a directory makes what is in it anew in another one',
    edits: [
      {
        file: `${SERVER}/broker/away-replicas.ts`,
        find: 'if (this.has(topicId, index)) return true;',
        replace: 'if (index >= 0) return false;',
      },
    ],
  },
  {
    name: 'producers-kept-by-no-clean-shutdown',
    about: 'a clean shutdown keeps a producer state that knows nobody',
    edits: [
      {
        file: `${PARTITION}/producer-snapshot.ts`,
        find: 'const all = [...entries];',
        replace: 'const all = [...entries].slice(0, 0);',
      },
    ],
  },
];
