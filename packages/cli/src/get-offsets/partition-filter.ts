import { topicFilter } from '../command-line/topic-filter';
import { UsageError } from '../command-line/usage-error';

export type PartitionFilter = (topic: string, partition: number) => boolean;

/** `topic`, `topic:partition`, `topic:from-to` (the end not included), each part optional. */
const RULE = /^([^:,]*)(?::(?:(\d*)|(?:(\d*)-(\d*))))?$/;

/** `--topic-partitions`: rules with commas between; one that fits is enough. */
export const rulesFilter = (rules: string): PartitionFilter => {
  const filters = rules.split(',').map(ruleFilter);
  return (topic, partition) => filters.some((filter) => filter(topic, partition));
};

const ruleFilter = (rule: string): PartitionFilter => {
  const match = RULE.exec(rule);
  if (match === null) throw new UsageError(`Invalid rule specification: ${rule}`);
  const [, topicPattern, one, from, to] = match;
  const isTopic = topicPattern === undefined || topicPattern === '' ? () => true : topicFilter(topicPattern);
  const isPartition = partitionRange(one, from, to);
  return (topic, partition) => isTopic(topic) && isPartition(partition);
};

const partitionRange = (
  one: string | undefined,
  from: string | undefined,
  to: string | undefined,
): ((partition: number) => boolean) => {
  if (one !== undefined && one !== '') return (partition) => partition === Number(one);
  const lowest = from === undefined || from === '' ? 0 : Number(from);
  const end = to === undefined || to === '' ? Infinity : Number(to);
  return (partition) => partition >= lowest && partition < end;
};

/** `--topic` and `--partitions`, each optional. */
export const plainFilter = (topic: string | undefined, partitions: string | undefined): PartitionFilter => {
  const isTopic = topic === undefined ? () => true : topicFilter(topic);
  const wanted = partitions === undefined ? undefined : parsePartitions(partitions);
  return (name, partition) => isTopic(name) && (wanted === undefined || wanted.has(partition));
};

const parsePartitions = (text: string): ReadonlySet<number> =>
  new Set(
    text
      .split(',')
      .filter((one) => one !== '')
      .map((one) => {
        if (/^\d+$/.test(one)) return Number(one);
        throw new UsageError(
          `--partitions expects a comma separated list of numeric partition ids, but received: ${text}`,
        );
      }),
  );
