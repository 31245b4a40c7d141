import type { Random } from '@kafkaesque/kernel';
import { ModelDirectory, ModelFile, Odds, TORN } from './journal-model-disk';

/*
 * The journal's rules (ARCHITECTURE section 7) as a model that can be read at one sitting: a few logs, one batch an
 * offset, one cell a batch or round. Every rule can be left out; the test shows that each is then missed.
 */
export const modelRules = [
  /** 1: a round is acknowledged when its flush has returned. */
  'flush the round',
  /** 2: settled means that the segments' bytes are flushed … */
  'flush segments',
  /** … and their names … */
  'flush names',
  /** … and that a flush covers what was written before it began. */
  'settle what was written before the flush',
  /** 3: a checkpoint is durable before the journal files that it voids go. */
  'checkpoint before dropping',
  /** 3: what lies below the checkpoint's start of the journal is never read. */
  'start of the journal',
  /** 3, 6: a file that is being made is not among the void ones, although no round is in it yet. */
  'spare the file being made',
  /** 4: a truncation is in the journal before the files show it. */
  'journal before cutting',
  /** 6: what lies behind the end that the next file names is void. */
  'named end',
  /** 6, 11: after a failed write nothing is appended behind it. */
  'abandon the failed file',
  /** 9: the last round is written again and flushed before anything is done by it. */
  'rewrite the last round',
  /** 9: what recovery accepted is flushed before the journal is void. */
  'flush what was recovered',
  /** 9: old files are void before a new one takes rounds. */
  'void before a new file',
] as const;
export type ModelRule = (typeof modelRules)[number];

/** What the model saw is not what it must be. */
export class ModelViolation extends Error {
  override readonly name = 'ModelViolation';
}

const SEGMENT_BATCHES = 3;
const JOURNAL_ROUNDS = 4;
const LOGS = 3;

interface Batch {
  readonly log: number;
  readonly offset: number;
  readonly id: number;
}
type Entry =
  | { readonly kind: 'append'; readonly batch: Batch; readonly segment: number; readonly slot: number }
  | {
      readonly kind: 'truncate';
      readonly log: number;
      readonly offset: number;
      readonly segment: number;
      readonly slot: number;
    };
type JournalCell =
  | { readonly kind: 'head'; readonly previous: number; readonly previousEnd: number }
  | { readonly kind: 'round'; readonly lsn: number; readonly entries: readonly Entry[] };
interface CheckpointCell {
  readonly journalStart: number;
  readonly lastLsn: number;
  readonly logs: ReadonlyMap<number, { readonly settledLsn: number; readonly durableEnd: number }>;
}

type Segments = ModelDirectory<number, ModelFile<Batch>>;

/** An entry whose round is durable, on its way into the segments. */
interface Unsettled {
  readonly lsn: number;
  readonly file: number;
  readonly entry: Entry;
  /** The files show it. */
  shown: boolean;
}

interface ModelLog {
  readonly id: number;
  batches: { readonly batch: Batch; readonly segment: number; readonly slot: number }[];
  acked: number;
  unsettled: Unsettled[];
  settledLsn: number;
  durableEnd: number;
  /** A foreground step is at it. */
  busy: boolean;
}

/** What those who use a log know: what it must hold, or may hold instead while a truncation is under way. */
interface Truth {
  ids: number[];
  acked: number;
  truncatedTo: number | undefined;
}

interface JournalState {
  number: number;
  file: ModelFile<JournalCell>;
  length: number;
  failed: boolean;
}

class NoSpace extends Error {}

type Step = Generator<undefined, void>;

/** One machine: the disk outlives the process, whose every step may be its last. */
export class JournalModel {
  readonly #random: Random;
  readonly #omitted: ReadonlySet<ModelRule>;
  readonly #noSpace: number;
  readonly #topics = new ModelDirectory<number, Segments>();
  readonly #journalDirectory = new ModelDirectory<number, ModelFile<JournalCell>>();
  readonly #top = new ModelDirectory<string, ModelFile<CheckpointCell>>();
  readonly #truth: Truth[] = Array.from({ length: LOGS }, () => ({
    ids: [],
    acked: 0,
    truncatedTo: undefined,
  }));
  #ids = 0;
  #logs: ModelLog[] = [];
  #lastLsn = 0;
  #files: number[] = [];
  #nextFile = 0;
  #journal: JournalState | undefined;
  #opening: number | undefined;

  constructor(random: Random, omitted: readonly ModelRule[]) {
    this.#random = random;
    this.#omitted = new Set(omitted);
    this.#noSpace = [0, 0, 0.03][random.below(3)] ?? 0;
  }

  /** Lives until chance ends it. Returns how many crashes were survived; throws a `ModelViolation`. */
  run(lives: number): number {
    let crashes = 0;
    for (let life = 0; life < lives; life++) {
      for (let recovery = this.#recover(); recovery.next().done !== true;)
        if (this.#chance(0.02)) {
          this.#crash();
          crashes += 1;
          recovery = this.#recover();
        }
      this.#check();
      this.#live();
      this.#crash();
      crashes += 1;
    }
    return crashes;
  }

  #holds(rule: ModelRule): boolean {
    return !this.#omitted.has(rule);
  }

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  #crash(): void {
    if (this.#chance(0.25)) return; // killed: what it wrote stays readable, until power goes
    const odds = new Odds(this.#random);
    for (const directory of [this.#top, this.#journalDirectory, this.#topics]) directory.losePower(odds);
  }

  #live(): void {
    const dying = [0.01, 0.03, 0.1][this.#random.below(3)] ?? 0.03;
    let foreground: Step | undefined;
    let background: Step | undefined;
    while (!this.#chance(dying)) {
      foreground ??= this.#chance(0.85) ? this.#round() : this.#truncate();
      if (background === undefined && this.#chance(0.5))
        background = this.#chance(0.7) ? this.#settle() : this.#checkpoint();
      if (background !== undefined && this.#chance(0.5)) {
        if (background.next().done === true) background = undefined;
      } else if (foreground.next().done === true) foreground = undefined;
    }
  }

  // --- the process ---

  *#round(): Step {
    const entries: Entry[] = [];
    const logs = this.#logs.filter((log) => !log.busy && this.#chance(0.6));
    for (const log of logs) {
      log.busy = true;
      for (let count = 1 + this.#random.below(2); count > 0; count--) entries.push(this.#place(log));
    }
    if (entries.length === 0) return;
    try {
      const lsn = yield* this.#journalRound(entries);
      for (const log of logs) {
        for (const entry of entries)
          if (entry.kind === 'append' && entry.batch.log === log.id)
            log.unsettled.push({ lsn, file: this.#journal?.number ?? 0, entry, shown: false });
        log.acked = log.batches.length;
        this.#truthOf(log).acked = log.acked;
      }
    } catch (error) {
      if (!(error instanceof NoSpace)) throw error;
      // Until the failed frame is void, a crash may still make it true.
      if (this.#holds('abandon the failed file')) yield* this.#openJournalFile();
      for (const log of logs) {
        log.batches.length = log.acked;
        this.#truthOf(log).ids.length = log.acked;
      }
    }
    for (const log of logs) log.busy = false;
  }

  #place(log: ModelLog): Entry {
    const offset = log.batches.length;
    const batch = { log: log.id, offset, id: ++this.#ids };
    const last = log.batches[offset - 1];
    const rolls = last === undefined || last.slot + 1 === SEGMENT_BATCHES;
    const place = { batch, segment: rolls ? offset : last.segment, slot: rolls ? 0 : last.slot + 1 };
    log.batches.push(place);
    this.#truthOf(log).ids.push(batch.id);
    return { kind: 'append', ...place };
  }

  *#journalRound(entries: readonly Entry[]): Generator<undefined, number> {
    const current = this.#journal;
    if (
      current === undefined ||
      current.length > JOURNAL_ROUNDS ||
      (current.failed && this.#holds('abandon the failed file'))
    )
      yield* this.#openJournalFile();
    const journal = this.#journal;
    if (journal === undefined) throw new ModelViolation('a round has a file');
    const lsn = ++this.#lastLsn;
    journal.file.write(journal.length, [{ kind: 'round', lsn, entries }]);
    if (this.#chance(this.#noSpace)) {
      journal.failed = true;
      // Another try may land anywhere behind the end: the failed frame stays where it is.
      if (!this.#holds('abandon the failed file')) journal.length += 1;
      throw new NoSpace();
    }
    yield;
    if (this.#holds('flush the round')) journal.file.sync();
    yield;
    journal.length += 1;
    return lsn;
  }

  *#openJournalFile(): Step {
    const previous = this.#journal;
    const number = this.#nextFile++;
    const file = new ModelFile<JournalCell>();
    this.#opening = number;
    this.#journalDirectory.add(number, file);
    yield;
    file.write(0, [{ kind: 'head', previous: previous?.number ?? -1, previousEnd: previous?.length ?? 0 }]);
    yield;
    file.sync();
    yield;
    this.#journalDirectory.sync();
    this.#journal = { number, file, length: 1, failed: false };
    this.#opening = undefined;
    this.#files.push(number);
  }

  *#truncate(): Step {
    const log = this.#logs[this.#random.below(LOGS)];
    if (log === undefined || log.busy) return;
    log.busy = true;
    const offset = this.#random.below(log.batches.length + 1);
    const at = log.batches[offset];
    const last = log.batches[offset - 1];
    const place =
      at ?? (last === undefined ? { segment: 0, slot: 0 } : { segment: last.segment, slot: last.slot + 1 });
    const entry = {
      kind: 'truncate',
      log: log.id,
      offset,
      segment: place.segment,
      slot: place.slot,
    } as const;
    this.#truthOf(log).truncatedTo = offset;
    if (!this.#holds('journal before cutting')) {
      this.#cut(log, entry);
      yield;
    }
    try {
      const lsn = yield* this.#journalRound([entry]);
      const truth = this.#truthOf(log);
      truth.ids.length = offset;
      truth.acked = offset;
      truth.truncatedTo = undefined;
      if (this.#holds('journal before cutting')) this.#cut(log, entry);
      log.unsettled.push({ lsn, file: this.#journal?.number ?? 0, entry, shown: true });
    } catch (error) {
      // It may still come true until the failed frame is void; the next round sees to that.
      if (!(error instanceof NoSpace)) throw error;
      if (this.#holds('abandon the failed file')) yield* this.#openJournalFile();
      this.#truthOf(log).truncatedTo = undefined;
    }
    log.busy = false;
  }

  #cut(log: ModelLog, entry: Extract<Entry, { kind: 'truncate' }>): void {
    for (const unsettled of log.unsettled)
      if (unsettled.entry.kind === 'append' && unsettled.entry.batch.offset >= entry.offset)
        unsettled.shown = true;
    log.batches.length = Math.min(log.batches.length, entry.offset);
    log.acked = Math.min(log.acked, entry.offset);
    log.durableEnd = Math.min(log.durableEnd, entry.offset);
    this.#cutFiles(log.id, entry);
  }

  #cutFiles(log: number, entry: Extract<Entry, { kind: 'truncate' }>): void {
    const segments = this.#topics.entries.get(log);
    for (const [base, file] of segments?.entries ?? [])
      if (base > entry.segment || (base === entry.segment && entry.slot === 0)) segments?.remove(base);
      else if (base === entry.segment) file.cut(entry.slot);
  }

  /** Writes what is pending, flushes bytes and names, and counts as settled what was shown before. */
  *#settle(): Step {
    const log = this.#logs[this.#random.below(LOGS)];
    if (log === undefined || log.busy) return;
    log.busy = true;
    for (const unsettled of log.unsettled) {
      if (unsettled.shown || unsettled.entry.kind !== 'append') continue;
      const { batch, segment, slot } = unsettled.entry;
      this.#segmentFile(log.id, segment).write(slot, [batch]);
      unsettled.shown = true;
      yield;
    }
    log.busy = false;
    const covered = log.unsettled.filter((unsettled) => unsettled.shown);
    const coveredEnd = log.acked;
    const segments = this.#topics.entries.get(log.id);
    for (const file of segments?.entries.values() ?? []) {
      if (this.#holds('flush segments')) file.sync();
      yield;
    }
    if (this.#holds('flush names')) {
      segments?.sync();
      yield;
      this.#topics.sync();
    }
    yield;
    const late = !this.#holds('settle what was written before the flush');
    const done = new Set(late ? log.unsettled.filter(({ shown }) => shown || this.#chance(0.5)) : covered);
    const undone = log.unsettled.findIndex((unsettled) => !done.has(unsettled));
    const settled = log.unsettled.splice(0, undone < 0 ? log.unsettled.length : undone);
    const lastLsn = settled[settled.length - 1]?.lsn;
    // A round settles as a whole.
    if (lastLsn !== undefined) log.settledLsn = log.unsettled[0]?.lsn === lastLsn ? lastLsn - 1 : lastLsn;
    if (log.unsettled.length === 0 && log.acked >= coveredEnd) log.durableEnd = coveredEnd;
  }

  #segmentFile(log: number, base: number): ModelFile<Batch> {
    let segments = this.#topics.entries.get(log);
    if (segments === undefined) this.#topics.add(log, (segments = new ModelDirectory()));
    let file = segments.entries.get(base);
    if (file === undefined) segments.add(base, (file = new ModelFile()));
    return file;
  }

  *#checkpoint(): Step {
    const opening = this.#holds('spare the file being made') ? this.#opening : undefined;
    const journalStart = Math.min(
      this.#journal?.number ?? opening ?? this.#nextFile,
      ...this.#logs.flatMap((log) => log.unsettled.map((unsettled) => unsettled.file)),
    );
    const cell = this.#checkpointCell(journalStart);
    const drop = (): void => {
      for (const number of this.#files) if (number < journalStart) this.#journalDirectory.remove(number);
      this.#files = this.#files.filter((number) => number >= journalStart);
    };
    if (!this.#holds('checkpoint before dropping')) {
      drop();
      yield;
    }
    yield* this.#writeCheckpoint(cell);
    drop();
  }

  #checkpointCell(journalStart: number): CheckpointCell {
    const logs = this.#logs.map(
      ({ id, settledLsn, durableEnd }) => [id, { settledLsn, durableEnd }] as const,
    );
    return { journalStart, lastLsn: this.#lastLsn, logs: new Map(logs) };
  }

  *#writeCheckpoint(cell: CheckpointCell): Step {
    const file = new ModelFile<CheckpointCell>();
    file.write(0, [cell]);
    yield;
    file.sync();
    yield;
    this.#top.add('checkpoint', file);
    yield;
    this.#top.sync();
    yield;
  }

  // --- recovery ---

  *#recover(): Step {
    const found = this.#top.entries.get('checkpoint')?.cells[0];
    const checkpoint: CheckpointCell =
      found === undefined || found === TORN ? { journalStart: 0, lastLsn: 0, logs: new Map() } : found;
    const numbers = [...this.#journalDirectory.entries.keys()].sort((a, b) => a - b);
    const live = numbers.filter(
      (number) => number >= checkpoint.journalStart || !this.#holds('start of the journal'),
    );
    const rounds = this.#readRounds(live);
    const last = rounds[rounds.length - 1];
    if (last !== undefined && this.#holds('rewrite the last round')) {
      last.file.write(last.at, [last.cell]);
      yield;
      last.file.sync();
      yield;
      this.#journalDirectory.sync();
    }
    this.#lastLsn = Math.max(checkpoint.lastLsn, ...rounds.map(({ cell }) => cell.lsn));
    this.#nextFile = Math.max(checkpoint.journalStart - 1, ...numbers, -1) + 1;
    this.#logs = [];
    for (let id = 0; id < LOGS; id++) {
      const listed = checkpoint.logs.get(id) ?? { settledLsn: 0, durableEnd: 0 };
      let { durableEnd } = listed;
      let journalEnd = 0;
      for (const { cell } of rounds)
        for (const entry of cell.entries) {
          if (cell.lsn <= listed.settledLsn || (entry.kind === 'append' ? entry.batch.log : entry.log) !== id)
            continue;
          yield;
          if (entry.kind === 'append') {
            this.#segmentFile(id, entry.segment).write(entry.slot, [entry.batch]);
            journalEnd = entry.batch.offset + 1;
          } else {
            this.#cutFiles(id, entry);
            journalEnd = Math.min(journalEnd, entry.offset);
            durableEnd = Math.min(durableEnd, entry.offset);
          }
        }
      const batches = yield* this.#scan(id);
      if (batches.length < Math.max(durableEnd, journalEnd))
        throw new ModelViolation(
          `log ${id} ends at ${batches.length}, durable to ${durableEnd}, in the journal to ${journalEnd}`,
        );
      this.#logs.push({
        id,
        batches,
        acked: batches.length,
        unsettled: [],
        settledLsn: this.#lastLsn,
        durableEnd: batches.length,
        busy: false,
      });
    }
    this.#journal = undefined;
    this.#opening = undefined;
    this.#files = [];
    const voidAll = this.#checkpointCell(this.#nextFile);
    if (!this.#holds('void before a new file')) yield* this.#openJournalFile();
    if (this.#holds('void before a new file') || this.#chance(0.5)) yield* this.#writeCheckpoint(voidAll);
    for (const number of numbers) this.#journalDirectory.remove(number);
  }

  #readRounds(numbers: readonly number[]): readonly {
    readonly file: ModelFile<JournalCell>;
    readonly at: number;
    readonly cell: Extract<JournalCell, { kind: 'round' }>;
  }[] {
    const rounds = [];
    for (const number of numbers) {
      const file = this.#journalDirectory.entries.get(number);
      const head = file?.cells[0];
      if (file === undefined || head === undefined || head === TORN || head.kind !== 'head') continue;
      const end = this.#namedEnd(numbers, number) ?? file.cells.length;
      for (let at = 1; at < end; at++) {
        const cell = file.cells[at];
        if (cell === undefined || cell === TORN || cell.kind !== 'round') {
          if (end < file.cells.length) throw new ModelViolation(`journal file ${number} is damaged at ${at}`);
          break;
        }
        rounds.push({ file, at, cell });
      }
    }
    return rounds;
  }

  #namedEnd(numbers: readonly number[], number: number): number | undefined {
    if (!this.#holds('named end')) return undefined;
    for (const other of numbers) {
      const head = this.#journalDirectory.entries.get(other)?.cells[0];
      if (head !== undefined && head !== TORN && head.kind === 'head' && head.previous === number)
        return head.previousEnd;
    }
    return undefined;
  }

  /** Takes batches in order until one is missing, and removes what lies behind. */
  *#scan(id: number): Generator<undefined, ModelLog['batches']> {
    const segments = this.#topics.entries.get(id);
    const batches: ModelLog['batches'] = [];
    let torn = false;
    for (const base of [...(segments?.entries.keys() ?? [])].sort((a, b) => a - b)) {
      const file = segments?.entries.get(base);
      if (segments === undefined || file === undefined) continue;
      let slot = 0;
      while (!torn && base === batches.length - slot && slot < file.cells.length) {
        const batch = file.cells[slot];
        if (batch === undefined || batch === TORN || batch.offset !== batches.length) break;
        batches.push({ batch, segment: base, slot: slot++ });
      }
      if (slot < file.cells.length) torn = true;
      if (slot === 0) segments.remove(base);
      else file.cut(slot);
      yield;
      if (this.#holds('flush what was recovered')) file.sync();
    }
    if (this.#holds('flush what was recovered')) {
      segments?.sync();
      yield;
      this.#topics.sync();
    }
    return batches;
  }

  // --- the judge ---

  #truthOf(log: ModelLog): Truth {
    const truth = this.#truth[log.id];
    if (truth === undefined) throw new ModelViolation('every log has a truth');
    return truth;
  }

  #check(): void {
    for (const log of this.#logs) {
      const truth = this.#truthOf(log);
      const ids = log.batches.map(({ batch }) => batch.id);
      const isPrefix = ids.every((id, offset) => id === truth.ids[offset]);
      const asItWas = isPrefix && ids.length >= truth.acked;
      const asTruncated = isPrefix && ids.length === truth.truncatedTo;
      if (!asItWas && !asTruncated)
        throw new ModelViolation(
          `log ${log.id} holds ${ids.join(' ')}; it was acknowledged to ${truth.acked} of ${truth.ids.join(' ')}, truncated to ${truth.truncatedTo ?? 'nothing'}`,
        );
      truth.ids = ids;
      truth.acked = ids.length;
      truth.truncatedTo = undefined;
    }
  }
}
