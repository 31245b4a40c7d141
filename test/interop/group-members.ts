import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { apacheJars } from './apache-tools';
import { found, javaTools, programPath } from './found-clients';
import type { GroupHistory } from './group-history';

export type GroupProtocol = 'classic' | 'consumer';

export interface MemberOptions {
  readonly bootstrap: string;
  readonly group: string;
  readonly topic: string;
  /** Of the member, and its client id. */
  readonly name: string;
  readonly history: GroupHistory;
  /** Of the classic protocol; the server says those of the other. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** In the words of the client; default: whatever all members of a group of this client agree on. */
  readonly assignor?: string;
  /** Makes it a static member. */
  readonly instance?: string;
}

/** A member of a group, in a process of its own. */
export interface GroupMember {
  readonly name: string;
  /** As it said last. */
  readonly held: readonly number[];
  /** Closes its consumer, and resolves when its process has ended well. */
  leave(): Promise<void>;
  /** `kill -9`: its group hears nothing of it. */
  kill(): Promise<void>;
}

/** A client that joins groups by one of the protocols. */
export interface GroupClient {
  readonly name: string;
  readonly protocol: GroupProtocol;
  /** Commits each record before the next one; otherwise from time to time. */
  readonly commitsEach: boolean;
  /** Shows nothing again that it was told to be committed; otherwise everything at least once. */
  readonly isExact: boolean;
  start(options: MemberOptions): GroupMember;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

interface ToldEvent {
  readonly held?: readonly number[];
  readonly record?: readonly [number, number, string];
  readonly committed?: readonly [number, number];
  readonly trouble?: string;
}

/** How Java says it. */
const ENDED_BY_SIGTERM = 143;

interface Lines {
  readonly onOutput: (line: string) => void;
  readonly onComplaint: (line: string) => void;
}

const startMember = (
  { name, history }: MemberOptions,
  command: string,
  args: readonly string[],
  leave: (child: ChildProcess) => void,
  reading: (hold: (partitions: readonly number[]) => void) => Lines,
): GroupMember => {
  const child = spawn(command, args, {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.stdin.on('error', () => undefined);
  let held: readonly number[] = [];
  let isExpected = false;
  const lines = reading((partitions) => {
    held = partitions;
    history.hear(name, { kind: 'held', partitions });
  });
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', lines.onOutput);
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaints.push(line);
    lines.onComplaint(line);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      held = [];
      if (!isExpected || (code !== 0 && code !== null && code !== ENDED_BY_SIGTERM))
        history.faults.push(`${name} ended with ${String(code)}: ${complaints.slice(-20).join('\n')}`);
      history.hear(name, { kind: 'held', partitions: [] });
      resolve(code);
    });
  });
  // Whoever waits for it hears of it.
  ended.catch(() => undefined);
  return {
    name,
    get held() {
      return held;
    },
    async leave() {
      isExpected = true;
      leave(child);
      await ended;
    },
    async kill() {
      isExpected = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
};

/** A program that tells events as lines of JSON, and leaves when its input ends. */
const program =
  (command: string, file: string, protocol: GroupProtocol) =>
  (options: MemberOptions): GroupMember => {
    const { bootstrap, history, name, ...rest } = options;
    const args = [programPath(file), bootstrap, JSON.stringify({ ...rest, name, protocol })];
    return startMember(
      options,
      command,
      args,
      ({ stdin }) => stdin?.end(),
      (hold) => ({
        onOutput: (line) => {
          const { held, record, committed, trouble } = JSON.parse(line) as ToldEvent;
          if (held !== undefined) hold(held);
          if (record !== undefined) {
            const [partition, offset, value] = record;
            history.hear(name, { kind: 'record', partition, offset, value });
          }
          if (committed !== undefined)
            history.hear(name, { kind: 'committed', partition: committed[0], next: committed[1] });
          if (trouble !== undefined) history.hear(name, { kind: 'trouble', why: trouble });
        },
        onComplaint: () => undefined,
      }),
    );
  };

/** kcat tells assignments as sentences on standard error, and commits from time to time. */
const kcat =
  (command: string) =>
  (options: MemberOptions): GroupMember => {
    const { bootstrap, group, topic, name, sessionMs, heartbeatMs, assignor, instance, history } = options;
    const settings = [
      `client.id=${name}`,
      `session.timeout.ms=${sessionMs}`,
      `heartbeat.interval.ms=${heartbeatMs}`,
      'auto.offset.reset=earliest',
      'auto.commit.interval.ms=100',
      'fetch.wait.max.ms=100',
      'topic.metadata.refresh.interval.ms=1000',
      'reconnect.backoff.max.ms=500',
      ...(assignor === undefined ? [] : [`partition.assignment.strategy=${assignor}`]),
      ...(instance === undefined ? [] : [`group.instance.id=${instance}`]),
    ].flatMap((setting) => ['-X', setting]);
    const args = ['-b', bootstrap, ...settings, '-u', '-f', '%p %o %s\\n', '-G', group, topic];
    return startMember(
      options,
      command,
      args,
      (child) => child.kill('SIGTERM'),
      (hold) => ({
        onOutput: (line) => {
          const [partition, offset, value = ''] = line.split(' ');
          history.hear(name, {
            ...{ kind: 'record', value },
            ...{ partition: Number(partition), offset: Number(offset) },
          });
        },
        onComplaint: (line) => {
          const change = /^% Group .* rebalanced .*: (assigned|revoked)(.*)$/.exec(line);
          if (change === null) return;
          const named = [...(change[2] ?? '').matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
          hold(change[1] === 'assigned' ? named : []);
        },
      }),
    );
  };

interface VerifiableEvent {
  readonly name: string;
  readonly partitions?: readonly { readonly partition: number }[];
  readonly offsets?: readonly { readonly partition: number; readonly offset: number }[];
  readonly success?: boolean;
  readonly error?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly value?: string;
}

/** Apache Kafka's consumer of its own system tests. It commits what it was given before it asks for more. */
const verifiableConsumer =
  (protocol: GroupProtocol) =>
  (options: MemberOptions): GroupMember => {
    const { bootstrap, group, topic, name, sessionMs, instance, history } = options;
    const args = [
      ...['--bootstrap-server', bootstrap, '--topic', topic, '--group-id', group],
      ...['--group-protocol', protocol, '--reset-policy', 'earliest', '--verbose'],
      ...(protocol === 'classic' ? ['--session-timeout', String(sessionMs)] : []),
      ...(instance === undefined ? [] : ['--group-instance-id', instance]),
    ];
    const java = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', apacheJars];
    return startMember(
      options,
      'java',
      [...java, 'org.apache.kafka.tools.VerifiableConsumer', ...args],
      (child) => child.kill('SIGTERM'),
      (hold) => {
        const held = new Set<number>();
        return {
          onOutput: (line) => {
            const event = JSON.parse(line) as VerifiableEvent;
            const partitions = (event.partitions ?? []).map(({ partition }) => partition);
            if (event.name === 'partitions_assigned') for (const one of partitions) held.add(one);
            if (event.name === 'partitions_revoked') for (const one of partitions) held.delete(one);
            if (event.name.startsWith('partitions_')) hold([...held]);
            if (event.name === 'record_data') {
              const { partition = -1, offset = -1, value = '' } = event;
              history.hear(name, { kind: 'record', partition, offset, value });
            }
            if (event.name !== 'offsets_committed') return;
            if (event.success !== true) history.hear(name, { kind: 'trouble', why: event.error ?? '' });
            else
              for (const { partition, offset: next } of event.offsets ?? [])
                history.hear(name, { kind: 'committed', partition, next });
          },
          onComplaint: () => undefined,
        };
      },
    );
  };

const apacheClients: readonly GroupClient[] =
  javaTools === undefined
    ? []
    : (['classic', 'consumer'] as const).map((protocol) => ({
        ...{ name: 'verifiable-consumer', protocol, commitsEach: true, isExact: true },
        start: verifiableConsumer(protocol),
      }));

const ofPrograms = (
  name: string,
  command: string | undefined,
  file: string,
  protocols: readonly GroupProtocol[],
  isExact = true,
): readonly GroupClient[] =>
  command === undefined
    ? []
    : protocols.map((protocol): GroupClient => ({
        ...{ name, protocol, commitsEach: true, isExact },
        start: program(command, file, protocol),
      }));

const kcatClient = (command: string): GroupClient => ({
  name: 'kcat',
  protocol: 'classic',
  commitsEach: false,
  isExact: false,
  start: kcat(command),
});

/** Every client on this machine that joins groups, by each protocol that it speaks. */
export const groupClients: readonly GroupClient[] = [
  ...ofPrograms('@kafkaesque/client', process.execPath, 'own-group.mjs', ['classic', 'consumer']),
  ...ofPrograms('kafkajs', process.execPath, 'kafkajs-group.mjs', ['classic']),
  // After a rebalance it shows what it had read ahead before, and commits it.
  ...ofPrograms(
    '@platformatic/kafka',
    process.execPath,
    'platformatic-group.mjs',
    ['classic', 'consumer'],
    false,
  ),
  ...ofPrograms('confluent-kafka', found.confluent, 'confluent_group.py', ['classic', 'consumer']),
  ...ofPrograms('aiokafka', found.aiokafka, 'aio_group.py', ['classic']),
  ...(found.kcat === undefined ? [] : [kcatClient(found.kcat)]),
  ...apacheClients,
];
