import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One of three nodes of an Apache Kafka cluster on this host, as its users set it up. */
export interface NodeFiles {
  readonly nodeId: number;
  /** `server.properties`, as it stands in `three-nodes/` but for ports and the directory. */
  readonly properties: string;
  readonly logDirectory: string;
  /** Arguments of `kafka-storage` that make its directory ready. */
  readonly format: readonly string[];
  /** Where clients reach it. */
  readonly address: string;
  readonly controllerPort: number;
}

const FIRST_PORT = 19_092;
const PORTS_APART = 10;

/** Written as shell scripts do it: random bytes in base64 whose special letters are replaced. */
const uuid = (nodeId: number): string =>
  Buffer.alloc(16, `directory ${nodeId}`).toString('base64').replaceAll(/=+$/g, '');

/**
 * Writes the properties of three combined nodes below `directory`. Node n listens for clients on `port + 10 (n - 1)`,
 * and for controllers on the port after that. All three name the same voters when they are formatted.
 */
export const writeThreeNodes = (directory: string, port: number = FIRST_PORT): readonly NodeFiles[] => {
  const ids = [1, 2, 3];
  const portOf = (nodeId: number): number => port + PORTS_APART * (nodeId - 1);
  const voters = ids.map((id) => `${id}@127.0.0.1:${portOf(id) + 1}:${uuid(id)}`).join(',');
  return ids.map((nodeId) => {
    const written = readFileSync(join(__dirname, 'three-nodes', `node-${nodeId}.properties`), 'utf8')
      .replaceAll('/var/lib/kafka/', `${directory}/`)
      .replaceAll(
        /127\.0\.0\.1:(\d+)/g,
        (_, given: string) => `127.0.0.1:${Number(given) - FIRST_PORT + port}`,
      );
    const properties = join(directory, `node-${nodeId}.properties`);
    writeFileSync(properties, written);
    return {
      nodeId,
      properties,
      logDirectory: `${directory}/${nodeId}/data`,
      format: ['format', '-t', uuid(0), '-c', properties, '--initial-controllers', voters],
      address: `127.0.0.1:${portOf(nodeId)}`,
      controllerPort: portOf(nodeId) + 1,
    };
  });
};
