import type { Clock, Logger, Random } from '@kafkaesque/kernel';
import type { Admin } from './admin/admin';
import type { ConsumerOptions } from './consumer/consumer-options';
import type { Consumer } from './consumer/consumer';
import type { ProducerOptions } from './producer/producer-options';
import type { Producer } from './producer/producer';
import type { Wire } from './wire/wire';

export interface ClientOptions {
  /** `host:port,host:port`, or the same as a list; `kafka://host:port` is understood too. Not together with `wire`. */
  readonly bootstrapServers?: string | readonly string[] | undefined;
  /** A wire that somebody else opened and closes. */
  readonly wire?: Wire | undefined;
  readonly clientId?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** `metadata.max.age.ms`. Default 300000. */
  readonly metadataMaxAgeMs?: number | undefined;
  /** Time and chance; the machine's own when absent. */
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
}

/** A cluster that one process talks to: one wire and one view of its metadata for all that is opened from it. */
export interface Client extends AsyncDisposable {
  readonly wire: Wire;
  producer(options?: ProducerOptions): Producer;
  consumer(options?: ConsumerOptions): Consumer;
  admin(options?: { readonly apiTimeoutMs?: number | undefined }): Admin;
  /** Closes what was opened from it, producers after flushing. */
  close(): Promise<void>;
}

/** Opens nothing yet: the first call that needs the cluster connects. */
export const openClient = (options: ClientOptions): Client => {
  throw new Error(`not written yet: ${Object.keys(options).join()}`);
};
