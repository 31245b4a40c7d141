import type { Fields } from '@kafkaesque/protocol';
import { errorName, errors } from '@kafkaesque/protocol';

/** What a response, or a part of it, says; fields that are left out have their defaults. */
type Said = Readonly<Record<string, unknown>>;
/** Calls `found` for each error code. */
type Visit = (said: Said, found: (code: number) => void) => void;

/** The smallest error code, UNKNOWN_SERVER_ERROR. */
const LEAST_CODE = -1;
const LARGEST_CODE = Math.max(...Object.values(errors).map(({ code }) => code));

/** Looks into those fields alone in which a response has error codes; undefined when it has none. */
const visitOf = (fields: Fields): Visit | undefined => {
  const visits = Object.entries(fields).flatMap(([name, { facts }]): readonly Visit[] => {
    const { type } = facts;
    if (type.kind === 'primitive') {
      if (name !== 'errorCode') return [];
      return [(said, found) => found(Number(said[name] ?? 0))];
    }
    const inner = type.kind === 'array' ? type.item : type;
    const visit = inner.kind === 'struct' ? visitOf(inner.fields) : undefined;
    if (visit === undefined) return [];
    if (type.kind === 'struct')
      return [
        (said, found) => {
          const part = said[name];
          if (part !== undefined && part !== null) visit(part as Said, found);
        },
      ];
    return [
      (said, found) => {
        for (const item of (said[name] ?? []) as readonly Said[]) visit(item, found);
      },
    ];
  });
  if (visits.length <= 1) return visits[0];
  return (said, found) => {
    for (const visit of visits) visit(said, found);
  };
};

/** Counts the error codes of the responses of one API, NONE among them, as Kafka's ErrorsPerSec does. */
export class ErrorCounts {
  readonly #visit: Visit | undefined;
  /** By code, the least one first. */
  readonly #counts = new Float64Array(LARGEST_CODE - LEAST_CODE + 1);
  readonly #found = (code: number): void => {
    const at = (code > LARGEST_CODE ? LEAST_CODE : code) - LEAST_CODE;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  };

  /** `fields`: those of the response. */
  constructor(fields: Fields) {
    this.#visit = visitOf(fields);
  }

  /** Counts every error code of one response. */
  count(response: unknown): void {
    this.#visit?.(response as Said, this.#found);
  }

  /** What was met so far, by Kafka's name of the error. */
  *met(): Iterable<readonly [error: string, count: number]> {
    for (const [at, count] of this.#counts.entries())
      if (count > 0) yield [errorName(at + LEAST_CODE), count];
  }
}
