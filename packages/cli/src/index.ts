export { runTool } from './main';
export type { Terminal } from './command-line/terminal';
