import { levelOfLog4j, openLoggers, ROOT_LOGGER, setLevelsFromEnvironment } from './loggers';
import type { Loggers } from './loggers';
import type { LogLevel } from './log';

const capture = (level: LogLevel = 'info') => {
  const lines: string[] = [];
  const loggers = openLoggers({ level, pretty: false, destination: { write: (line) => lines.push(line) } });
  const messages = (): readonly unknown[] =>
    lines.splice(0).map((line) => (JSON.parse(line) as { msg: string }).msg);
  return { loggers, lines, messages };
};

const sayAll = (loggers: Loggers, name: string): void => {
  const logger = loggers.named(name);
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](`${name} ${level}`);
};

test('a named logger follows the root until it has a level of its own, and again when that is taken away', () => {
  const { loggers, messages } = capture();
  sayAll(loggers, 'a');
  expect(messages()).toEqual(['a info', 'a warn', 'a error']);
  expect(loggers.setLevel(ROOT_LOGGER, 'error')).toBe(true);
  sayAll(loggers, 'a');
  expect(messages()).toEqual(['a error']);
  expect(loggers.setLevel('a', 'debug')).toBe(true);
  sayAll(loggers, 'a');
  sayAll(loggers, 'b');
  expect(messages()).toEqual(['a debug', 'a info', 'a warn', 'a error', 'b error']);
  expect(loggers.setLevel('a', undefined)).toBe(true);
  sayAll(loggers, 'a');
  expect(messages()).toEqual(['a error']);
  expect(loggers.setLevel('a', 'silent')).toBe(true);
  sayAll(loggers, 'a');
  expect(messages()).toEqual([]);
});

test('a logger follows the nearest one above it by name, whichever was there first', () => {
  const { loggers } = capture('warn');
  for (const name of ['a.b.c', 'a.b.d', 'ab.c', 'a.b', 'a']) loggers.named(name);
  loggers.setLevel('a', 'debug');
  const levels = (): Readonly<Record<string, LogLevel>> => Object.fromEntries(loggers.levels());
  expect(levels()).toEqual({
    ...{ root: 'warn', 'ab.c': 'warn' },
    ...{ a: 'debug', 'a.b': 'debug', 'a.b.c': 'debug', 'a.b.d': 'debug' },
  });
  loggers.setLevel('a.b', 'error');
  loggers.setLevel('a.b.d', 'info');
  expect(levels()).toMatchObject({ a: 'debug', 'a.b': 'error', 'a.b.c': 'error', 'a.b.d': 'info' });
  loggers.setLevel('a.b.d', undefined);
  expect(levels()['a.b.d']).toBe('error');
});

test('a change reaches loggers and children that are already in use, and is what isEnabled says', () => {
  const { loggers, lines } = capture();
  const logger = loggers.named('a');
  const child = logger.child({ part: 1 });
  expect(logger.isEnabled('debug')).toBe(false);
  loggers.setLevel('a', 'debug');
  expect(logger.isEnabled('debug')).toBe(true);
  child.debug('now');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ level: 'debug', logger: 'a', part: 1, msg: 'now' }),
  ]);
});

test('levels tells every logger, the root first', () => {
  const { loggers } = capture('warn');
  for (const name of ['z', 'a', ROOT_LOGGER]) loggers.named(name);
  loggers.setLevel('z', 'debug');
  expect([...loggers.levels()]).toEqual([
    ['root', 'warn'],
    ['a', 'warn'],
    ['z', 'debug'],
  ]);
});

test('what is no logger gets no level, and the root keeps one', () => {
  const { loggers } = capture();
  expect(loggers.setLevel('nobody', 'debug')).toBe(false);
  expect(loggers.setLevel(ROOT_LOGGER, undefined)).toBe(false);
  expect([...loggers.levels().keys()]).toEqual(['root']);
});

test('the variables of Kafka’s images set levels, and say what they do not understand', () => {
  const { loggers } = capture();
  loggers.named('kafka.request.logger');
  expect(
    setLevelsFromEnvironment(loggers, {
      KAFKA_LOG4J_ROOT_LOGLEVEL: 'WARN',
      KAFKA_LOG4J_LOGGERS: 'kafka.request.logger=TRACE, no.such=INFO,root=LOUD',
    }),
  ).toEqual(['KAFKA_LOG4J_LOGGERS: there is no logger no.such', 'KAFKA_LOG4J_LOGGERS: LOUD is no level']);
  expect([...loggers.levels()]).toEqual([
    ['root', 'warn'],
    ['kafka.request.logger', 'debug'],
  ]);
});

test.each([
  { word: 'trace', level: 'debug' },
  { word: ' Info ', level: 'info' },
  { word: 'FATAL', level: 'silent' },
  { word: 'verbose', level: undefined },
  { word: 'constructor', level: undefined },
])('log4j’s $word is $level', ({ word, level }) => {
  expect(levelOfLog4j(word)).toBe(level);
});
