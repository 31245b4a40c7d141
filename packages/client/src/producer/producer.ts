import type { ProducerRecord, RecordMetadata } from '../records';

/** Sends records in batches. One producer serves a whole process. */
export interface Producer extends AsyncDisposable {
  /**
   * Resolves when the record is acknowledged as `acks` asks. Records of one partition that are sent in order lie in
   * order. Fails with ClientError; its `effect` tells whether the record may have been written all the same.
   */
  send(
    record: ProducerRecord,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<RecordMetadata>;
  /** Sends everything accepted so far without lingering, and waits for the answers. */
  flush(): Promise<void>;
  /** Resolves when there is room in `bufferBytes`: how a fast sender waits without holding promises. */
  ready(): Promise<void>;
  /** Flushes, then closes; records still unanswered after `timeoutMs` (default: no limit of its own) fail. */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}
