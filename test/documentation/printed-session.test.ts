import { isAsPrinted, printedSession } from './printed-session';

const page = `# Page

## Session

Text with a $ sign.

\`\`\`
$ one --flag \\
    --other
a line
another …
$ two
>typed
>^D
\`\`\`

\`\`\`
$ three
x
^Cend
$ four
\`\`\`

## Next

\`\`\`
$ five
\`\`\`
`;

test('a section’s commands are found, with what is typed and what is printed', () => {
  expect(printedSession(page, '## Session')).toEqual([
    { command: 'one --flag --other', typed: [], endedBy: undefined, output: 'a line\nanother …' },
    { command: 'two', typed: ['typed'], endedBy: '^D', output: '>typed\n>' },
    { command: 'three', typed: [], endedBy: '^C', output: 'x\n^Cend' },
    { command: 'four', typed: [], endedBy: undefined, output: undefined },
  ]);
  expect(() => printedSession(page, '## Absent')).toThrow(/Absent/);
});

test.each([
  ['a line', 'a line\n', true],
  ['a line', 'another line\n', false],
  ['a line', 'a line\nand one more\n', false],
  ['Id: … Count: 3', 'Id: x-1\tCount: 3\n', true],
  ['Id: … Count: 3', 'Id: x-1\tCount: 4\n', false],
  ['a.b', 'axb', false],
  ['first\n…\nlast', 'first\n1\n2\nlast\n', true],
  ['first\n…\nlast', 'first\n1\n2\n', false],
  ['x\n^Cend', 'x\r\n^Cend\r\n', true],
])('%j is printed, %j is said: %j', (printed, said, verdict) => {
  expect(isAsPrinted(printed, said)).toBe(verdict);
});
