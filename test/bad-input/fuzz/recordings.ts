import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import { apis, encodeRequestFrame, readRequestHeader } from '@kafkaesque/protocol';
import type { Api, ApiName } from '@kafkaesque/protocol';

/** The topic that all recorded requests speak of. */
export const RECORDED_TOPIC = 'recorded';

/** One request that a foreign client once sent, taken apart. */
export interface Seed {
  readonly client: string;
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly value: unknown;
  /** As it travels, without its length. */
  readonly frame: Buffer;
}

/** Beside the sources, and seen from what is built of them. */
const directory = [
  join(__dirname, '../recordings'),
  join(__dirname, '../../../../test/bad-input/recordings'),
].find((path) => existsSync(path));

/** Every recorded request (`scripts/record-frames.mjs`). Throws where one cannot be read. */
export const readRecordings = (): readonly Seed[] => {
  if (directory === undefined) throw new Error('there are no recordings');
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const { client, frames } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
        readonly client: string;
        readonly frames: readonly string[];
      };
      return frames.map((text) => seedOf(client, Buffer.from(text, 'base64')));
    });
};

const seedOf = (client: string, frame: Buffer): Seed => {
  const { api, apiVersion, correlationId, clientId, bodyAt } = readRequestHeader(frame);
  return {
    ...{ client, api, correlationId, clientId, frame },
    version: apiVersion,
    value: api.request.decode(frame, apiVersion, bodyAt),
  };
};

/** The newest version of each API for which a client was recorded, in every version that is served. */
export const inEveryVersion = (seeds: readonly Seed[]): readonly Seed[] =>
  [...new Set(seeds.map(({ api }) => api))].flatMap((api) => {
    const newest = seeds.filter((seed) => seed.api === api).reduce((a, b) => (b.version > a.version ? b : a));
    const versions = Array.from(
      { length: api.advertised.max - api.minServed + 1 },
      (_, index) => api.minServed + index,
    );
    return versions.flatMap((version) => {
      const frame = frameOf({ ...newest, version });
      return frame === undefined ? [] : [seedOf(newest.client, frame)];
    });
  });

/** A request's bytes without their length; undefined when this version cannot say it. */
export const frameOf = ({
  api,
  version,
  correlationId,
  clientId,
  value,
}: Omit<Seed, 'frame'>): Buffer | undefined => {
  try {
    const parts = encodeRequestFrame(api, version, correlationId, clientId, value);
    return Buffer.concat(parts).subarray(4);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'UNSUPPORTED_FIELD' || code === 'INVALID_FIELD') return undefined;
    throw error;
  }
};

/** The seeds with a topic's id of today in place of the one that was recorded. */
export const withTopicId = (seeds: readonly Seed[], topicId: TopicId): readonly Seed[] =>
  seeds.map((seed) => {
    const value = renamed(seed.value, topicId);
    return { ...seed, value, frame: frameOf({ ...seed, value }) ?? seed.frame };
  });

const renamed = (value: unknown, topicId: TopicId): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => renamed(item, topicId));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [
      name,
      name === 'topicId' && content !== ZERO_TOPIC_ID ? topicId : renamed(content, topicId),
    ]),
  );
};

/** The APIs that at least one of the seeds asks. */
export const apisOf = (seeds: readonly Seed[]): readonly ApiName[] =>
  (Object.keys(apis) as ApiName[]).filter((name) => seeds.some(({ api }) => api.key === apis[name].key));
