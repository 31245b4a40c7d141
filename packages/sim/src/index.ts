export { Scheduler } from './scheduler';
export type { RunEnd, RunLimits } from './scheduler';
export { TraceHash } from './trace-hash';
export { VirtualClock } from './virtual-clock';
export type { VirtualClockOptions } from './virtual-clock';
export { SimulatedDisk } from './disk/simulated-disk';
export type { DiskImage, SimulatedDiskOptions } from './disk/simulated-disk';
export { drawDiskFaults, noDiskFaults } from './disk/faults';
export type { DiskCounts, DiskFaults } from './disk/faults';
