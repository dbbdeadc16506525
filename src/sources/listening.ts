import type { Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import { stalled } from '../telemetry/errors.ts';
import type { ListenerHost } from './listener.ts';

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Reads the certificate of a listener. Throws Stalled `LISTENER_CERTIFICATE_INVALID` and what is wrong with the Secret. */
export async function readCertificate(secret: ListenerHost['secret'], name: string): Promise<Certificate> {
  const pair = { key: await secret(name, 'tls.key'), cert: await secret(name, 'tls.crt') };
  try {
    createSecureContext(pair);
  } catch {
    // No cause: it may hold a part of the key.
    throw stalled(
      'LISTENER_CERTIFICATE_INVALID',
      `tls.crt and tls.key of the Secret ${name} are no certificate with its key (PEM); put a pair in, as cert-manager writes it`,
    );
  }
  return pair;
}

/** Listens at a port. Throws Stalled `LISTENER_PORT_TAKEN`. */
export async function listenAt(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) =>
      reject(
        stalled(
          'LISTENER_PORT_TAKEN',
          `port ${port} of ${host} cannot be had (${error.code}); end who has it, or give the source another port`,
          { cause: error },
        ),
      );
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

/** The port that a server has. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
