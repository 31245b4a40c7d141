/** The parts of a list as Java splits it: empty ones at the end are none, and an empty text has one that is empty. */
export const javaSplit = (text: string, separator: string): readonly string[] => {
  if (text === '') return [text];
  const parts = text.split(separator);
  return parts.slice(0, parts.findLastIndex((part) => part !== '') + 1);
};
