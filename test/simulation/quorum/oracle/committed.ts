import { createController, decodeRecords, stateHash } from '@kafkaesque/metadata';
import type { Controller, ControllerSettings } from '@kafkaesque/metadata';
import { decodeVoterSet } from '@kafkaesque/protocol';
import type { VoterSet } from '@kafkaesque/protocol';
import { entryTypes } from '@kafkaesque/raft';
import type { LogEntry } from '@kafkaesque/raft';
import { Violation } from '../../runner/suite';

interface CommittedEntry {
  readonly term: number;
  /** Of the leader that was first to commit it. */
  readonly committedIn: number;
  readonly chain: number;
  /** Of the metadata after it; applied by the oracle itself, in order. */
  readonly stateHash: string;
}

/** Everything that was ever committed, in order: what all nodes must agree on for ever. */
export class Committed {
  readonly #entries: (CommittedEntry | undefined)[] = [undefined];
  readonly #voterSets: { readonly index: number; readonly voters: VoterSet }[];
  readonly #controller: Controller;
  /** Topics that were committed, ever, by id: the offset of their creation. */
  readonly topicOffsets = new Map<string, number>();
  /** Told of each creation that is committed. */
  createdTopic: (topicId: string, offset: number) => void = () => undefined;

  constructor(settings: ControllerSettings, voters: VoterSet) {
    this.#controller = createController(settings);
    this.#voterSets = [{ index: 0, voters }];
    this.#entries[0] = {
      term: 0,
      committedIn: 0,
      chain: 0,
      stateHash: stateHash(this.#controller.committed),
    };
  }

  get lastIndex(): number {
    return this.#entries.length - 1;
  }

  get image(): Controller['committed'] {
    return this.#controller.committed;
  }

  at(index: number): CommittedEntry | undefined {
    return this.#entries[index];
  }

  /** The last entry that was committed in an earlier term than this one: every leader of this term has it. */
  lastBefore(term: number): number {
    let index = this.lastIndex;
    while (index > 0 && (this.#entries[index]?.committedIn ?? 0) >= term) index -= 1;
    return index;
  }

  /** The voters in force at a committed entry. */
  votersAt(index: number): VoterSet {
    return this.#voterSets.findLast((set) => set.index <= index)?.voters ?? [];
  }

  /** The next entry is committed, by whoever was first. */
  append(entry: LogEntry, chain: number, committedIn: number): void {
    const { index, term, type, bytes } = entry;
    if (index !== this.#entries.length)
      throw new Violation(
        'R6 state-machine safety',
        `entry ${index} is committed, and ${this.#entries.length} is not`,
      );
    const records = type === entryTypes.records ? decodeRecords(bytes) : [];
    for (const record of records) {
      if (record.kind !== 'TopicRecord') continue;
      this.topicOffsets.set(record.value.topicId, index);
      this.createdTopic(record.value.topicId, index);
    }
    if (type === entryTypes.voters) this.#voterSets.push({ index, voters: decodeVoterSet(bytes) });
    this.#controller.apply({ offset: index, epoch: term, records });
    this.#entries.push({ term, committedIn, chain, stateHash: stateHash(this.#controller.committed) });
  }
}
