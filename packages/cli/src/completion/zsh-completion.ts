import { tools } from '../tools';
import { programsOf } from './completion-words';
import type { CompletedOption, CompletedTool } from './completion-words';

/** A sentence inside a specification of `_arguments` or `_describe`, in single quotes. */
const sentence = (text: string): string =>
  text.replaceAll(/[\\[\]:$`]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);

const valueOf = ({ value }: CompletedOption): string => {
  switch (value.kind) {
    case 'none':
      return '';
    case 'any':
      return ':value: ';
    case 'file':
      return ':file:_files';
    case 'words':
      return `:value:(${value.words.join(' ')})`;
  }
};

const specifications = ({ actions, takesFiles, options }: CompletedTool): readonly string[] => [
  ...options.flatMap((option) =>
    option.names.map((name) => `'*${name}[${sentence(option.summary)}]${valueOf(option)}'`),
  ),
  ...(actions.length === 0 ? [] : [`'1:action:(${actions.join(' ')})'`]),
  ...(takesFiles ? [`'*:file:_files'`] : []),
];

const toolCase = (one: CompletedTool): string =>
  `    ${one.name})\n      _arguments \\\n        ${specifications(one).join(' \\\n        ')}\n      ;;`;

/** Works both as a file `_kafkaesque` on `fpath` and sourced behind `compinit`. */
export const zshCompletion = (completed: readonly CompletedTool[]): string => {
  const programs = ['kafkaesque', ...completed.flatMap(({ name }) => programsOf(name))].join(' ');
  const described = Object.entries(tools).map(([name, summary]) => `'${name}:${sentence(summary)}'`);
  return `#compdef ${programs}
# kafkaesque completion zsh
_kafkaesque() {
  local tool=\${words[1]:t}
  if [[ $tool == kafkaesque ]]; then
    if (( CURRENT == 2 )); then
      local -a tools=(
        ${described.join('\n        ')}
      )
      _describe -t tools tool tools
      return
    fi
    tool=$words[2]
    shift words
    (( CURRENT-- ))
  else
    tool=\${\${tool%.sh}#kafka-}
  fi
  case $tool in
    server-start) tool=server ;;
  esac
  case $tool in
${completed.map(toolCase).join('\n')}
    completion)
      _arguments '1:shell:(bash zsh fish)'
      ;;
  esac
}
if [[ $funcstack[1] == _kafkaesque ]]; then
  _kafkaesque "$@"
else
  compdef _kafkaesque ${programs}
fi
`;
};
