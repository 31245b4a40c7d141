import type { Decision, Effect, Now, RecordCodec, RecordPosition, ReplayedMachine, Ticket } from '../machine';

/** A register has a value; null: it was forgotten. */
export interface ToyRecord {
  readonly register: string;
  readonly value: number | null;
}

export type ToyRequest =
  | { readonly kind: 'write'; readonly register: string; readonly value: number; readonly padding?: number }
  /** As `write`; where it is refused, those who await the register are told. */
  | { readonly kind: 'announced-write'; readonly register: string; readonly value: number }
  /** Adds to what is there: only right when it sees every earlier write. */
  | { readonly kind: 'add'; readonly register: string; readonly by: number }
  | { readonly kind: 'read'; readonly register: string }
  /** What is committed of a register: waits for nothing that came later. */
  | { readonly kind: 'read-committed'; readonly register: string }
  /** Answered by the next write of that register. */
  | { readonly kind: 'await'; readonly register: string }
  /** Forgets the register at that time. */
  | { readonly kind: 'forget-at'; readonly register: string; readonly atMs: number }
  /** Forgets all of them, in as many batches as it takes. */
  | { readonly kind: 'forget-all'; readonly isDivisible: boolean }
  | { readonly kind: 'fail' };

export type ToyAnswer =
  | { readonly kind: 'value'; readonly value: number | null }
  | { readonly kind: 'error'; readonly errorCode: number };

type ToyDecision = Decision<ToyRecord, ToyAnswer>;

/** Longer names for the padding of records: a batch is full sooner. */
const padded = (register: string, padding = 0): string => register + '.'.repeat(padding);

/** Registers: the smallest machine that reads what it wrote, waits, and has timers. */
export class ToyMachine implements ReplayedMachine<ToyRecord, ToyRequest, ToyAnswer> {
  readonly registers = new Map<string, number>();
  readonly positions: RecordPosition[] = [];
  readonly ends: { readonly isCommitted: boolean; readonly producerId: number }[] = [];
  #uncommitted: { readonly register: string; readonly before: number | null; readonly offset: number }[] = [];
  #committedUpTo = -1;
  readonly #waiting = new Map<string, Ticket[]>();
  readonly #mends: readonly ToyRecord[];

  /** @param mends records that it writes when it has been loaded */
  constructor(mends: readonly ToyRecord[] = []) {
    this.#mends = mends;
  }

  decide(request: ToyRequest, ticket: Ticket, _now: Now): ToyDecision {
    switch (request.kind) {
      case 'write':
        return this.#write(padded(request.register, request.padding), request.value, ticket);
      case 'announced-write':
        return {
          ...this.#write(request.register, request.value, ticket),
          refused: (errorCode) =>
            this.#woken(request.register).map((waiting) => ({
              ...{ kind: 'reply', ticket: waiting },
              answer: { kind: 'error', errorCode },
            })),
        };
      case 'add':
        return this.#write(
          request.register,
          (this.registers.get(request.register) ?? 0) + request.by,
          ticket,
        );
      case 'read':
        return { records: [], then: () => [reply(ticket, this.registers.get(request.register) ?? null)] };
      case 'read-committed': {
        const answer: ToyAnswer = { kind: 'value', value: this.#committed(request.register) };
        return { records: [], then: () => [{ kind: 'reply', ticket, answer, isCommitted: true }] };
      }
      case 'await':
        return { records: [], then: () => this.#wait(request.register, ticket) };
      case 'forget-at':
        return {
          records: [],
          then: () => [{ kind: 'set-timer', key: request.register, atMs: request.atMs }, reply(ticket, null)],
        };
      case 'forget-all':
        return {
          records: [...this.registers.keys()].map((register) => ({ register, value: null })),
          isDivisible: request.isDivisible,
          then: () => [reply(ticket, null)],
        };
      case 'fail':
        throw new Error('the toy was asked to fail');
    }
  }

  timer(key: string, _now: Now): ToyDecision {
    return { records: [{ register: key, value: null }] };
  }

  metadataChanged(_now: Now): readonly ToyDecision[] {
    return [{ records: [{ register: 'metadata', value: (this.registers.get('metadata') ?? 0) + 1 }] }];
  }

  replay({ register, value }: ToyRecord, at: RecordPosition): void {
    this.positions.push(at);
    const before = this.registers.get(register) ?? null;
    if (at.offset >= this.#committedUpTo) this.#uncommitted.push({ register, before, offset: at.offset });
    if (value === null) this.registers.delete(register);
    else this.registers.set(register, value);
  }

  replayEndOfTransaction(isCommitted: boolean, { producerId }: RecordPosition): void {
    this.ends.push({ isCommitted, producerId });
  }

  committedUpTo(offset: number): void {
    this.#committedUpTo = offset;
    this.#uncommitted = this.#uncommitted.filter((one) => one.offset >= offset);
  }

  loaded(_now: Now): readonly ToyDecision[] {
    return this.#mends.map((record) => ({ records: [record] }));
  }

  refusal(_request: ToyRequest, errorCode: number): ToyAnswer {
    return { kind: 'error', errorCode };
  }

  #committed(register: string): number | null {
    const changed = this.#uncommitted.find((one) => one.register === register);
    return changed === undefined ? (this.registers.get(register) ?? null) : changed.before;
  }

  #write(register: string, value: number, ticket: Ticket): ToyDecision {
    return {
      records: [{ register, value }],
      then: () => [
        reply(ticket, value),
        ...this.#woken(register).map((waiting) => reply(waiting, value)),
        { kind: 'cancel-timer', key: register },
      ],
    };
  }

  #wait(register: string, ticket: Ticket): readonly Effect<ToyAnswer>[] {
    this.#waiting.set(register, [...(this.#waiting.get(register) ?? []), ticket]);
    return [];
  }

  #woken(register: string): readonly Ticket[] {
    const waiting = this.#waiting.get(register) ?? [];
    this.#waiting.delete(register);
    return waiting;
  }
}

const reply = (ticket: Ticket, value: number | null): Effect<ToyAnswer> => ({
  kind: 'reply',
  ticket,
  answer: { kind: 'value', value },
});

/** Keys of this name are of a type that the toy does not know, and are passed over. */
export const UNKNOWN_REGISTER = '?';

export const toyCodec: RecordCodec<ToyRecord> = {
  encode: ({ register, value }) => ({
    key: Buffer.from(register),
    value: value === null ? null : Buffer.from(String(value)),
  }),
  decode: (key, value) => {
    const register = key.toString();
    if (register === UNKNOWN_REGISTER) return undefined;
    return { register, value: value === null ? null : Number(value.toString()) };
  },
};
