import type { Aim, Figure } from './figures';
import type { ServerName } from './servers/server';

/** So many times that of another server at most, in the same scenario or in another one. */
export const atMost = (
  limit: number,
  server: ServerName,
  figure: Figure = 'cpuSecondsPerGb',
  scenario?: string,
): Aim => ({
  figure,
  against: scenario === undefined ? { server } : { server, scenario },
  kind: 'at most',
  limit,
});
/** So much at most. */
export const noMoreThan = (limit: number, figure: Figure): Aim => ({ figure, kind: 'at most', limit });
