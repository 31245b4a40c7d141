import { spawn, spawnSync } from 'node:child_process';

/** A node by its id, or whoever talks with nodes from outside. */
export type Place = number | 'clients';

/** A way that is cut: nothing that is sent `from` one arrives at the other. The way back is another one. */
export interface Way {
  readonly from: Place;
  readonly to: Place;
}

const CLIENTS_NUMBER = 254;
/** Of nobody: frames to it go to everybody, and nobody takes them. */
const NOWHERE = '02:6b:71:00:00:00';
const TRIES = 20;

/** Whether this process may make network namespaces, and a network between them. */
export const mayMakeNetworks = (): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const name = `kq${process.pid}probe`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return false;
  return spawnSync('ip', ['netns', 'delete', name]).status === 0;
};

/** Runs `ip` with these arguments, or with lines of its batch language. */
const ip = (args: readonly string[], lines?: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn('ip', [...args, ...(lines === undefined ? [] : ['-batch', '-'])], {
      stdio: [lines === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`ip ${args.join(' ')} ended with ${code}: ${complaint}`));
    });
    child.stdin?.end(lines?.map((line) => `${line}\n`).join(''));
  });

let opened = 0;

/** Networks that nobody has removed yet: they would outlive the process. */
const standing = new Set<NodeNetwork>();
process.once('exit', () => {
  for (const network of standing) network.removeNow();
});

/**
 * A network of namespaces, one for each node, and clients outside, on one bridge. A way is cut by giving the sender a wrong
 * hardware address of the receiver: what it sends is lost in silence, and only that.
 */
export class NodeNetwork implements AsyncDisposable {
  readonly #nodeIds: readonly number[];
  readonly #bridge: string;
  readonly #subnet: string;

  private constructor(nodeIds: readonly number[], subnet: string) {
    this.#nodeIds = nodeIds;
    this.#bridge = `kq${process.pid}${String.fromCharCode(97 + (opened++ % 26))}`;
    this.#subnet = subnet;
  }

  static async open(nodeIds: readonly number[]): Promise<NodeNetwork> {
    const network = new NodeNetwork(nodeIds, freeSubnet());
    standing.add(network);
    try {
      await network.#build();
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  hostOf(nodeId: number): string {
    return this.#addressOf(nodeId);
  }

  /** What a command has before it that is to run where this node is. It becomes that command. */
  commandOf(nodeId: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespaceOf(nodeId)];
  }

  /** From now on nothing goes these ways. */
  cut(ways: readonly Way[]): Promise<void> {
    return this.#resolve(ways, () => NOWHERE);
  }

  /** Everything goes everywhere. */
  heal(): Promise<void> {
    return this.#resolve(this.#allWays(), (place) => this.#hardwareOf(place));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    standing.delete(this);
    // What is not there was not made.
    for (const args of this.#removals()) await ip(args).catch(() => undefined);
  }

  /** As the process ends. */
  removeNow(): void {
    for (const args of this.#removals()) spawnSync('ip', args);
  }

  /** A namespace may live on for a while when its name is gone, and its link with it. */
  #removals(): readonly (readonly string[])[] {
    return [
      ...this.#nodeIds.flatMap((nodeId) => [
        ['link', 'delete', this.#linkOf(nodeId)],
        ['netns', 'delete', this.#namespaceOf(nodeId)],
      ]),
      ['link', 'delete', this.#bridge],
    ];
  }

  async #build(): Promise<void> {
    await Promise.all(this.#nodeIds.map((nodeId) => ip(['netns', 'add', this.#namespaceOf(nodeId)])));
    await ip(
      [],
      [
        `link add ${this.#bridge} address ${this.#hardwareOf('clients')} type bridge`,
        `addr add ${this.#addressOf('clients')}/24 dev ${this.#bridge}`,
        `link set ${this.#bridge} up`,
        ...this.#nodeIds.flatMap((nodeId) => {
          const link = this.#linkOf(nodeId);
          const peer = `name eth0 address ${this.#hardwareOf(nodeId)} netns ${this.#namespaceOf(nodeId)}`;
          return [`link add ${link} type veth peer ${peer}`, `link set ${link} master ${this.#bridge} up`];
        }),
      ],
    );
    await Promise.all(
      this.#nodeIds.map((nodeId) =>
        ip(
          ['-n', this.#namespaceOf(nodeId)],
          ['link set lo up', `addr add ${this.#addressOf(nodeId)}/24 dev eth0`, 'link set eth0 up'],
        ),
      ),
    );
    await this.heal();
  }

  #allWays(): readonly Way[] {
    const places: readonly Place[] = [...this.#nodeIds, 'clients'];
    return places.flatMap((from) => places.filter((to) => to !== from).map((to) => ({ from, to })));
  }

  /** Tells each sender which hardware address its receivers have. */
  async #resolve(ways: readonly Way[], hardwareOf: (to: Place) => string): Promise<void> {
    const senders = new Set(ways.map(({ from }) => from));
    await Promise.all(
      [...senders].map((from) =>
        ip(
          from === 'clients' ? [] : ['-n', this.#namespaceOf(from)],
          ways
            .filter((way) => way.from === from)
            .map(
              ({ to }) =>
                `neigh replace ${this.#addressOf(to)} lladdr ${hardwareOf(to)} dev ${
                  from === 'clients' ? this.#bridge : 'eth0'
                } nud permanent`,
            ),
        ),
      ),
    );
  }

  #namespaceOf(nodeId: number): string {
    return `${this.#bridge}-${nodeId}`;
  }

  #linkOf(nodeId: number): string {
    return `${this.#bridge}n${nodeId}`;
  }

  #addressOf(place: Place): string {
    return `${this.#subnet}.${numberOf(place)}`;
  }

  #hardwareOf(place: Place): string {
    return `02:6b:71:00:01:${numberOf(place).toString(16).padStart(2, '0')}`;
  }
}

const numberOf = (place: Place): number => (place === 'clients' ? CLIENTS_NUMBER : place);

/** Of the addresses that are for trying out networks (RFC 2544), some that nobody here uses. */
const freeSubnet = (): string => {
  const used = spawnSync('ip', ['-o', '-4', 'addr'], { encoding: 'utf8' }).stdout;
  for (let tries = 0; tries < TRIES; tries++) {
    const subnet = `198.18.${Math.floor(Math.random() * 256)}`;
    if (!used.includes(` ${subnet}.`)) return subnet;
  }
  throw new Error('all addresses of 198.18.0.0/16 that were tried are in use');
};
