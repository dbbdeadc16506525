import pg from 'pg';

/**
 * A connection to PostgreSQL whose end is told by the query that is under way, or the next one, and by nothing else. A server that goes down
 * in the moment of a login may say both in one packet: nobody has the connection in hand then, and Node ends a process in which nobody listens.
 */
export class SteadyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
