import { javaTools } from './found-clients';
import { runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run } from './program';

export type Maker = (tool: string, args: readonly string[]) => Promise<ToolOutput>;

const apaches: Maker = async (tool, args) => {
  const { code, stdout, stderr } = await run(javaTools ?? '', ['tool', tool, ...args]);
  return { code, out: stdout.toString(), err: stderr };
};

/** Our tools, and Apache's where they are asked for, each under its name. */
export const makers: readonly (readonly [string, Maker])[] = [
  ['our tools', runOwnTool] as const,
  ...(javaTools === undefined ? [] : [['Apache’s tools', apaches] as const]),
];
