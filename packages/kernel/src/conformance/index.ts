export { casesOf } from './cases';
export { channelCases } from './channel';
export type { ChannelCase } from './channel';
export type { ChannelListener, ChannelWorld } from './channel-world';
export { crashCases } from './crash';
export type { CrashCase, CrashWorld } from './crash-world';
export { diskCases } from './disk';
export type { DiskCase } from './disk';
