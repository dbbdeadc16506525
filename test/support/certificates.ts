import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Makes ca.crt, server.crt and server.key in `dir` with openssl; the server's certificate is for `names` (DNS names and addresses). */
export async function makeCertificates(dir: string, names: readonly string[]): Promise<{ ca: string }> {
  await fs.mkdir(dir, { recursive: true });
  const file = (name: string) => path.join(dir, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subjects = names.map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
  await run('openssl', [
    ...['req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.crt')],
    ...['-days', '3650', '-subj', '/CN=Mailmill test authority'],
  ]);
  await run('openssl', [
    ...['req', '-new', ...key, '-keyout', file('server.key'), '-out', file('server.csr')],
    ...['-subj', `/CN=${names[0]}`],
  ]);
  await fs.writeFile(file('server.ext'), `subjectAltName=${subjects}\nbasicConstraints=CA:FALSE\n`);
  await run('openssl', [
    ...['x509', '-req', '-in', file('server.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-out', file('server.crt'), '-days', '3650', '-extfile', file('server.ext')],
  ]);
  return { ca: await fs.readFile(file('ca.crt'), 'utf8') };
}
