/** Two numbers that should have agreed. */
type Pair = readonly [number, number];

/** What was found wrong in the files, gathered while they are dumped and told at the end, file by file. */
export class DumpFindings {
  readonly #indexMismatches = new Map<string, Pair[]>();
  readonly #timestampMismatches = new Map<string, Pair[]>();
  readonly #timestampsOutOfOrder = new Map<string, Pair[]>();
  readonly #offsetsNotFound = new Map<string, Pair[]>();
  readonly #gaps = new Map<string, Pair[]>();

  indexMismatch(file: string, indexed: number, found: number): void {
    add(this.#indexMismatches, file, [indexed, found]);
  }

  timestampMismatch(file: string, indexed: number, found: number): void {
    add(this.#timestampMismatches, file, [indexed, found]);
  }

  timestampOutOfOrder(file: string, indexed: number, before: number): void {
    add(this.#timestampsOutOfOrder, file, [indexed, before]);
  }

  offsetNotFound(file: string, indexed: number, found: number): void {
    add(this.#offsetsNotFound, file, [indexed, found]);
  }

  gap(file: string, offset: number, next: number): void {
    add(this.#gaps, file, [offset, next]);
  }

  /** Kafka's tool lists each file's findings with the last one first. */
  lines(): readonly string[] {
    return [
      ...section(
        this.#indexMismatches,
        'Mismatches in :',
        (a, b) => `  Index offset: ${a}, log offset: ${b}`,
      ),
      ...section(
        this.#timestampMismatches,
        'Found timestamp mismatch in :',
        (a, b) => `  Index timestamp: ${a}, log timestamp: ${b}`,
      ),
      ...section(
        this.#timestampsOutOfOrder,
        'Found out of order timestamp in :',
        (a, b) => `  Index timestamp: ${a}, Previously indexed timestamp: ${b}`,
      ),
      ...section(
        this.#offsetsNotFound,
        'The following indexed offsets are not found in the log.',
        (a, b) => `Indexed offset: ${a}, found log offset: ${b}`,
        false,
      ),
      ...section(this.#gaps, 'Non-consecutive offsets in ', (a, b) => `  ${a} is followed by ${b}`),
    ];
  }
}

const add = (findings: Map<string, Pair[]>, file: string, pair: Pair): void => {
  const known = findings.get(file);
  if (known === undefined) findings.set(file, [pair]);
  else known.push(pair);
};

const section = (
  findings: ReadonlyMap<string, readonly Pair[]>,
  title: string,
  line: (a: number, b: number) => string,
  namesFile = true,
): readonly string[] =>
  [...findings].flatMap(([file, pairs]) => [
    namesFile ? `${title}${file}` : title,
    ...pairs.toReversed().map(([a, b]) => line(a, b)),
  ]);
