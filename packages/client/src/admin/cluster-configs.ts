import { BrokerId } from '@kafkaesque/kernel';
import type { DraftFor } from '../wire/wire';
import { brokerError } from '../broker-error';
import { isClientError } from '../errors';
import type {
  CallOptions,
  ConfigChange,
  ConfigEntry,
  ConfigReplacement,
  ConfigResource,
  ConfigResourceType,
  Outcome,
} from './admin';
import type { AdminCalls, CallBounds } from './admin-calls';
import { failed, incomplete } from './admin-calls';
import { configOperation, configResourcesOf, configResourceType, entriesOf } from './config-resources';

/** ListConfigResources: before, it was ListClientMetricsResources. */
const FIRST_VERSION_OF_ALL_RESOURCES = 1;

interface ResourceAnswer {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * The admin's calls about configs. A broker's own configs, and its loggers, are asked of that broker and of no other; what
 * goes wrong with one broker leaves the other resources of a call alone.
 */
export class ClusterConfigs {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  describeAll(
    resources: readonly ConfigResource[],
    options: CallOptions & { readonly synonyms?: boolean; readonly documentation?: boolean },
  ): Promise<readonly Outcome<ConfigResource, readonly ConfigEntry[]>[]> {
    const draftOf = (items: readonly ConfigResource[]): DraftFor<'DescribeConfigs'> => ({
      resources: items.map(({ type, name }) => ({
        resourceType: configResourceType[type],
        resourceName: name,
        configurationKeys: null,
      })),
      includeSynonyms: options.synonyms ?? false,
      ...(options.documentation === true ? { includeDocumentation: true } : {}),
    });
    return this.#each({
      what: 'describing configs',
      items: resources,
      resourceOf: (resource) => resource,
      options,
      ask: async (items, broker, bounds) => {
        const name = 'DescribeConfigs';
        const { results } =
          broker === undefined
            ? await this.#calls.ask(name, draftOf(items), bounds)
            : await this.#calls.askBroker(broker, name, draftOf(items), bounds);
        return results;
      },
      valueOf: ({ configs }) => entriesOf(configs),
    });
  }

  incrementalAlter(
    changes: readonly { readonly resource: ConfigResource; readonly changes: readonly ConfigChange[] }[],
    options: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#alter('IncrementalAlterConfigs', changes, options, (items) => ({
      resources: items.map((one) => ({
        resourceType: configResourceType[one.resource.type],
        resourceName: one.resource.name,
        configs: one.changes.map(({ name, operation, value }) => ({
          name,
          configOperation: configOperation[operation],
          value,
        })),
      })),
      validateOnly: options.validateOnly ?? false,
    }));
  }

  alter(
    replacements: readonly ConfigReplacement[],
    options: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#alter('AlterConfigs', replacements, options, (items) => ({
      resources: items.map(({ resource, configs }) => ({
        resourceType: configResourceType[resource.type],
        resourceName: resource.name,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      })),
      validateOnly: options.validateOnly ?? false,
    }));
  }

  list(types: readonly ConfigResourceType[], options: CallOptions): Promise<readonly ConfigResource[]> {
    return this.#calls.call('listing config resources', options, async (bounds) => {
      const onlyClientMetrics = types.length > 0 && types.every((type) => type === 'client-metrics');
      const answer = await this.#calls.ask(
        'ListConfigResources',
        (version) =>
          version >= FIRST_VERSION_OF_ALL_RESOURCES
            ? { resourceTypes: types.map((type) => configResourceType[type]) }
            : {},
        { ...bounds, ...(onlyClientMetrics ? {} : { minVersion: FIRST_VERSION_OF_ALL_RESOURCES }) },
      );
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
      return configResourcesOf(answer.configResources);
    });
  }

  #alter<
    Name extends 'AlterConfigs' | 'IncrementalAlterConfigs',
    Item extends { readonly resource: ConfigResource },
  >(
    name: Name,
    items: readonly Item[],
    options: CallOptions,
    draftOf: (items: readonly Item[]) => DraftFor<Name>,
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#each({
      what: 'altering configs',
      items,
      resourceOf: ({ resource }) => resource,
      options,
      ask: async (some, broker, bounds) => {
        // Only the active controller can change what a broker has, where there are only controllers to ask.
        const isForActive =
          this.#calls.cluster.peers === 'controllers' &&
          some.every(({ resource }) => resource.type === 'broker');
        const { responses } =
          broker === undefined || isForActive
            ? await this.#calls.change(name, draftOf(some), bounds)
            : await this.#calls.changeBroker(broker, name, draftOf(some), bounds);
        return responses;
      },
      valueOf: () => undefined,
    });
  }

  /** Asks each broker about its own resources, and whoever answers about the others; outcomes in the order of the items. */
  async #each<Item, Answer extends ResourceAnswer, Value>(question: {
    readonly what: string;
    readonly items: readonly Item[];
    readonly resourceOf: (item: Item) => ConfigResource;
    readonly options: CallOptions;
    readonly ask: (
      items: readonly Item[],
      broker: BrokerId | undefined,
      bounds: CallBounds,
    ) => Promise<readonly Answer[]>;
    readonly valueOf: (answer: Answer) => Value;
  }): Promise<readonly Outcome<ConfigResource, Value>[]> {
    const { what, items, resourceOf, options, ask, valueOf } = question;
    const outcomes = new Map<Item, Outcome<ConfigResource, Value>>();
    const groups = byBroker(items, resourceOf);
    await Promise.all(
      groups.map(async ({ broker, items: some }) => {
        try {
          const answers = await this.#calls.call(what, options, (bounds) => ask(some, broker, bounds));
          for (const item of some) outcomes.set(item, outcomeOf(resourceOf(item), answers, valueOf));
        } catch (error) {
          if (broker === undefined || !isClientError(error) || this.#calls.isClosed) throw error;
          for (const item of some) outcomes.set(item, failed(resourceOf(item), error));
        }
      }),
    );
    return items.map((item) => outcomes.get(item) ?? failed(resourceOf(item), incomplete(what)));
  }
}

const outcomeOf = <Answer extends ResourceAnswer, Value>(
  resource: ConfigResource,
  answers: readonly Answer[],
  valueOf: (answer: Answer) => Value,
): Outcome<ConfigResource, Value> => {
  const one = answers.find(
    ({ resourceType, resourceName }) =>
      resourceType === configResourceType[resource.type] && resourceName === resource.name,
  );
  if (one === undefined) return failed(resource, incomplete(`${resource.type} ${resource.name}`));
  return one.errorCode === 0
    ? { kind: 'done', key: resource, value: valueOf(one) }
    : failed(resource, brokerError(one.errorCode, one.errorMessage));
};

/** A name that is no number is for any broker to refuse. */
const byBroker = <Item>(
  items: readonly Item[],
  resourceOf: (item: Item) => ConfigResource,
): readonly { readonly broker: BrokerId | undefined; readonly items: readonly Item[] }[] => {
  const groups = new Map<BrokerId | undefined, Item[]>();
  for (const item of items) {
    const { type, name } = resourceOf(item);
    const isOfBroker = (type === 'broker' || type === 'broker-logger') && /^\d+$/.test(name);
    const broker = isOfBroker ? BrokerId(Number(name)) : undefined;
    const group = groups.get(broker);
    if (group === undefined) groups.set(broker, [item]);
    else group.push(item);
  }
  return [...groups].map(([broker, group]) => ({ broker, items: group }));
};
