import { Violation } from '../../runner/suite';
import type { DurableLog } from './durable-log';
import { keyOf } from './watched-raft';
import type { WatchedRaft } from './watched-raft';

const votedFor = ({ hardState }: DurableLog): string | undefined =>
  hardState.votedFor === null ? undefined : keyOf(hardState.votedFor);

const nodeOf = (replica: string): string => replica.slice(0, replica.indexOf('@'));

/** R1, R2, R11: who voted for whom, and who leads which term. */
export class Elections {
  /** By term: what each voter, known by node and disk, has promised. */
  readonly #votes = new Map<number, Map<string, string>>();
  /** The highest term in which each voter has voted. */
  readonly #lastVote = new Map<string, number>();
  readonly #leaders = new Map<number, string>();
  #count = 0;

  /** Elections that were won. */
  get count(): number {
    return this.#count;
  }

  get highestTerm(): number {
    return Math.max(0, ...this.#leaders.keys());
  }

  leaderOf(term: number): string | undefined {
    return this.#leaders.get(term);
  }

  /** A voter's answer leaves, or a candidate stands for election: a promise for ever. */
  voted(term: number, voter: string, candidate: string): void {
    let votes = this.#votes.get(term);
    if (votes === undefined) this.#votes.set(term, (votes = new Map<string, string>()));
    const before = votes.get(voter);
    if (before !== undefined && before !== candidate)
      throw new Violation('R2 one vote', `${voter} voted for ${before} and for ${candidate} in term ${term}`);
    votes.set(voter, candidate);
    this.#lastVote.set(voter, Math.max(term, this.#lastVote.get(voter) ?? 0));
  }

  /** A granted vote leaves, or a candidate asks for votes: its disk must hold its promise already. */
  voteSent(term: number, voter: string, candidate: string, durable: DurableLog): void {
    this.voted(term, voter, candidate);
    const { hardState } = durable;
    if (hardState.term > term || (hardState.term === term && votedFor(durable) === candidate)) return;
    throw new Violation(
      'R2 one vote',
      `${voter} sent its vote for ${candidate} in term ${term} while its disk held term ${hardState.term} and a vote for ${votedFor(durable) ?? 'nobody'}`,
    );
  }

  /** An answer says that its sender has voted for the node to which it goes. */
  answerSent(term: number, voter: string, to: string, durable: DurableLog): void {
    const promised = votedFor(durable);
    // The disk for which it voted may have been replaced meanwhile: the answer says nothing to its successor.
    const isReplaced = promised !== undefined && nodeOf(promised) === nodeOf(to) && promised !== to;
    this.voteSent(term, voter, isReplaced && durable.hardState.term === term ? promised : to, durable);
  }

  /** A replica starts: it must know what it has promised. */
  restored(watched: WatchedRaft): void {
    const { key, raft } = watched;
    const term = this.#lastVote.get(key) ?? 0;
    if (raft.term < term)
      throw new Violation(
        'R2 one vote',
        `${key} voted in term ${term} and starts again in term ${raft.term}`,
      );
    if (raft.term > term) return;
    const promised = this.#votes.get(term)?.get(key);
    const known = raft.votedFor === null ? undefined : keyOf(raft.votedFor);
    if (promised !== undefined && known !== promised)
      throw new Violation(
        'R2 one vote',
        `${key} voted for ${promised} in term ${term} and starts again with a vote for ${known ?? 'nobody'}`,
      );
  }

  /** A replica leads: alone in its term, and by the votes of a majority of those who had one. */
  leads(term: number, leader: string, voters: readonly string[]): void {
    const other = this.#leaders.get(term);
    if (other === leader) return;
    if (other !== undefined)
      throw new Violation('R1 election safety', `${other} and ${leader} lead term ${term}`);
    this.#leaders.set(term, leader);
    this.#count += 1;
    const votes = this.#votes.get(term);
    const granted = voters.filter((voter) => votes?.get(voter) === leader);
    if (granted.length * 2 > voters.length) return;
    throw new Violation(
      'R11 identity',
      `${leader} leads term ${term} with the votes of ${granted.join(', ') || 'nobody'}, no majority of ${voters.join(', ')}`,
    );
  }
}
