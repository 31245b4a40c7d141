const MAX_NAME_LENGTH = 249;
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** Why a topic may not be called so, in Kafka's words; undefined when it may. */
export const invalidTopicName = (name: string): string | undefined => {
  const reason = (): string | undefined => {
    if (name === '') return 'the empty string is not allowed';
    if (name === '.' || name === '..') return `'${name}' is not allowed`;
    if (name.length > MAX_NAME_LENGTH)
      return `the length of '${name}' is longer than the max allowed length ${MAX_NAME_LENGTH}`;
    if (!LEGAL_NAME.test(name))
      return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
    return undefined;
  };
  const found = reason();
  return found === undefined ? undefined : `Topic name is invalid: ${found}`;
};

/** The name as metrics show it, when that loses something: `.` and `_` look alike there. */
export const metricName = (name: string): string | undefined =>
  name.includes('.') || name.includes('_') ? name.replaceAll('.', '_') : undefined;
