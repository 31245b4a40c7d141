import { assertNever } from '@kafkaesque/kernel';
import type { ReplicaKey } from '@kafkaesque/protocol';
import { decodeVoterSet } from '@kafkaesque/protocol';
import type { RaftEffect, RaftInput, RaftWrite } from './contract';
import type { ExampleQuorum, TakenStep } from './example-quorum';
import type { RaftMessage } from './messages';

const nameOf = ({ nodeId }: ReplicaKey): string => `n${nodeId}`;
const place = (index: number, term: number): string => `${index}/${term}`;

/** A message between replicas, in words. Places are `index/term`. */
const messageText = (message: RaftMessage): string => {
  switch (message.kind) {
    case 'QuorumVote': {
      const { term, preVote, transfer, lastIndex, lastTerm } = message.value;
      const what = preVote ? `would you vote for me in term ${term + 1}` : `vote for me in term ${term}`;
      return `${what}, my log ends at ${place(lastIndex, lastTerm)}${transfer ? ', I was told to' : ''}`;
    }
    case 'QuorumVoteAnswer': {
      const { term, askedTerm, preVote, granted } = message.value;
      const asked = preVote ? askedTerm + 1 : askedTerm;
      return `${granted ? 'yes' : 'no'} to term ${asked}${preVote ? ', if it comes' : ''} (term ${term})`;
    }
    case 'QuorumAppend': {
      const { term, prevIndex, prevTerm, commitIndex, round, entries } = message.value;
      const range = entries.map((entry, i) => place(prevIndex + 1 + i, entry.term)).join(' ');
      return `append behind ${place(prevIndex, prevTerm)}: ${range || 'nothing'}; committed ${commitIndex}, round ${round} (term ${term})`;
    }
    case 'QuorumAppendAnswer': {
      const { term, accepted, prevIndex, matchIndex, hintIndex, hintTerm, round } = message.value;
      const what = accepted
        ? `durable as yours up to ${matchIndex}`
        : `there is no such ${prevIndex} here, try behind ${place(hintIndex, hintTerm)}`;
      return `${what}, round ${round} (term ${term})`;
    }
    case 'QuorumSnapshotOffer': {
      const { term, snapshotIndex, snapshotTerm, sizeBytes } = message.value;
      return `take the snapshot ${place(snapshotIndex, snapshotTerm)} of ${sizeBytes} bytes (term ${term})`;
    }
    case 'QuorumSnapshotFetch': {
      const { snapshotIndex, snapshotTerm, position } = message.value;
      return `give me the snapshot ${place(snapshotIndex, snapshotTerm)} from byte ${position}`;
    }
    case 'QuorumSnapshotChunk': {
      const { snapshotIndex, snapshotTerm, position, bytes } = message.value;
      return `snapshot ${place(snapshotIndex, snapshotTerm)}, bytes ${position} to ${position + bytes.length}`;
    }
    case 'QuorumTimeoutNow':
      return `stand for election now (term ${message.value.term})`;
    default:
      return assertNever(message);
  }
};

const writeText = ({ hardState, voters, start, entries = [] }: RaftWrite): string => {
  const votedFor = hardState?.votedFor ?? undefined;
  return [
    ...(hardState === undefined
      ? []
      : [`term ${hardState.term}, ${votedFor === undefined ? 'no vote' : `vote for ${nameOf(votedFor)}`}`]),
    ...(start === undefined ? [] : [`start ${place(start.index, start.term)}`]),
    ...entries.map(({ index, term }) => `entry ${place(index, term)}`),
    ...(voters === undefined ? [] : [`voters ${decodeVoterSet(voters).map(nameOf).join(' ')}`]),
  ].join('; ');
};

const effectText = (effect: RaftEffect): string => {
  switch (effect.kind) {
    case 'write':
      return `write ${effect.token}: ${writeText(effect.write)}`;
    case 'send': {
      const waits = effect.after === undefined ? '' : `, after write ${effect.after}`;
      return `to ${nameOf(effect.to)}${waits}: ${messageText(effect.message)}`;
    }
    case 'committed':
      return `committed up to ${effect.index}`;
    case 'leadership': {
      const { state } = effect;
      const whose = state.kind === 'follower' ? ` of ${nameOf(state.leader)}` : '';
      return `tell the host: ${state.kind}${whose} in term ${state.term}`;
    }
    case 'readable':
      return `read ${effect.id} at ${effect.index}`;
    case 'unreadable':
      return `read ${effect.id} elsewhere`;
    case 'membership':
      return `change ${effect.id}: ${effect.outcome}`;
    case 'serve-chunk':
      return `serve ${nameOf(effect.to)} the snapshot from byte ${effect.position}`;
    case 'begin-snapshot':
      return `begin a file for the snapshot ${place(effect.snapshot.index, effect.snapshot.term)}`;
    case 'store-chunk':
      return `store the snapshot up to byte ${effect.position + effect.bytes.length}${effect.isLast ? ', the last' : ''}`;
    case 'abandon-snapshot':
      return `give up the snapshot ${place(effect.snapshot.index, effect.snapshot.term)}`;
    case 'restore':
      return `replace the state by the snapshot ${place(effect.snapshot.index, effect.snapshot.term)}`;
    default:
      return assertNever(effect);
  }
};

const inputText = (input: RaftInput | undefined): string => {
  switch (input?.kind) {
    case undefined:
      return 'starts';
    case 'received':
      return `from ${nameOf(input.from)}: ${messageText(input.message)}`;
    case 'durable':
      return `write ${input.token} is durable`;
    case 'propose':
      return `propose ${input.bytes.toString()}`;
    case 'read':
      return `read ${input.id}`;
    case 'peer-lost':
      return `n${input.nodeId} is gone`;
    case 'peer-found':
    case 'learner-found':
    case 'learner-lost':
      return `${input.kind.replace('-', ' ')}: ${nameOf(input.key)}`;
    case 'transfer':
      return `hand over to ${input.to === undefined ? 'whoever has most' : `n${input.to}`}`;
    case 'change-membership':
      return `change ${input.id}: ${input.change.kind} ${nameOf(input.change.voter)}`;
    case 'chunk-stored':
      return `the snapshot is stored up to byte ${input.endPosition}`;
    case 'snapshot-taken':
    case 'snapshot-stored':
    case 'snapshot-failed':
      return `${input.kind.replace('-', ' ')}: ${place(input.index, input.term)}`;
    case 'woken':
    case 'trim':
      return input.kind;
  }
};

/** What replicas did, in order, as lines that a reviewer can follow. Steps without a consequence are left out. */
export class ExampleTrace {
  readonly #lines: string[] = [];
  readonly #quorum: ExampleQuorum;
  readonly #roles = new Map<number, string>();

  constructor(quorum: ExampleQuorum) {
    this.#quorum = quorum;
    for (const { key, raft } of quorum.replicas.values()) this.#roles.set(key.nodeId, raft.roleKind);
  }

  /** Writes down what happens within; `title` says what that is. */
  during(title: string, what: () => void): void {
    this.#lines.push(`# ${title}`);
    this.#quorum.watch = (step) => this.#add(step);
    what();
    this.#quorum.watch = undefined;
    this.#lines.push('');
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  #add({ atMs, replica, input, effects }: TakenStep): void {
    const { nodeId } = replica.key;
    const { roleKind, term } = replica.raft;
    const hasChanged = this.#roles.get(nodeId) !== roleKind;
    this.#roles.set(nodeId, roleKind);
    if (effects.length === 0 && !hasChanged) return;
    this.#lines.push(`${atMs.toFixed(1).padStart(8)}  n${nodeId}  ${inputText(input)}`);
    if (hasChanged) this.#lines.push(`${' '.repeat(14)}  is ${roleKind} in term ${term}`);
    for (const effect of effects) this.#lines.push(`${' '.repeat(14)}  ${effectText(effect)}`);
  }
}
