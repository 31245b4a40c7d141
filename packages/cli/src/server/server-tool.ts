import type { Command } from 'commander';
import { withUsage } from '../command-line/outcome';
import { collect, parseFlags, toolCommand } from '../command-line/tool-command';
import type { Tool } from '../tools';

interface ServerFlags {
  readonly override?: readonly string[];
}

const serverCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Runs a node: broker and controller in one process, unless the properties say otherwise.',
    examples: [
      '$0',
      '$0 server.properties',
      '$0 server.properties --override node.id=2 --override listeners=PLAINTEXT://:9093',
    ],
  })
    .argument(
      '[server.properties]',
      "configuration under Kafka's names; without it, one node on 9092 with data in ./data",
    )
    .option('--override <key=value>', 'a property that goes before the file; may be repeated', collect);

/** `kafka-server-start` in another coat: the process runs until it is told to stop. */
export const tool: Tool = {
  command: serverCommand,
  run: async (argv, terminal, calledAs) => {
    const command = serverCommand(calledAs);
    return withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ServerFlags>(command, argv, terminal);
      if (parsed.kind === 'done') return 0;
      const [propertiesFile] = command.args;
      const { runServer } = await import('@kafkaesque/server');
      return runServer({
        ...(propertiesFile === undefined ? {} : { propertiesFile }),
        overrides: parsed.flags.override ?? [],
      });
    });
  },
};
