import type { ConsumerGroupDescription, GroupListing, GroupMember, TopicPartition } from '@kafkaesque/client';

/** What stands where there is nothing to say. */
const MISSING = '-';
const LEAST_WIDTH = 15;

/** One row of `--describe --offsets`; what is undefined is not known, or is not there. */
export interface OffsetRow {
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly leaderEpoch: number | undefined;
  readonly currentOffset: number | undefined;
  readonly logEndOffset: number | undefined;
  readonly lag: number | undefined;
  readonly consumerId: string | undefined;
  readonly host: string | undefined;
  readonly clientId: string | undefined;
}

interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** The column is as wide as its widest text, but not narrower; undefined: as wide as each text. */
  readonly atLeast: number | undefined;
  /** As wide as `atLeast`, however long the texts are. */
  readonly isFixed?: boolean;
}

const shown = (value: string | number | undefined): string => (value === undefined ? MISSING : String(value));

/** Lines of a table, the titles first; each line is as wide as its columns and `tail` say. */
const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], tail = ''): readonly string[] => {
  const widths = columns.map(({ atLeast, isFixed = false, text }) =>
    atLeast === undefined || isFixed
      ? (atLeast ?? 0)
      : Math.max(atLeast, ...rows.map((row) => text(row).length)),
  );
  const line = (texts: readonly string[]): string =>
    `${texts.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' ')}${tail}`;
  return [
    line(columns.map(({ title }) => title)),
    ...rows.map((row) => line(columns.map(({ text }) => text(row)))),
  ];
};

const fixed = <Row>(title: string, atLeast: number, text: (row: Row) => string): Column<Row> => ({
  title,
  text,
  atLeast,
  isFixed: true,
});

/** Lines of `--list` with states or types. */
export const listingLines = (
  groups: readonly GroupListing[],
  { withType, withState }: { readonly withType: boolean; readonly withState: boolean },
): readonly string[] => {
  const width = Math.max(LEAST_WIDTH, ...groups.map(({ groupId }) => groupId.length)) + 10;
  const columns: Column<GroupListing>[] = [fixed('GROUP', width, ({ groupId }) => groupId)];
  if (withType) columns.push(fixed('TYPE', 20, ({ type }) => type ?? 'Unknown'));
  if (withState) columns.push(fixed('STATE', 20, ({ state }) => state ?? 'Unknown'));
  return table(columns, groups);
};

/** Lines of one group's offsets. */
export const offsetLines = (
  group: string,
  rows: readonly OffsetRow[],
  isVerbose: boolean,
): readonly string[] => {
  const columns: Column<OffsetRow>[] = [
    { title: 'GROUP', text: () => group, atLeast: LEAST_WIDTH },
    { title: 'TOPIC', text: ({ topic }) => shown(topic), atLeast: LEAST_WIDTH },
    fixed('PARTITION', 10, ({ partition }) => shown(partition)),
    ...(isVerbose
      ? [fixed<OffsetRow>('LEADER-EPOCH', LEAST_WIDTH, ({ leaderEpoch }) => shown(leaderEpoch))]
      : []),
    fixed('CURRENT-OFFSET', LEAST_WIDTH, ({ currentOffset }) => shown(currentOffset)),
    fixed('LOG-END-OFFSET', LEAST_WIDTH, ({ logEndOffset }) => shown(logEndOffset)),
    fixed('LAG', LEAST_WIDTH, ({ lag }) => shown(lag)),
    { title: 'CONSUMER-ID', text: ({ consumerId }) => shown(consumerId), atLeast: LEAST_WIDTH },
    { title: 'HOST', text: ({ host }) => shown(host), atLeast: LEAST_WIDTH },
    { title: 'CLIENT-ID', text: ({ clientId }) => shown(clientId), atLeast: undefined },
  ];
  return table(columns, rows);
};

/** `t:0,1;u:2`, or a dash. */
const assignmentText = (assignment: readonly TopicPartition[] | undefined): string => {
  if (assignment === undefined || assignment.length === 0) return MISSING;
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of assignment) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics]
    .map(([topic, partitions]) => `${topic}:${partitions.sort((a, b) => a - b).join(',')}`)
    .sort()
    .join(';');
};

/** Lines of one group's members; none of them where there are none to print. */
export const memberLines = (
  { groupId, members, targetAssignmentEpoch }: ConsumerGroupDescription,
  isVerbose: boolean,
): readonly string[] => {
  const isStatic = members.some(({ instanceId }) => instanceId !== undefined);
  const isMixed =
    members.some(({ upgraded }) => upgraded === true) && members.some(({ upgraded }) => upgraded === false);
  const columns: Column<GroupMember>[] = [
    { title: 'GROUP', text: () => groupId, atLeast: LEAST_WIDTH },
    { title: 'CONSUMER-ID', text: ({ memberId }) => memberId, atLeast: LEAST_WIDTH },
    ...(isStatic
      ? [{ title: 'GROUP-INSTANCE-ID', text: ({ instanceId }: GroupMember) => instanceId ?? '', atLeast: 17 }]
      : []),
    { title: 'HOST', text: ({ host }) => host, atLeast: LEAST_WIDTH },
    { title: 'CLIENT-ID', text: ({ clientId }) => clientId, atLeast: LEAST_WIDTH },
    fixed('#PARTITIONS', LEAST_WIDTH, ({ assignment }) => String(assignment.length)),
  ];
  // Kafka's lines end with a blank here, before what --verbose adds.
  if (!isVerbose) return table(columns, members, ' ');
  columns.push(
    fixed('CURRENT-EPOCH', LEAST_WIDTH, ({ memberEpoch }) => shown(memberEpoch)),
    { title: 'CURRENT-ASSIGNMENT', text: ({ assignment }) => assignmentText(assignment), atLeast: 20 },
    fixed('TARGET-EPOCH', LEAST_WIDTH, () => shown(targetAssignmentEpoch)),
    {
      title: 'TARGET-ASSIGNMENT',
      text: ({ targetAssignment }) => assignmentText(targetAssignment),
      atLeast: 20,
    },
  );
  if (isMixed)
    columns.push({
      title: 'UPGRADED',
      text: ({ upgraded }) => (upgraded === undefined ? MISSING : String(upgraded)),
      atLeast: undefined,
    });
  return table(columns, members);
};

/** Lines of one group's state. */
export const stateLines = (group: ConsumerGroupDescription, isVerbose: boolean): readonly string[] => {
  const { id, host, port } = group.coordinator;
  const columns: Column<ConsumerGroupDescription>[] = [
    { title: 'GROUP', text: ({ groupId }) => groupId, atLeast: LEAST_WIDTH },
    { title: 'COORDINATOR (ID)', text: () => `${host}:${port}  (${id})`, atLeast: 25 },
    fixed('ASSIGNMENT-STRATEGY', 20, ({ partitionAssignor }) => partitionAssignor || MISSING),
    fixed('STATE', 20, ({ state }) => state),
    ...(isVerbose
      ? [
          fixed<ConsumerGroupDescription>('GROUP-EPOCH', LEAST_WIDTH, ({ groupEpoch }) => shown(groupEpoch)),
          fixed<ConsumerGroupDescription>('TARGET-ASSIGNMENT-EPOCH', 25, ({ targetAssignmentEpoch }) =>
            shown(targetAssignmentEpoch),
          ),
        ]
      : []),
    { title: '#MEMBERS', text: ({ members }) => String(members.length), atLeast: undefined },
  ];
  return table(columns, [group]);
};

/** One partition's new position. */
export interface NewOffset extends TopicPartition {
  readonly group: string;
  readonly offset: number;
}

/** Lines of what --reset-offsets does. */
export const resetLines = (offsets: readonly NewOffset[]): readonly string[] =>
  table<NewOffset>(
    [
      { title: 'GROUP', text: ({ group }) => group, atLeast: LEAST_WIDTH },
      { title: 'TOPIC', text: ({ topic }) => topic, atLeast: LEAST_WIDTH },
      fixed('PARTITION', 10, ({ partition }) => String(partition)),
      { title: 'NEW-OFFSET', text: ({ offset }) => String(offset), atLeast: undefined },
    ],
    offsets,
  );

/** What became of one partition's offset. */
export interface DeletedOffset {
  readonly topic: string;
  /** Undefined: of the whole topic. */
  readonly partition: number | undefined;
  readonly status: string;
}

/** Lines of what --delete-offsets did. */
export const deletedLines = (offsets: readonly DeletedOffset[]): readonly string[] =>
  table<DeletedOffset>(
    [
      { title: 'TOPIC', text: ({ topic }) => topic, atLeast: LEAST_WIDTH },
      fixed('PARTITION', 10, ({ partition }) => shown(partition)),
      fixed('STATUS', LEAST_WIDTH, ({ status }) => status),
    ],
    offsets,
  );
