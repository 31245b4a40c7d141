import { ErrorCode } from '@kafkaesque/protocol';
import { commitAlone, committedAlone, consumerJoin, coordinated } from './group-requests';
import type { Target } from './target';
import { onlyOurs, openTarget } from './target';
import { createTopic, freshName } from './topics';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

/** Kafka's engine (RE2/J) takes these, and so does ours. */
const taken = [
  ['a repetition of repetitions', '((a+)+)+$'],
  ['an alternative of itself', '(a|a)*$'],
  ['wildcards upon wildcards', '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x'],
  ['a thousand optional letters', `${'a?'.repeat(1000)}${'a'.repeat(100)}`],
  ['a repetition of a thousand', 'a{1,1000}b'],
  ['a class of Unicode', '\\p{Greek}+|\\pL+'],
  ['what is outside the first plane', '𝄞+|[😀-😎]*'],
  ['letters of any case', '(?i)STRASSE'],
  ['nothing', ''],
] as const;

/** And these it does not. */
const refused = [
  ['an open parenthesis', '('],
  ['a look behind', '(?<=a)b'],
  ['a look ahead', '(?=a)b'],
  ['a reference back', '(a)\\1'],
  ['a repetition of nothing', '*'],
  ['a possessive repetition', 'a++b'],
  ['an unknown class', '\\p{Klingon}'],
  ['an open class', '[a-'],
  ['a range that goes back', '[z-a]'],
] as const;

/** Every group but the one with the expression goes on. */
const neighbourWorks = async (topic: string): Promise<void> => {
  const groupId = freshName('neighbour');
  await using client = await target.connect();
  expect(await commitAlone(client, groupId, topic)).toBe(0);
  expect(await committedAlone(client, groupId, topic)).toBe(7);
};

test.each(taken)('B12: a subscription to %s is taken, and costs no more than others', async (_, regex) => {
  const groupId = freshName('expressive');
  await using client = await coordinated(await target.connect(), groupId);
  // Whoever tries all ways through these names has not come far by tomorrow.
  const topic = await createTopic(client, {}, `${'a'.repeat(200)}_${freshName('b')}`);
  const { errorCode } = await consumerJoin(client, groupId, regex === '' ? { regex, topics: [] } : { regex });
  expect(errorCode).toBe(0);
  await neighbourWorks(topic.name);
});

test.each(refused)('B12: a subscription to %s is refused as Kafka refuses it', async (_, regex) => {
  const groupId = freshName('expressive');
  await using client = await coordinated(await target.connect(), groupId);
  const topic = await createTopic(client);
  const { errorCode, errorMessage } = await consumerJoin(client, groupId, { regex });
  expect([errorCode, errorMessage]).toEqual([
    ErrorCode.INVALID_REGULAR_EXPRESSION,
    expect.stringContaining('is not a valid regular expression') as unknown,
  ]);
  await neighbourWorks(topic.name);
});

// Kafka does not survive the first of them.
onlyOurs.each([
  ['of repetitions that multiply to a billion', '((a{1000}){1000}){1000}'],
  ['as long as a text may be', 'a'.repeat(32_767)],
  ['of five thousand alternatives', Array.from({ length: 5000 }, (_, at) => `t${at}`).join('|')],
  ['nested ten thousand times', `${'('.repeat(10_000)}a${')'.repeat(10_000)}`],
  ['of sixteen thousand repetitions', 'a*'.repeat(16_000)],
  ['of a thousand large classes', '[\\p{L}\\p{N}]{1,1000}'.repeat(1000)],
])('B12: an expression %s is refused or taken, and holds nobody up', async (_, regex) => {
  const groupId = freshName('verbose');
  await using client = await coordinated(await target.connect(), groupId);
  const topic = await createTopic(client);
  const { errorCode } = await consumerJoin(client, groupId, { regex });
  expect([0, ErrorCode.INVALID_REGULAR_EXPRESSION, ErrorCode.INVALID_REQUEST]).toContain(errorCode);
  await neighbourWorks(topic.name);
});

onlyOurs('B12: three hundred members with a hostile expression each cost little memory', async () => {
  const groupId = freshName('crowded');
  await using client = await coordinated(await target.connect(), groupId);
  const topic = await createTopic(client, {}, `${'a'.repeat(200)}_${freshName('b')}`);
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let member = 0; member < 300; member += 1) {
    const { errorCode } = await consumerJoin(client, groupId, { regex: `((a{1,100}|x${member})+)+$` });
    expect(errorCode).toBe(0);
  }
  await neighbourWorks(topic.name);
  global.gc?.();
  // Members with their subscriptions, and expressions: two hundred kilobytes each would be too much.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * 1024 * 1024);
});
