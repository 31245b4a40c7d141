// What a member of a group tells and is told: events as JSON lines on standard output, the end of standard input as "leave".

/** Written at once, so that what is told before a kill is told. */
export const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

/** Resolves when this member is told to leave. */
export const toldToLeave = () =>
  new Promise((resolve) => {
    process.stdin.on('end', resolve);
    process.stdin.resume();
  });
