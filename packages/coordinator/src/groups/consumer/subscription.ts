/** What a member wants to read. Equal ones have equal keys, and within a group are one object. */
export interface Subscription {
  /** Sorted, without duplicates. */
  readonly names: readonly string[];
  /** RE2; null: none. An empty expression counts as none. */
  readonly regex: string | null;
  readonly key: string;
}

export const subscriptionOf = (names: readonly string[], regex: string | null): Subscription => {
  const sorted = [...new Set(names)].sort();
  const expression = regex === '' ? null : regex;
  return { names: sorted, regex: expression, key: JSON.stringify([expression, ...sorted]) };
};

export const NO_SUBSCRIPTION = subscriptionOf([], null);
