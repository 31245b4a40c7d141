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

/** Messages that only we have: nobody else can judge them. */
export const ownMessages = (): ReadonlySet<string> => new Set(messagesUnder('internal'));
