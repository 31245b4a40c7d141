import type { Conversation } from './conversation';
import { openConversation } from './conversation';
import { programPath } from './found-clients';

/** Running programs of foreign clients, by the server they talk to and the name of their file. */
const running = new Map<string, Map<string, Conversation>>();

interface Told {
  readonly ok?: unknown;
  readonly error?: string;
}

/**
 * Asks the program of a client, which is started by the first question and then answers one after the other: most of the time
 * of a short run would go into loading the client. Each question gets a consumer or producer of its own. Fails with what the
 * program tells of a failure.
 */
export const askProgram = async (
  command: string,
  file: string,
  bootstrap: string,
  question: { readonly ask: string } & Readonly<Record<string, unknown>>,
): Promise<unknown> => {
  const ofServer = running.get(bootstrap) ?? new Map<string, Conversation>();
  running.set(bootstrap, ofServer);
  const conversation = ofServer.get(file) ?? openConversation(command, [programPath(file), bootstrap]);
  ofServer.set(file, conversation);
  const { ok, error } = (await conversation.ask(question)) as Told;
  if (error !== undefined) throw new Error(`${file}: ${error}`);
  return ok;
};

/** Ends the programs that talk to a server. */
export const closePrograms = async (bootstrap: string): Promise<void> => {
  const programs = [...(running.get(bootstrap)?.values() ?? [])];
  running.delete(bootstrap);
  await Promise.all(programs.map(({ close }) => close()));
};
