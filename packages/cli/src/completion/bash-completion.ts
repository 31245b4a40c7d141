import { tools } from '../tools';
import { programsOf } from './completion-words';
import type { CompletedTool } from './completion-words';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const wordCase = ({ name, actions, options, takesFiles }: CompletedTool): string => {
  const names = options.flatMap((option) => option.names);
  const parts = [`options=${quoted(names.join(' '))}`];
  if (actions.length > 0) parts.push(`actions=${quoted(actions.join(' '))}`);
  if (takesFiles) parts.push('files=1');
  return `    ${name}) ${parts.join('; ')} ;;`;
};

/** What an option's value may be, for those that have one. */
const valueCases = ({ name, options }: CompletedTool): readonly string[] =>
  options.flatMap(({ names, value }) => {
    if (value.kind === 'none') return [];
    const pattern = names.map((one) => `${name}:${one}`).join('|');
    switch (value.kind) {
      case 'words':
        return [`    ${pattern}) options=; actions=${quoted(value.words.join(' '))}; first=$COMP_CWORD ;;`];
      case 'file':
        return [`    ${pattern}) compopt -o default 2>/dev/null; return ;;`];
      case 'any':
        return [`    ${pattern}) return ;;`];
    }
  });

/** For bash 3.2 and later; files are completed from bash 4 on. */
export const bashCompletion = (completed: readonly CompletedTool[]): string => `# kafkaesque completion bash
_kafkaesque() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} tool=\${COMP_WORDS[0]##*/}
  local options= actions= files= first=1
  COMPREPLY=()
  if [ "$tool" = kafkaesque ]; then
    if [ "$COMP_CWORD" -eq 1 ]; then
      COMPREPLY=($(compgen -W ${quoted([...Object.keys(tools), '--help', '--version'].join(' '))} -- "$current"))
      return
    fi
    tool=\${COMP_WORDS[1]}
    first=2
  else
    tool=\${tool%.sh}
    tool=\${tool#kafka-}
  fi
  case $tool in
    server-start) tool=server ;;
    completion) actions='bash zsh fish' ;;
  esac
  case $tool in
${completed.map(wordCase).join('\n')}
  esac
  case $tool:$previous in
${completed.flatMap(valueCases).join('\n')}
  esac
  [ "$COMP_CWORD" -eq "$first" ] || actions=
  COMPREPLY=($(compgen -W "$actions $options" -- "$current"))
  if [ -n "$files" ] && [ "\${current#-}" = "$current" ]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _kafkaesque kafkaesque ${completed.flatMap(({ name }) => programsOf(name)).join(' ')}
`;
