import { tools } from '../tools';
import { programsOf } from './completion-words';
import type { CompletedOption, CompletedTool } from './completion-words';

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

const optionLine = (tool: string, { names, summary, value }: CompletedOption): string => {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const values = {
    none: () => '',
    any: () => ' -x',
    file: () => ' -r -F',
    words: () => (value.kind === 'words' ? ` -x -a ${quoted(value.words.join(' '))}` : ''),
  };
  return `complete -c kafkaesque -n '__fish_seen_subcommand_from ${tool}' ${spelled.join(' ')}${values[value.kind]()} -d ${quoted(summary)}`;
};

const toolLines = ({ name, actions, takesFiles, options }: CompletedTool): readonly string[] => [
  ...options.map((option) => optionLine(name, option)),
  ...(actions.length === 0
    ? []
    : [
        `complete -c kafkaesque -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${actions.join(' ')}' -a ${quoted(actions.join(' '))}`,
      ]),
  ...(takesFiles ? [`complete -c kafkaesque -n '__fish_seen_subcommand_from ${name}' -F`] : []),
  ...programsOf(name).map((program) => `complete -c ${program} -w ${quoted(`kafkaesque ${name}`)}`),
];

/** For fish 3 and later. */
export const fishCompletion = (completed: readonly CompletedTool[]): string =>
  [
    '# kafkaesque completion fish',
    'complete -c kafkaesque -f',
    ...Object.entries(tools).map(
      ([name, summary]) => `complete -c kafkaesque -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ),
    `complete -c kafkaesque -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'`,
    ...completed.flatMap(toolLines),
    '',
  ].join('\n');
