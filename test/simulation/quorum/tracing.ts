import { messageOf } from '@kafkaesque/kernel';
import { decodeMemberMessage } from '@kafkaesque/protocol';
import type { RaftInput, RaftStep } from '@kafkaesque/raft';
import type { QuorumWorld } from './quorum-world';

/** The fields of a message that tell most, in one line. */
const describeMessage = (bytes: Buffer): string => {
  try {
    const { kind, value } = decodeMemberMessage(bytes);
    const fields = Object.entries(value as Record<string, unknown>).map(([name, field]) => {
      if (Buffer.isBuffer(field)) return `${name} ${field.length} B`;
      if (name === 'entries' && Array.isArray(field)) return `${field.length} entries`;
      if (typeof field === 'object' && field !== null && 'nodeId' in field)
        return `${name} ${String(field.nodeId)}`;
      return `${name} ${String(field)}`;
    });
    return `${kind.replace('Quorum', '')} ${fields.join(', ')}`;
  } catch (cause) {
    return `${bytes.length} bytes (${messageOf(cause)})`;
  }
};

const describeInput = (input: RaftInput): string =>
  Object.entries(input)
    .map(([name, value]) =>
      name === 'kind'
        ? String(value)
        : Buffer.isBuffer(value)
          ? `${value.length} B`
          : `${name} ${JSON.stringify(value)}`,
    )
    .join(' ');

const describeEffect = (effect: RaftStep['effects'][number]): string | undefined => {
  switch (effect.kind) {
    case 'committed':
      return `commits ${effect.index}`;
    case 'leadership':
      return effect.state.kind === 'leader' ? `LEADS term ${effect.state.term}` : undefined;
    case 'restore':
      return `restores snapshot ${effect.snapshot.index}`;
    case 'membership':
      return `membership: ${effect.outcome}`;
    case 'write': {
      const { hardState, entries, start, voters } = effect.write;
      const words = [
        ...(hardState === undefined
          ? []
          : [`term ${hardState.term}, vote ${hardState.votedFor?.nodeId ?? '-'}`]),
        ...(start === undefined ? [] : [`start ${start.index}`]),
        ...(voters === undefined ? [] : ['voters']),
        ...(entries === undefined
          ? []
          : [`entries ${entries[0]?.index ?? ''}..${entries.at(-1)?.index ?? ''}`]),
      ];
      return `writes #${effect.token} ${words.join('; ')}`;
    }
    default:
      return undefined;
  }
};

/** Tells line by line what each node sees: time, node, event. */
export const traceWorld = (world: QuorumWorld, trace: (line: string) => void): void => {
  const { cluster, oracle } = world;
  const say = (node: string, what: string): void =>
    trace(
      `${cluster.scheduler.nowMs.toFixed(3).padStart(11)} ${String(cluster.scheduler.eventCount).padStart(7)} ${node.padEnd(8)} ${what}`,
    );
  cluster.say = say;
  const observer = cluster.network.observer ?? {};
  cluster.network.observer = {
    ...observer,
    sent: (from, to, message) => {
      say(from, `→ ${to} ${describeMessage(message)}`);
      observer.sent?.(from, to, message);
    },
    delivered: (from, to, message) => say(to, `← ${from} ${describeMessage(message)}`),
    ended: (host, remote, end) => say(host, `channel with ${remote} ended: ${end.kind}`),
  };
  oracle.observe = (raft, input, step) => {
    const node = `n${raft.self.nodeId}`;
    if (input !== undefined && input.kind !== 'received' && input.kind !== 'woken')
      say(node, describeInput(input));
    for (const effect of step.effects) {
      const told = describeEffect(effect);
      if (told !== undefined) say(node, told);
    }
  };
};
