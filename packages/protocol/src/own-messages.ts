import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the messages that are described in the files under these folders of this package. For its tests. */
export const messagesUnder = (...folders: readonly string[]): readonly string[] =>
  folders
    .flatMap((folder) =>
      readdirSync(join(__dirname, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(__dirname, folder, file)),
    )
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/= message\(\{\s*name: '(\w+)'/g)])
    .map(([, name = '']) => name);

/** Kafka writes these by hand, without a definition that they could be compared with. */
const UNDEFINED_BY_KAFKA = ['StickyAssignorUserData'];

/** Messages that only we have, or have as messages: nobody else can judge them. */
export const ownMessages = (): ReadonlySet<string> =>
  new Set([...messagesUnder('internal'), ...UNDEFINED_BY_KAFKA]);
