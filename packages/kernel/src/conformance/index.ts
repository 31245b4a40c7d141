export { crashCases } from './crash';
export type { CrashCase, CrashWorld } from './crash-world';
export { diskCases } from './disk';
export type { DiskCase } from './disk';
