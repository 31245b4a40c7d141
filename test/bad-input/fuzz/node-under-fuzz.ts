import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from '@kafkaesque/kernel';
import { Failure, PartitionIndex, hasCode } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import {
  apis,
  decodeResponse,
  encodeBatch,
  encodeRequestFrame,
  errorName,
  readRequestHeader,
} from '@kafkaesque/protocol';
import type { Api, ApiName, Message, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { MemoryPort } from './memory-port';
import { RECORDED_TOPIC } from './recordings';

/** No mutant knows its name, so nothing may ever happen to it. */
const UNTOUCHED_TOPIC = 'known-to-nobody';

const NODE_ID = 1;

/** Whether this asks, well-formed, that the only broker be unregistered: as with Kafka, it leads nothing from then on. */
export const isObeyedByLeaving = (frame: Buffer): boolean => {
  try {
    const { api, apiVersion, bodyAt } = readRequestHeader(frame);
    if (api !== apis.UnregisterBroker) return false;
    return apis.UnregisterBroker.request.decode(frame, apiVersion, bodyAt).brokerId === NODE_ID;
  } catch {
    return false;
  }
};

/** What is compressed is stored unopened; who looks for a time in it finds what a mutant wrote (decision 0004). */
const SOME_PRODUCERS_FAULT = /^a log could not be read: .*The record batch at offset \d+ is corrupt/;

/** A node without sockets, with the topic of the recordings and one that only well-formed requests know. */
export class NodeUnderFuzz implements AsyncDisposable {
  readonly port: MemoryPort;
  /** What the node complained of: a request that failed unexpectedly is a mistake of ours, whatever it said. */
  readonly complaints: string[];
  readonly #cluster: Cluster;
  #nextOffset = 0;

  private constructor(cluster: Cluster, port: MemoryPort, complaints: string[]) {
    this.#cluster = cluster;
    this.port = port;
    this.complaints = complaints;
  }

  static async start(): Promise<NodeUnderFuzz> {
    const complaints: string[] = [];
    const silent = (): void => undefined;
    const logger: Logger = {
      ...{ debug: silent, info: silent, warn: silent },
      error: (message, fields) => {
        const text = `${message}: ${JSON.stringify(fields)}`;
        if (!SOME_PRODUCERS_FAULT.test(text)) complaints.push(text);
      },
      child: () => logger,
    };
    const port = new MemoryPort();
    const cluster = await createCluster({ logger, world: { listen: port.listen } });
    const node = new NodeUnderFuzz(cluster, port, complaints);
    await node.#create(UNTOUCHED_TOPIC, 1);
    return node;
  }

  /** Broken invariants, and errors that no request may cause. */
  get failures(): readonly string[] {
    return [
      ...this.#cluster.faults.map(({ what, cause }) => `${what}: ${String(cause)}`),
      ...this.complaints,
    ];
  }

  /** One well-formed request on a connection of its own, and its answer. */
  async ask<Name extends ApiName>(
    name: Name,
    version: number,
    draft: RequestDraftOf<Name>,
  ): Promise<ResponseOf<Name>> {
    const api: Api = apis[name];
    const connection = this.port.connect();
    connection.push(Buffer.concat(encodeRequestFrame(api, version, 1, 'honest', draft as Message['Draft'])));
    while (connection.receivedBytes === 0) {
      if (connection.isEnded) throw new Error(`the connection ended instead of an answer to ${name}`);
      await turn();
    }
    const { body } = decodeResponse(api, version, connection.received.subarray(4));
    connection.leave();
    return body as ResponseOf<Name>;
  }

  /** A record that goes where it must, behind the one before and nothing else. */
  async produceAndExpectPlace(): Promise<string | undefined> {
    const records = encodeBatch({ records: [{ key: null, value: Buffer.from('honest') }], timestampMs: 1 });
    const { responses } = await this.ask('Produce', 9, {
      ...{ transactionalId: null, acks: -1, timeoutMs: 30_000 },
      topicData: [{ name: UNTOUCHED_TOPIC, partitionData: [{ index: PartitionIndex(0), records }] }],
    });
    const answer = responses[0]?.partitionResponses[0];
    const expected = this.#nextOffset;
    this.#nextOffset += 1;
    return answer?.errorCode === 0 && answer.baseOffset === expected
      ? undefined
      : `an honest record got error ${answer?.errorCode} and offset ${answer?.baseOffset} instead of ${expected}`;
  }

  /** Removes what mutants created, and makes the topic of the recordings anew if it is gone; gives its id. */
  async tidy(): Promise<TopicId> {
    const { topics } = await this.ask('Metadata', 12, { topics: null, allowAutoTopicCreation: false });
    const strangers = topics.filter(({ name }) => name !== UNTOUCHED_TOPIC && name !== RECORDED_TOPIC);
    if (strangers.length > 0) {
      await this.ask('DeleteTopics', 6, {
        topics: strangers.map(({ topicId }) => ({ name: null, topicId })),
        timeoutMs: 30_000,
      });
    }
    const recorded = topics.find(({ name }) => name === RECORDED_TOPIC);
    if (recorded !== undefined) return recorded.topicId;
    try {
      return await this.#create(RECORDED_TOPIC, 3);
    } catch (error) {
      // A mutant that still waited for its answer was quicker.
      if (hasCode(error, 'TOPIC_ALREADY_EXISTS')) return this.tidy();
      throw error;
    }
  }

  async #create(name: string, numPartitions: number): Promise<TopicId> {
    const { topics } = await this.ask('CreateTopics', 7, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 30_000,
      validateOnly: false,
    });
    const [created] = topics;
    if (created?.errorCode !== 0) {
      throw new Failure(errorName(created?.errorCode ?? -1), `${name}: ${created?.errorMessage}`);
    }
    return created.topicId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster.node.crash();
    await this.#cluster.close().catch(() => undefined);
  }
}
