import { hasCode, messageOf } from '@kafkaesque/kernel';

const ADVICE: readonly (readonly [readonly string[], string])[] = [
  [
    ['EROFS', 'EACCES', 'EPERM'],
    'The node must be allowed to write to its log directories (log.dirs, metadata.log.dir).',
  ],
  [['ENOSPC', 'EDQUOT'], 'The disk is full, and has no room even for this: free some, and nothing is lost.'],
  [['EMFILE', 'ENFILE'], 'Raise how many files this process may have open (ulimit -n).'],
];

/** What ends a start or a stop, as a sentence for whoever runs the node; undefined for what only a developer can mend. */
export const explained = (error: unknown): string | undefined => {
  const first = innermost(error);
  if (typeof first !== 'object' || first === null || !('code' in first)) return undefined;
  const advice = ADVICE.find(([codes]) => codes.some((code) => hasCode(first, code)))?.[1];
  return advice === undefined ? messageOf(first) : `${messageOf(first)}. ${advice}`;
};

/** What failed first: a failure while cleaning up after a failure is an error around both (`SuppressedError`). */
const innermost = (error: unknown): unknown => {
  for (let first = error; ; first = first.suppressed)
    if (typeof first !== 'object' || first === null || !('suppressed' in first)) return first;
};
