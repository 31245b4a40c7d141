import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as protocol from './index';
import type { Fields, Message, VersionRange } from './index';
import { messagesUnder, ownMessages } from './own-messages';
import { defaultOf } from './schema/make';

/**
 * Compares our schemas with the definitions of Apache Kafka 4.3.0, field by field. They are not part of this project:
 * the test uses a directory named by KAFKA_MESSAGES_DIR, or asks `../shared/peers/kafka.sh`, or says that it did not run.
 */

interface OfficialField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean | string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly OfficialField[];
}

interface Official {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields?: readonly OfficialField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly OfficialField[] }[];
}

const KAFKA = 'kafka-4.3.0';

const findDefinitions = (): { readonly directory: string; dispose(): void } | string => {
  const given = process.env['KAFKA_MESSAGES_DIR'];
  if (given !== undefined) return { directory: given, dispose: () => undefined };
  const script = resolve(__dirname, '../../../../shared/peers/kafka.sh');
  const home = process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers');
  if (!existsSync(script)) return `there is no ${script}, and KAFKA_MESSAGES_DIR is not set`;
  // Without its jars the script would download them, which no unit test may do.
  if (!existsSync(join(home, KAFKA, '.complete'))) return `${KAFKA} was not fetched`;
  const directory = mkdtempSync(join(tmpdir(), 'kafka-messages-'));
  const dispose = (): void => rmSync(directory, { recursive: true, force: true });
  const run = spawnSync(script, ['messages', directory], { timeout: 60_000, stdio: 'ignore' });
  if (run.status === 0 && readdirSync(directory).length > 0) return { directory, dispose };
  dispose();
  return `${script} could not write the definitions`;
};

const load = (directory: string): readonly Official[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map(
      (file) =>
        JSON.parse(readFileSync(join(directory, file), 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Official,
    );

const rangeOf = (spec: string | undefined): VersionRange | undefined => {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(spec ?? '');
  if (match === null) return undefined;
  return { min: Number(match[1]), max: match[2] === '+' ? Infinity : Number(match[3] ?? match[1]) };
};

/** The versions of `within` that lie in the range: how both sides are made comparable. */
const inside = (range: VersionRange | undefined, within: readonly number[]): readonly number[] =>
  range === undefined ? [] : within.filter((version) => range.min <= version && version <= range.max);

/** Everything that is known about one field, on both sides in the same words. */
interface Facts {
  readonly path: string;
  readonly type: string;
  readonly versions: readonly number[];
  readonly nullable: readonly number[];
  readonly tag: number | undefined;
  readonly default: unknown;
  readonly ignorable: boolean;
  readonly inflexible: boolean;
}

const PRIMITIVES = /^(\[\])?(bool|int8|int16|uint16|int32|int64|float64|uuid|string|bytes|records)$/;

const officialDefault = (field: OfficialField): unknown => {
  const { type } = field;
  // Kafka's generator reads a null that is not in quotation marks as no default at all.
  const given = field.default ?? undefined;
  if (given === 'null') return null;
  if (type === 'bool') return String(given) === 'true';
  if (type === 'string') return given ?? '';
  if (type === 'uuid') return 'A'.repeat(22);
  if (type === 'records') return null;
  if (type.startsWith('[]') || type === 'bytes' || !PRIMITIVES.test(type)) return 'empty';
  return given === '9223372036854775807' ? Number.MAX_SAFE_INTEGER : Number(given ?? 0);
};

const officialFacts = (official: Official): readonly Facts[] => {
  const shared = new Map((official.commonStructs ?? []).map((one) => [one.name, one.fields]));
  const walk = (
    fields: readonly OfficialField[],
    prefix: string,
    within: readonly number[],
  ): readonly Facts[] =>
    fields.flatMap((field) => {
      const name = /^[A-Z]+$/.test(field.name)
        ? field.name.toLowerCase()
        : field.name.charAt(0).toLowerCase() + field.name.slice(1);
      const versions = inside(rangeOf(field.versions ?? field.taggedVersions), within);
      const isPrimitive = PRIMITIVES.test(field.type);
      expect([field.name, inside(rangeOf(field.taggedVersions), within)]).toEqual([
        field.name,
        field.tag === undefined ? [] : versions,
      ]);
      const own: Facts = {
        path: prefix + name,
        type: isPrimitive ? field.type : field.type.startsWith('[]') ? '[]struct' : 'struct',
        versions,
        nullable: inside(rangeOf(field.nullableVersions), versions),
        tag: field.tag,
        default: officialDefault(field),
        ignorable: String(field.ignorable ?? false) === 'true',
        inflexible: field.flexibleVersions === 'none',
      };
      if (isPrimitive) return [own];
      const inner = field.fields ?? shared.get(field.type.replace('[]', '')) ?? [];
      return [own, ...walk(inner, `${prefix}${name}.`, versions)];
    });
  return walk(official.fields ?? [], '', versionsOf(rangeOf(official.validVersions)));
};

const versionsOf = (range: VersionRange | undefined): readonly number[] =>
  range === undefined
    ? []
    : Array.from({ length: range.max - range.min + 1 }, (_, index) => range.min + index);

const ourFacts = (message: Message): readonly Facts[] => {
  const walk = (fields: Fields, prefix: string, within: readonly number[]): readonly Facts[] =>
    Object.entries(fields).flatMap(([name, field]) => {
      const { facts } = field;
      const item = facts.type.kind === 'array' ? facts.type.item : facts.type;
      const word = item.kind === 'primitive' ? item.name.replace('wideInt64', 'int64') : item.kind;
      const versions = inside(facts.versions, within);
      const standard = defaultOf(field);
      const own: Facts = {
        path: prefix + name,
        type: facts.type.kind === 'array' ? `[]${word}` : word,
        versions,
        nullable: inside(facts.nullable, versions),
        tag: facts.tag,
        default: typeof standard === 'object' && standard !== null ? 'empty' : standard,
        ignorable: facts.ignorable,
        inflexible: facts.inflexible,
      };
      return item.kind === 'struct' ? [own, ...walk(item.fields, `${prefix}${name}.`, versions)] : [own];
    });
  return walk(message.fields, '', versionsOf(message.versions));
};

/** What surrounds the fields: versions, keys and listeners. */
const ourFrame = (message: Message): unknown => {
  const api = Object.values(protocol.apis).find(
    (one) => (one.request as Message) === message || (one.response as Message) === message,
  );
  const record = Object.values(protocol.metadataRecords).find((one) => (one.message as Message) === message);
  const stored = Object.values({
    ...protocol.groupRecords,
    ...protocol.foreignGroupRecords,
    ...protocol.transactionRecords,
  }).find((one) => (one.key as Message) === message || (one.value as Message) === message);
  return {
    name: message.name,
    versions: versionsOf(message.versions),
    flexible: inside(message.flexible, versionsOf(message.versions)),
    latestVersionUnstable: message.latestVersionUnstable,
    key: api?.key ?? record?.key ?? stored?.type,
    listeners:
      (api?.request as Message | undefined) === message ? [...(api?.listeners ?? [])].sort() : undefined,
  };
};

const officialFrame = (official: Official): unknown => {
  const versions = versionsOf(rangeOf(official.validVersions));
  return {
    name: official.name,
    versions,
    flexible: inside(rangeOf(official.flexibleVersions), versions),
    latestVersionUnstable: official.latestVersionUnstable ?? false,
    key: official.apiKey,
    listeners: official.listeners === undefined ? undefined : [...official.listeners].sort(),
  };
};

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'fields' in value && 'decode' in value;

const whyNotWritten = (official: Official): string | undefined => {
  if (official.validVersions === 'none') return 'removed in Kafka 4.0';
  if (official.name.startsWith('LegacyOffsetCommit')) return 'an OffsetCommit but for its type';
  if (official.type.startsWith('coordinator-')) return 'record of the share coordinator, which comes with it';
  if (official.name === 'QuorumStateData') return 'our write-ahead log holds term and vote';
  return undefined;
};

const own = ownMessages();
const all = (Object.values(protocol) as readonly unknown[]).filter(isMessage);
const ours = all.filter(({ name }) => !own.has(name));
const definitions = findDefinitions();

test('every message that is described stands at the door of the package', () => {
  const names = all.map(({ name }) => name);
  expect([...names].sort()).toEqual([...messagesUnder('messages', 'stored', 'internal')].sort());
  expect(new Set(names).size).toBe(names.length);
});

if (typeof definitions === 'string') {
  test('the official definitions are not present: nothing was compared', () => {
    process.stdout.write(`official definitions: skipped, because ${definitions}\n`);
  });
} else {
  const official = load(definitions.directory);
  const byName = new Map(official.map((one) => [one.name, one]));
  const agreeing: string[] = [];
  afterAll(() => {
    definitions.dispose();
    process.stdout.write(`${agreeing.length} of ${ours.length} definitions agree\n`);
  });

  test.each(ours.map((message) => [message.name, message] as const))(
    '%s is as Kafka defines it',
    (name, message) => {
      const theirs = byName.get(name);
      if (theirs === undefined) throw new Error(`Kafka has no ${name}`);
      expect(ourFrame(message)).toEqual(officialFrame(theirs));
      expect(ourFacts(message)).toEqual(officialFacts(theirs));
      agreeing.push(name);
    },
  );

  test('each official definition that is not written here has its reason', () => {
    const written = new Set(ours.map((message) => message.name));
    const reasons = new Map<string, string[]>();
    for (const one of official) {
      if (written.has(one.name)) continue;
      const reason = whyNotWritten(one) ?? 'no reason';
      reasons.set(reason, [...(reasons.get(reason) ?? []), one.name]);
    }
    for (const [reason, names] of reasons)
      process.stdout.write(`not written, ${reason}: ${names.join(', ')}\n`);
    expect(reasons.get('no reason')).toBeUndefined();
  });
}
