import type { Ended } from '../store/dead-sessions.ts';
import type { Logger } from '../telemetry/log.ts';

/** Logs what became of sessions that were left open in the store, or in a sink. */
export function tellEnded(log: Logger, ended: Ended, where: { readonly sink?: string } = {}): void {
  if (ended === 'Refused')
    log.warn(
      'what a stopped worker leaves open in this database cannot be ended and may hold its locks; GRANT EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint) to its user',
      where,
    );
  else if (ended > 0) log.warn('ended what was left open in this database', { ...where, sessions: ended });
}
