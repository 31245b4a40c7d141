/** A row as a record. */
export interface DatasetRecord {
  /** Null for the films without a title. */
  readonly key: string | null;
  /** The row as JSON. */
  readonly value: string;
  readonly timestampMs: number;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

export declare const datasets: Readonly<Record<string, { readonly about: string }>>;
/** The records of one data set, in the order of its file. */
export declare const recordsOf: (name: string) => readonly DatasetRecord[];
