export { diskCases } from './disk';
export type { DiskCase } from './disk';
