// Nanoseconds for one call of the codecs on the hot path. Build first: npx tsc -b packages/protocol
import { createRequire } from 'node:module';

const {
  FetchRequest,
  FetchResponse,
  MetadataResponse,
  ProduceRequest,
  ProduceResponse,
  apis,
  encodeResponseFrame,
  readRequestHeader,
  encodeRequestFrame,
} = createRequire(import.meta.url)('../dist/index.js');

const ROUNDS = 7;
const CALLS = 200_000;
let sink = 0;

/** The median of several rounds, after one that warms up. */
const measure = (name, call, calls = CALLS) => {
  const rounds = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) sink += call();
    if (round > 0) rounds.push(Number(process.hrtime.bigint() - start) / calls);
  }
  rounds.sort((a, b) => a - b);
  console.log(`${name.padEnd(52)} ${rounds[ROUNDS >> 1].toFixed(0).padStart(8)} ns`);
};

const topicId = 'dGhpcyBpcyBhIHRvcGljIQ';
const records = Buffer.alloc(16_384, 1);
const produce = {
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: 'flights', topicId, partitionData: [{ index: 3, records }] }],
};
for (const version of [7, 11, 13]) {
  const frame = Buffer.concat(encodeRequestFrame(apis.Produce, version, 7, 'bench', produce)).subarray(4);
  const { bodyAt } = readRequestHeader(frame);
  measure(`Produce v${version} header`, () => readRequestHeader(frame).bodyAt);
  measure(
    `Produce v${version} decode, 1 topic, 1 partition`,
    () => ProduceRequest.decode(frame, version, bodyAt).acks,
  );
}
const many = {
  ...produce,
  topicData: [
    {
      name: 'flights',
      topicId,
      partitionData: Array.from({ length: 100 }, (_, index) => ({ index, records: Buffer.alloc(100) })),
    },
  ],
};
const manyBytes = ProduceRequest.encode(many, 11);
measure('Produce v11 decode, 100 partitions', () => ProduceRequest.decode(manyBytes, 11).acks, 10_000);

const produced = {
  responses: [
    { name: 'flights', topicId, partitionResponses: [{ index: 3, errorCode: 0, baseOffset: 123_456_789 }] },
  ],
};
for (const version of [7, 11]) {
  measure(
    `Produce v${version} answer encoded as a frame`,
    () => encodeResponseFrame(apis.Produce, version, 7, produced).length,
  );
}

const fetch = {
  maxWaitMs: 500,
  minBytes: 1,
  topics: [
    {
      topic: 'flights',
      topicId,
      partitions: [{ partition: 3, fetchOffset: 123_456_789, partitionMaxBytes: 1_048_576 }],
    },
  ],
  forgottenTopicsData: [],
};
for (const version of [12, 17]) {
  const bytes = FetchRequest.encode(fetch, version);
  measure(`Fetch v${version} decode, 1 partition`, () => FetchRequest.decode(bytes, version).maxWaitMs);
}
const fetched = {
  responses: [
    {
      topic: 'flights',
      topicId,
      partitions: [
        {
          partitionIndex: 3,
          errorCode: 0,
          highWatermark: 123_456_789,
          lastStableOffset: 123_456_789,
          logStartOffset: 0,
          abortedTransactions: null,
          records: [records, records],
        },
      ],
    },
  ],
};
for (const version of [12, 17]) {
  measure(
    `Fetch v${version} answer encoded as a frame, 2 slices`,
    () => encodeResponseFrame(apis.Fetch, version, 7, fetched).length,
  );
  const bytes = FetchResponse.encode(fetched, version);
  measure(`Fetch v${version} answer decoded`, () => FetchResponse.decode(bytes, version).sessionId);
}
const metadata = MetadataResponse.encode(
  {
    brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
    topics: [
      {
        errorCode: 0,
        name: 'flights',
        topicId,
        partitions: Array.from({ length: 100 }, (_, partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId: 1,
          leaderEpoch: 3,
          replicaNodes: [1, 2, 3],
          isrNodes: [1, 2, 3],
          offlineReplicas: [],
        })),
      },
    ],
  },
  12,
);
measure(
  'Metadata v12 answer decoded, 100 partitions',
  () => MetadataResponse.decode(metadata, 12).controllerId,
  5_000,
);
measure('ProduceResponse.make', () => ProduceResponse.make(produced).throttleTimeMs);
console.log(sink > 0 ? '' : ' ');
