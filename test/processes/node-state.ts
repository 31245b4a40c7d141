/** What a node tells of itself on `/metrics`. */
export interface NodeState {
  /** The metadata offset that it has applied. */
  readonly offset: number;
  /** The hash over all metadata as of that offset. */
  readonly stateHash: string;
  /** Node id; -1: it knows of none. */
  readonly leader: number;
  /** leader, follower, candidate, prospective, unattached, observer. */
  readonly quorumState: string;
  /** 1 on the active controller, else 0. */
  readonly isActive: boolean;
  /** Of the quorum. */
  readonly epoch: number;
}

const ANSWER_MS = 2000;

/** Asks a node; undefined when it does not answer, because it is not up, stands still, or is on its way down. */
export const nodeState = async (metricsPort: number, host = '127.0.0.1'): Promise<NodeState | undefined> => {
  let text: string;
  try {
    const answer = await fetch(`http://${host}:${metricsPort}/metrics`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { connection: 'close' },
    });
    text = await answer.text();
  } catch {
    return undefined;
  }
  const value = (name: string): number =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.*)$`, 'm').exec(text)?.[1] ?? -1);
  const label = (name: string, key: string): string =>
    new RegExp(`^${name}\\{[^}]*${key}="([^"]*)"[^}]*\\} 1$`, 'm').exec(text)?.[1] ?? '';
  return {
    offset: value('kafkaesque_metadata_offset'),
    stateHash: label('kafkaesque_metadata_state', 'hash'),
    leader: value('kafka_server_raftmetrics_current_leader'),
    quorumState: label('kafka_server_raftmetrics_current_state', 'current_state'),
    isActive: value('kafka_controller_kafkacontroller_activecontrollercount') === 1,
    epoch: value('kafka_server_raftmetrics_current_epoch'),
  };
};
