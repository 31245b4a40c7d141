import { apis } from '@kafkaesque/protocol';
import type { Offset } from '@kafkaesque/kernel';
import { LoadConnection, requestFrame } from './connection';
import { FETCH_VERSION } from './fetch';

/** Clients that are there and ask for nothing now: what others notice of them. */
export interface Crowd {
  /** Connections that have asked for ApiVersions and are silent. */
  readonly idle: number;
  /** Connections whose fetch waits, at the end of a topic of their own, for more than will ever come. */
  readonly waiting: number;
}

const AT_ONCE = 100;
const WAIT_MS = 600_000;
const NEVER_SO_MANY_BYTES = 1 << 30;

const patientFetch = (topic: string): Buffer =>
  requestFrame(apis.Fetch, FETCH_VERSION, {
    maxWaitMs: WAIT_MS,
    minBytes: NEVER_SO_MANY_BYTES,
    maxBytes: NEVER_SO_MANY_BYTES,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0 as Offset, partitionMaxBytes: 1 << 20 }] }],
    forgottenTopicsData: [],
  });

/** Opens the crowd and gives what sends it away. Fails if the server answers one of the fetches. */
export const gather = async (port: number, topic: string, crowd: Crowd): Promise<() => void> => {
  const connections: LoadConnection[] = [];
  const leave = (): void => {
    for (const connection of connections) connection.close();
  };
  const frame = patientFetch(topic);
  const enter = async (index: number): Promise<void> => {
    const connection = await LoadConnection.open(port);
    connections.push(connection);
    await connection.versions();
    if (index < crowd.waiting)
      connection.send(frame, () => {
        throw new Error('a fetch was answered that should wait');
      });
  };
  try {
    const total = crowd.idle + crowd.waiting;
    for (let from = 0; from < total; from += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, total - from) }, (_, index) => enter(from + index)),
      );
    return leave;
  } catch (error) {
    leave();
    throw error;
  }
};
