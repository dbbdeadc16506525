/** Places where a crash test may kill the process; each lies between two effects that a crash could separate. */
export const failpoints = [
  'before-resolve',
  'after-resolve',
  'before-sink-commit',
  'after-sink-commit',
  'in-store-transaction',
  'before-store-commit',
  'after-store-commit',
  'after-lease',
  'after-refeed',
  'before-kept-commit',
  'after-kept-commit',
  'before-kept-segment',
  'after-kept-segment',
  'in-kept-changes',
  'after-kept-changes',
  'after-change-sinks',
  'after-change-commit',
  'outbox-claimed',
  'outbox-sent',
  'outbox-settled',
] as const;

export type Failpoint = (typeof failpoints)[number];

const armed = process.env.MAILMILL_FAILPOINT?.split(':');
let hits = 0;

/**
 * Ends the process by SIGKILL when `MAILMILL_FAILPOINT=<name>[:<n>]` names this place and it is reached for the n-th time
 * (1 by default). Without the variable it does nothing. For tests only.
 */
export function failpoint(name: Failpoint): void {
  if (armed?.[0] !== name) return;
  hits += 1;
  if (hits >= Number(armed[1] ?? 1)) process.kill(process.pid, 'SIGKILL');
}
