import { ClientError } from '../errors';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const refuse = (entry: string, list: string): ClientError =>
  new ClientError(
    'usage',
    'INVALID_BOOTSTRAP_SERVERS',
    `"${entry}" in bootstrap servers "${list}" is not host:port; write for example localhost:9092,otherhost:9092`,
  );

/** Reads `host:port`, `[ipv6]:port` and `kafka://host:port`, several with commas between. Fails with kind `usage`. */
export const parseBootstrapServers = (servers: string | readonly string[]): readonly HostPort[] => {
  const list = typeof servers === 'string' ? servers : servers.join(',');
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) throw refuse('', list);
  return entries.map((entry) => {
    if (entry.startsWith('grpc://')) {
      throw new ClientError(
        'usage',
        'UNSUPPORTED_WIRE',
        `${entry}: the gRPC wire is not there yet; use kafka://host:port`,
      );
    }
    const match = /^(?:kafka:\/\/|[A-Za-z_]+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^[\]:/\s]+)):(\d+)$/.exec(
      entry,
    );
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) throw refuse(entry, list);
    return { host, port };
  });
};

export const hostPortText = ({ host, port }: HostPort): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
