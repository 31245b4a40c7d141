import { UsageError } from './usage-error';

const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

export const isInternalTopic = (name: string): boolean => INTERNAL_TOPICS.has(name);

/** Kafka's include list: a regular expression over whole names, in which a comma means "or" and blanks mean nothing. */
export const topicFilter = (include: string): ((name: string) => boolean) => {
  const expression = topicExpression(include);
  return (name) => expression.test(name);
};

/** The expression behind `topicFilter`. Fails with UsageError. */
export const topicExpression = (include: string): RegExp => {
  const pattern = include
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replace(/^["']+/, '')
    .replace(/["']+$/, '');
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    throw new UsageError(`${include} is an invalid regex.`);
  }
};
