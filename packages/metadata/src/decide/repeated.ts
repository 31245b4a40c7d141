/** The keys that occur more than once. */
export const repeatedOf = (keys: Iterable<string>): ReadonlySet<string> => {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const key of keys) (seen.has(key) ? repeated : seen).add(key);
  return repeated;
};
