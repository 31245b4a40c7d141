import { RE2JS, RE2JSSyntaxException } from 're2js';

/** Whether the broker would take a regular expression (KIP-848): it reads RE2's syntax, as Google's library does. */
export const validateRegex = (regex: string): string => {
  try {
    RE2JS.compile(regex);
    return `The regular expression \`${regex}\` is valid.\n`;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return `The regular expression \`${regex}\` is invalid: ${error.getDescription()}.\n`;
  }
};
