import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { argumentWords, checkArguments, invalidChoice, refuseWords } from '../command-line/argument-rules';
import type { ArgumentRules } from '../command-line/argument-rules';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { dependencyLines, parseFeatureVersion, versionMapping } from '../feature-levels/feature-lines';
import type { Tool } from '../tools';
import { describeDirectories } from './describe-directories';
import { formatDirectories } from './format-directories';
import { randomUuid } from './random-uuid';
import {
  featureDependenciesCommand,
  formatCommand,
  infoCommand,
  randomUuidCommand,
  storageCommand,
  storageOverview,
  versionMappingCommand,
} from './storage-flags';
import type { FeatureDependenciesFlags, FormatFlags, InfoFlags, VersionMappingFlags } from './storage-flags';

/** What Kafka's tool calls itself. */
const PROGRAM = 'kafka-storage';

interface Action {
  readonly command: (calledAs: string) => Command;
  readonly rules: ArgumentRules;
  readonly run: (flags: object, terminal: Terminal) => Promise<number>;
}

const actions: Readonly<Record<string, Action>> = {
  info: {
    command: infoCommand,
    rules: { required: ['config/-c'] },
    run: ({ config = '' }: InfoFlags, terminal) => describeDirectories(config, terminal),
  },
  format: {
    command: formatCommand,
    rules: {
      // In the order in which Kafka's tool misses them.
      required: ['cluster-id/-t', 'config/-c'],
      atMostOneOf: [['standalone/-s', 'no-initial-controllers/-N', 'initial-controllers/-I']],
    },
    run: (flags: FormatFlags, terminal) => formatDirectories(flags, terminal),
  },
  'version-mapping': {
    command: versionMappingCommand,
    rules: { required: [] },
    run: ({ releaseVersion }: VersionMappingFlags, terminal) => {
      terminal.out(versionMapping(releaseVersion));
      return Promise.resolve(0);
    },
  },
  'feature-dependencies': {
    command: featureDependenciesCommand,
    rules: { required: ['feature/-f'] },
    run: ({ feature = [] }: FeatureDependenciesFlags, terminal) => {
      for (const text of feature) {
        const asked = parseFeatureVersion(text);
        terminal.out(
          dependencyLines(
            asked,
            ({ feature: name, level }) => `Feature level ${level} is not supported for feature ${name}`,
          ),
        );
      }
      return Promise.resolve(0);
    },
  },
  'random-uuid': {
    command: randomUuidCommand,
    rules: { required: [] },
    run: (_, terminal) => {
      terminal.out(`${randomUuid()}\n`);
      return Promise.resolve(0);
    },
  },
};

export const tool: Tool = {
  command: storageCommand,
  run: async (argv, terminal, calledAs) => {
    const [name, ...rest] = argv;
    if (name === '--help' || name === '-h') {
      terminal.out(storageOverview(calledAs));
      return 0;
    }
    let work: (() => Promise<number>) | undefined;
    const understand = (): Promise<number> => {
      const action = actionNamed(name);
      const command = action.command(`${calledAs} ${name}`);
      const parsed = parseFlags(command, rest, terminal, argumentWords);
      if (parsed.kind === 'done') return Promise.resolve(0);
      checkArguments(parsed.flags, action.rules);
      refuseWords(command.args);
      work = () => action.run(parsed.flags, terminal);
      return Promise.resolve(0);
    };
    const understood = await withUsage(terminal, calledAs, understand, PROGRAM);
    if (work === undefined) return understood;
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'USAGE')) throw error;
      terminal.err(`${messageOf(error)}\n`);
      return 1;
    }
  },
};

const actionNamed = (name: string | undefined): Action => {
  if (name === undefined) throw new UsageError('too few arguments');
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action !== undefined) return action;
  if (name.startsWith('-')) refuseWords([name]);
  throw invalidChoice(name, Object.keys(actions));
};
