import { messageOf } from '@kafkaesque/kernel';
import type { MetadataImage } from '@kafkaesque/metadata';
import { registeredBrokers, topicByName } from '@kafkaesque/metadata';
import { ErrorCode, errorName } from '@kafkaesque/protocol';
import type { AdministratorParts } from '../broker/broker';
import { OFFSETS_TOPIC } from '../broker/topic-names';
import { drawTopicId } from '../broker/topic-creation';
import { nodeValue, setText } from '../configuration';

type Parts = Pick<
  AdministratorParts,
  'controller' | 'configuration' | 'random' | 'clock' | 'logger' | 'image' | 'layers'
>;

/** How long a broker of a young cluster waits for others to register before a topic gets fewer replicas for want of them. */
const PATIENCE_MS = 10_000;

/** How long who asks waits for the creation: behind a controller that is away their other requests would wait too. */
const ANSWER_MS = 1000;

/** Creates `__consumer_offsets` when somebody asks for a coordinator first. One creation at a time; the others wait for it. */
export class OffsetsTopicCreation {
  readonly #parts: Parts;
  readonly #startedMs: number;
  #underWay: Promise<boolean> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.monotonicMs();
  }

  /** Whether it is there now. False: it cannot be created yet, and whoever asks is to ask again. */
  create(): Promise<boolean> {
    const underWay = (this.#underWay ??= this.#create().finally(() => {
      this.#underWay = undefined;
    }));
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const giveUp = clock.wakeAt(clock.monotonicMs() + ANSWER_MS, () => resolve(false));
      void underWay
        .catch((error: unknown) => {
          this.#parts.logger.warn('the offsets topic could not be created', { error: messageOf(error) });
          return false;
        })
        .then((isThere) => {
          giveUp();
          resolve(isThere);
        });
    });
  }

  async #create(): Promise<boolean> {
    const { controller, configuration, logger, image, layers } = this.#parts;
    if (this.#isTooEarly(image())) return false;
    const value = (name: string): number => Number(nodeValue(name, layers()));
    const outcome = await controller.submit({
      kind: 'create-topics',
      topics: [
        {
          name: OFFSETS_TOPIC,
          numPartitions: Number(configuration.get('offsets.topic.num.partitions')),
          replicationFactor: value('offsets.topic.replication.factor'),
          assignments: [],
          configs: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'compression.type', value: 'producer' },
            { name: 'segment.bytes', value: String(configuration.get('offsets.topic.segment.bytes')) },
          ],
        },
      ],
      validateOnly: false,
      topicIds: new Map([[OFFSETS_TOPIC, drawTopicId(this.#parts)]]),
    });
    const answer = outcome.kind === 'done' ? outcome.response.topics[0] : undefined;
    if (topicByName(image(), OFFSETS_TOPIC) !== undefined) return true;
    const error =
      outcome.kind === 'refused'
        ? errorName(outcome.errorCode)
        : errorName(answer?.errorCode ?? ErrorCode.REQUEST_TIMED_OUT);
    logger.warn('the offsets topic could not be created', { error, message: answer?.errorMessage ?? '' });
    return false;
  }

  /** Who wrote no replication factor does not want a topic of one replica because two brokers start a little later. */
  #isTooEarly(image: MetadataImage): boolean {
    const { clock, configuration, layers } = this.#parts;
    const isAlone = configuration.quorum.length <= 1 && configuration.roles.includes('controller');
    if (isAlone || setText('offsets.topic.replication.factor', layers()) !== undefined) return false;
    const wanted = Number(configuration.get('offsets.topic.replication.factor'));
    return registeredBrokers(image).length < wanted && clock.monotonicMs() - this.#startedMs < PATIENCE_MS;
  }
}
