import { openLogger } from './log';

const capture = (options: { pretty?: boolean; level?: 'debug' | 'info' | 'warn' | 'silent' } = {}) => {
  let text = '';
  const destination = { write: (line: string) => void (text += line) };
  const logger = openLogger({ level: options.level ?? 'info', pretty: options.pretty ?? false, destination });
  return { logger, text: () => text, lines: () => text.split('\n').filter((line) => line !== '') };
};

test('a line is one JSON object with level, time, fields and message', () => {
  const { logger, lines } = capture();
  logger.info('the broker listens', { port: 9092, wide: 3n });
  const line = JSON.parse(lines()[0] ?? '') as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'info', msg: 'the broker listens', port: 9092, wide: 3 });
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test('lower levels are not written', () => {
  const { logger, lines } = capture({ level: 'warn' });
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  logger.error('d');
  expect(lines().length).toBe(2);
  const silent = capture({ level: 'silent' });
  silent.logger.error('e');
  expect(silent.text()).toBe('');
});

test('a child carries its fields into every line', () => {
  const { logger, lines } = capture();
  logger.child({ listener: 'PLAINTEXT' }).child({ id: 7 }).info('x', { more: true });
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ listener: 'PLAINTEXT', id: 7, more: true });
});

test('an error is written with code, message, stack and cause', () => {
  const { logger, lines } = capture();
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'EIO' });
  logger.error('failed', { error });
  const line = JSON.parse(lines()[0] ?? '') as { error: Record<string, unknown> };
  expect(line.error).toMatchObject({ code: 'EIO', message: 'outer', cause: { message: 'inner' } });
  expect(line.error['stack']).toContain('outer');
});

test('fields cannot replace what the logger writes itself', () => {
  const { logger, text } = capture();
  logger.info('real', { level: 'error', msg: 'forged', time: 'never' });
  expect(text().match(/"level":/g)?.length).toBe(1);
  expect(JSON.parse(text())).toMatchObject({ level: 'info', msg: 'real', msg_: 'forged' });
});

describe.each([{ pretty: false }, { pretty: true }])('with pretty $pretty', ({ pretty }) => {
  test('nothing in a line can begin another line or speak to the terminal', () => {
    const forged = 'client-1\n[12:00:00.000] ERROR: forged\r\u001b[2J\u2028\u0085';
    const { logger, text, lines } = capture({ pretty });
    logger.warn(`message of ${forged}`, { clientId: forged, nested: { [forged]: forged }, list: [forged] });
    logger.child({ clientId: forged }).warn('child');
    expect(lines().length).toBe(2);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(text()).not.toMatch(/[\r\u001b\u0085]/);
  });

  test('the message and the fields are there', () => {
    const { logger, text } = capture({ pretty });
    logger.info('the broker listens', { port: 9092 });
    expect(text()).toContain('the broker listens');
    expect(text()).toContain('9092');
    expect(text()).toMatch(/info/i);
  });
});
