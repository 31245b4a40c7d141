import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { listGroups, tool, wantedGroups } from './groups-tool';
import type { GroupsFlags } from './groups-tool';

const groups = {
  c: {},
  n: { type: 'Consumer' },
  k: { protocolType: 'connect' },
  s: { protocolType: '' },
} as const;

const listed = async (flags: GroupsFlags): Promise<string> => {
  const terminal = recordedTerminal();
  const isWanted = wantedGroups({ bootstrapServer: 'h:1', list: true, ...flags });
  expect(await listGroups(fakeAdmin({ topics: {}, groups }), isWanted, flags, terminal)).toBe(0);
  return terminal.written.out;
};

describe('kafka-groups', () => {
  test('lists groups in three columns of one width', async () => {
    const row = (...texts: readonly string[]): string => texts.map((text) => text.padEnd(20)).join(' ');
    expect(await listed({ groupType: 'Classic' })).toBe(
      `${row('GROUP', 'TYPE', 'PROTOCOL')}\n${row('c', 'Classic', 'consumer')} \n${row('k', 'Classic', 'connect')} \n${row('s', 'Classic', '')} \n`,
    );
  });

  test.each<[GroupsFlags, readonly string[]]>([
    [{}, ['c', 'n', 'k', 's']],
    [{ consumer: true }, ['c', 'n', 's']],
    [{ share: true }, []],
    [{ streams: true }, []],
    [{ protocol: 'connect' }, ['k']],
    [{ groupType: 'classic', protocol: 'consumer' }, ['c']],
  ])('%j shows %j', async (flags, expected) => {
    const shown = JSON.parse(await listed({ json: true, ...flags })) as { groups: { group: string }[] };
    expect(shown.groups.map(({ group }) => group)).toEqual(expected);
  });

  test.each([
    ['', 'Missing required option(s) [bootstrap-server]'],
    ['--bootstrap-server h:1', 'Command must include exactly one action: --list.'],
    ['--bootstrap-server h:1 --list --group-type bogus', '--group-type must be a valid group type.'],
    [
      '--bootstrap-server h:1 --list --share --consumer',
      `Option "[consumer]" can't be used with option "[share]"`,
    ],
    [
      '--bootstrap-server h:1 --list --streams --group-type share',
      `Option "[streams]" can't be used with option "[group-type]"`,
    ],
  ])('%s is refused', async (line, message) => {
    const terminal = recordedTerminal();
    expect(await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-groups')).toBe(1);
    expect(terminal.written.err).toContain(message);
  });
});
