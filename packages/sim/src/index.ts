export { Gate } from './gate';
export type { ScheduleStep } from './gate';
export { Scheduler } from './scheduler';
export type { RunEnd, RunLimits } from './scheduler';
export { TraceHash } from './trace-hash';
export { VirtualClock } from './virtual-clock';
export type { VirtualClockOptions } from './virtual-clock';
export { SimulatedDisk } from './disk/simulated-disk';
export type { DiskImage, SimulatedDiskOptions } from './disk/simulated-disk';
export { drawDiskFaults, noDiskFaults } from './disk/faults';
export type { DiskCounts, DiskFaults } from './disk/faults';
export { SimulatedNetwork } from './network/simulated-network';
export type { NetworkObserver, SimulatedNetworkOptions } from './network/simulated-network';
export type { Attachment } from './network/attachment';
export { drawMessageFaults, drawNetworkFaults, noNetworkFaults } from './network/faults';
export type { NetworkCounts, NetworkFaults } from './network/faults';
export { drawMajority, drawPartition } from './network/partitions';
export type { Partition } from './network/partitions';
export { SimulatedMachine } from './machine/simulated-machine';
export type {
  Death,
  MachineCounts,
  ProcessWorld,
  SimulatedMachineOptions,
} from './machine/simulated-machine';
export { ProcessLife } from './machine/process-life';
