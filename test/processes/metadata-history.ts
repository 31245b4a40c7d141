/** What a topic is, or any other resource that has configs; absent: it is not there. */
export interface Entity {
  /** Undefined: whoever made it was not told. */
  readonly topicId: string | undefined;
  readonly partitions: number;
  /** Those that were set, by key. */
  readonly configs: Readonly<Record<string, string>>;
}

export type EntityState = Entity | 'absent';

/** What a client asked for, of one entity. */
export type Change =
  | { readonly kind: 'create'; readonly partitions: number; readonly configs: Entity['configs'] }
  | { readonly kind: 'delete' }
  /** Null: back to the default. All of them at once, or none. */
  | { readonly kind: 'alter'; readonly configs: Readonly<Record<string, string | null>> }
  | { readonly kind: 'grow'; readonly partitions: number }
  | { readonly kind: 'read' };

/**
 * What the client was told. `done`: it has happened. `refused`: it has not, and will not. `unknown`: it may have happened,
 * may happen later, or never.
 */
export type Told =
  | { readonly kind: 'done'; readonly topicId?: string; readonly seen?: EntityState }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown' };

/** One request of one client. Times are milliseconds of one clock; what was told of an `unknown` has no end. */
export interface Operation {
  readonly entity: string;
  readonly change: Change;
  readonly told: Told;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** An entity whose history nothing that kept its promises can have told. */
export interface Violation {
  readonly entity: string;
  readonly what: string;
  /** All that happened to it, by start. */
  readonly operations: readonly Operation[];
}

/** What a history is judged by. */
export interface HistoryOptions {
  /** What each entity was before everything else. Default: absent. */
  readonly initially?: (entity: string) => EntityState;
}

/**
 * Looks for an order of all operations in which each takes effect at one moment between its start and its end, and
 * everybody was told the truth (Wing and Gong, with Lowe's memory of what was tried). Entities are independent of
 * each other. Pure; a violation for each entity without such an order.
 */
export const checkHistory = (
  operations: readonly Operation[],
  { initially = () => 'absent' }: HistoryOptions = {},
): readonly Violation[] => {
  const byEntity = new Map<string, Operation[]>();
  for (const operation of operations) {
    const known = byEntity.get(operation.entity);
    if (known === undefined) byEntity.set(operation.entity, [operation]);
    else known.push(operation);
  }
  return [...byEntity].flatMap(([entity, own]) => {
    const sorted = own.toSorted((a, b) => a.startedMs - b.startedMs);
    const what = new Search(sorted).refutation(initially(entity));
    return what === undefined ? [] : [{ entity, what, operations: sorted }];
  });
};

/** States that were tried before a history is given up as too tangled: no run comes near it. */
const MOST_TRIED = 500_000;

class Search {
  readonly #operations: readonly Operation[];
  readonly #tried = new Set<string>();
  /** The longest way that was found, to tell where it ended. */
  #furthest: { readonly done: number; readonly state: EntityState; readonly stuck: Operation | undefined } = {
    done: -1,
    state: 'absent',
    stuck: undefined,
  };

  constructor(operations: readonly Operation[]) {
    this.#operations = operations;
  }

  /** A sentence, when there is no order; undefined when there is one. */
  refutation(initial: EntityState): string | undefined {
    if (this.#from(new Set(), initial)) return undefined;
    if (this.#tried.size >= MOST_TRIED) return 'too many operations at once to find an order of them';
    const { state, stuck } = this.#furthest;
    return stuck === undefined
      ? 'there is no order in which everybody was told the truth'
      : `no order explains what was told of ${described(stuck)}; before it, at best: ${JSON.stringify(state)}`;
  }

  #from(done: Set<number>, state: EntityState): boolean {
    const key = `${[...done].sort((a, b) => a - b).join()}|${JSON.stringify(state)}`;
    if (this.#tried.has(key)) return false;
    this.#tried.add(key);
    if (this.#tried.size >= MOST_TRIED) return false;
    const open = this.#operations.flatMap((operation, at) => (done.has(at) ? [] : [{ operation, at }]));
    const mustBe = open.filter(({ operation }) => operation.told.kind !== 'unknown');
    if (mustBe.length === 0) return true;
    const firstEndMs = Math.min(...mustBe.map(({ operation }) => operation.endedMs));
    const next = open.filter(({ operation }) => operation.startedMs <= firstEndMs);
    if (done.size > this.#furthest.done) {
      const stuck = mustBe.find(({ operation }) => operation.endedMs === firstEndMs)?.operation;
      this.#furthest = { done: done.size, state, stuck };
    }
    // What is certain first: of the uncertain as little as explains it.
    const certainFirst = next.toSorted((a, b) => rank(a.operation) - rank(b.operation));
    return certainFirst.some(({ operation, at }) => {
      const after = applied(operation, state);
      return after !== undefined && this.#from(new Set([...done, at]), after);
    });
  }
}

const rank = ({ told }: Operation): number => (told.kind === 'unknown' ? 1 : 0);

/** What the entity is after the operation; undefined: it cannot have been told this of that state. */
const applied = ({ change, told }: Operation, state: EntityState): EntityState | undefined => {
  switch (told.kind) {
    case 'refused':
      return isTrueRefusal(told.code, change, state) ? state : undefined;
    case 'unknown':
      // Where it has no effect it may as well not have happened.
      return effectOf(change, state, undefined);
    case 'done':
      if (change.kind === 'read') return read(told.seen ?? 'absent', state);
      // A deletion that is sent again, and finds that somebody else was faster, is done.
      if (change.kind === 'delete' && state === 'absent') return state;
      return effectOf(change, state, told.topicId);
  }
};

/** Refusals for other reasons than what the entity is say nothing about it. */
const isTrueRefusal = (code: string, { kind }: Change, state: EntityState): boolean => {
  if (code === 'TOPIC_ALREADY_EXISTS') return state !== 'absent';
  if (code === 'UNKNOWN_TOPIC_OR_PARTITION') return state === 'absent';
  if (code === 'INVALID_PARTITIONS' && kind === 'grow') return state !== 'absent';
  return true;
};

const effectOf = (
  change: Change,
  state: EntityState,
  topicId: string | undefined,
): EntityState | undefined => {
  if (change.kind === 'create')
    return state === 'absent'
      ? { topicId, partitions: change.partitions, configs: sorted(change.configs) }
      : undefined;
  if (state === 'absent') return undefined;
  switch (change.kind) {
    case 'delete':
      return 'absent';
    case 'grow':
      return change.partitions > state.partitions ? { ...state, partitions: change.partitions } : undefined;
    case 'alter':
      return { ...state, configs: sorted({ ...state.configs, ...change.configs }) };
    case 'read':
      return state;
  }
};

/** What was seen, if it is what is there. The id of a topic becomes known when somebody sees it. */
const read = (seen: EntityState, state: EntityState): EntityState | undefined => {
  if (seen === 'absent' || state === 'absent') return seen === state ? state : undefined;
  const isSame =
    (state.topicId === undefined || state.topicId === seen.topicId) &&
    state.partitions === seen.partitions &&
    JSON.stringify(sorted(state.configs)) === JSON.stringify(sorted(seen.configs));
  return isSame ? { ...state, topicId: seen.topicId } : undefined;
};

/** In one order, without what is at its default: equal states have equal texts. */
const sorted = (configs: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(configs)
      .filter((entry): entry is [string, string] => entry[1] !== null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** An operation as a sentence about it. */
export const described = ({ change, told, startedMs, endedMs }: Operation): string => {
  const { kind, ...asked } = change;
  const { kind: outcome, ...answer } = told;
  const end = Number.isFinite(endedMs) ? Math.round(endedMs) : '?';
  return `${kind} ${JSON.stringify(asked)} → ${outcome} ${JSON.stringify(answer)} (${Math.round(startedMs)}–${end} ms)`;
};
