/** One batch as it is compared: where it ends, and the checksum over what stands in it. */
export interface ComparedBatch {
  readonly lastOffset: number;
  readonly checksum: number;
}

/** What one replica answered in a round; nothing and a high watermark of -1 where its broker did not answer. */
export interface ReplicaAnswer {
  readonly replica: number;
  readonly highWatermark: number;
  readonly batches: readonly ComparedBatch[];
}

/** What the answers of a partition's replicas come to. */
export interface ComparedRound {
  /** Behind the last batch that all replicas have; undefined: there was none. */
  readonly verifiedTo: number | undefined;
  readonly highWatermark: number;
  /** What differs, in the words of Kafka's tool. */
  readonly findings: readonly string[];
  /** Two replicas have batches that end at different offsets: nothing behind them can be compared. */
  readonly isBroken: boolean;
}

/** Compares batch by batch, as far as all replicas have them below their high watermarks. */
export const compareAnswers = (name: string, answers: readonly ReplicaAnswer[]): ComparedRound => {
  const highWatermark = Math.max(-1, ...answers.map((one) => one.highWatermark));
  const findings: string[] = [];
  let verifiedTo: number | undefined;
  for (let index = 0; ; index++) {
    const row = answers.flatMap(({ replica, highWatermark: mark, batches }) => {
      const batch = batches[index];
      return batch === undefined || batch.lastOffset >= mark ? [] : [{ replica, ...batch }];
    });
    const [first, ...others] = row;
    if (first === undefined) break;
    for (const other of others) {
      if (other.lastOffset !== first.lastOffset) {
        findings.push(
          `partition ${name}: replica ${first.replica}'s offset ${first.lastOffset} doesn't match replica ` +
            `${other.replica}'s offset ${other.lastOffset}`,
        );
        return { verifiedTo, highWatermark, findings, isBroken: true };
      }
      if (other.checksum !== first.checksum) {
        findings.push(
          `partition ${name} has unmatched checksum at offset ${other.lastOffset}; replica ${first.replica}'s checksum ` +
            `${first.checksum}; replica ${other.replica}'s checksum ${other.checksum}`,
        );
      }
    }
    if (row.length < answers.length) break;
    verifiedTo = first.lastOffset + 1;
  }
  return { verifiedTo, highWatermark, findings, isBroken: false };
};
