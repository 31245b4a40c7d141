/** One command of a page, and what it is printed to say. */
export interface PrintedCommand {
  readonly command: string;
  /** Lines that a person types at the prompt `>`. */
  readonly typed: readonly string[];
  /** How a person ends it: `^D` ends the input, `^C` the program; undefined: it ends by itself. */
  readonly endedBy: '^C' | '^D' | undefined;
  /** Everything it prints, prompts included; `…` stands for anything. Undefined where the page shows nothing. */
  readonly output: string | undefined;
}

const sectionOf = (page: string, heading: string): string => {
  const from = page.split('\n').indexOf(heading);
  if (from < 0) throw new Error(`there is no "${heading}"`);
  const lines = page.split('\n').slice(from + 1);
  const depth = /^#+/.exec(heading)?.[0].length ?? 0;
  const end = lines.findIndex((line) => new RegExp(`^#{1,${depth}} `).test(line));
  return lines.slice(0, end < 0 ? undefined : end).join('\n');
};

/** The commands of a section's code blocks: they follow a `$ `, go on behind a `\`, and what follows is their output. */
export const printedSession = (page: string, heading: string): readonly PrintedCommand[] =>
  [...sectionOf(page, heading).matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...lines] = text.trimEnd().split('\n');
        return understood(command, lines);
      }),
  );

const understood = (command: string, lines: readonly string[]): PrintedCommand => {
  const text = lines.join('\n');
  const endedBy = /\^[CD]/.exec(text)?.[0] as PrintedCommand['endedBy'];
  return {
    command,
    typed: lines.flatMap((line) => /^>([^^].*)$/.exec(line)?.slice(1) ?? []),
    endedBy,
    // A terminal shows ^C where it was pressed, and nothing for ^D.
    output: lines.length === 0 ? undefined : text.replace('^D', ''),
  };
};

/** Whether a program said what is printed: line by line, `…` standing for anything within a line, or for whole lines. */
export const isAsPrinted = (printed: string, said: string): boolean => {
  const pattern = printed
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\\n)*?.*' : line.split('…').map(quoted).join('.*')))
    .join('\n');
  return new RegExp(`^${pattern}$`).test(
    said
      .replaceAll('\r', '')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd(),
  );
};

/** A page shows tabs as the spaces that a reader sees. */
const quoted = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/[ \t]+/g, '[ \\t]+');
