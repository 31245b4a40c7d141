export { FrameReader } from './kafka-frames/frame-reader';
export type { FrameFault, FrameReaderOptions } from './kafka-frames/frame-reader';
export { RequestMemory } from './tcp/request-memory';
export type { KafkaConnection, KafkaConnectionHandler } from './tcp/kafka-connection';
export { connect } from './tcp/tcp-connection';
export type { ConnectOptions } from './tcp/tcp-connection';
export { listen } from './tcp/listener';
export type { GrpcDoor, GrpcService, Listener, ListenOptions } from './tcp/listener';
export { ServingState } from './grpc/serving-state';
