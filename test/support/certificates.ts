import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes ca.crt, server.crt and server.key, client.crt and client.key in `dir` with openssl; the server's certificate is for `names` (DNS names
 * and addresses).
 */
export async function makeCertificates(dir: string, names: readonly string[]): Promise<{ ca: string }> {
  await fs.mkdir(dir, { recursive: true });
  const file = (name: string) => path.join(dir, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subjects = names.map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
  await run('openssl', [
    ...['req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.crt')],
    ...['-days', '3650', '-subj', '/CN=Mailmill test authority'],
  ]);
  const issue = async (name: string, subject: string, extension: string) => {
    await run('openssl', [
      ...['req', '-new', ...key, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)],
      ...['-subj', `/CN=${subject}`],
    ]);
    await fs.writeFile(file(`${name}.ext`), `${extension}\nbasicConstraints=CA:FALSE\n`);
    await run('openssl', [
      ...['x509', '-req', '-in', file(`${name}.csr`), '-CA', file('ca.crt'), '-CAkey', file('ca.key')],
      ...['-CAcreateserial', '-out', file(`${name}.crt`), '-days', '3650', '-extfile', file(`${name}.ext`)],
    ]);
  };
  await issue('server', String(names[0]), `subjectAltName=${subjects}`);
  await issue('client', 'worker', 'extendedKeyUsage=clientAuth');
  return { ca: await fs.readFile(file('ca.crt'), 'utf8') };
}
