import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stalled } from '../../telemetry/errors.ts';

/** A lock that ends with the process that holds it, however that ends: a socket that it listens on. */
export interface StateLock {
  release(): void;
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Takes the directory for this process. Throws Stalled `STATE_IN_USE` while another one has it. */
export async function lockState(directory: string): Promise<StateLock> {
  const name = `mailmill-${createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 16)}`;
  // Linux has names without a file, which vanish with the process; elsewhere a file may be left over from a crash.
  const path = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
  let server = await listen(path);
  if (!server && process.platform !== 'linux' && !(await answers(path))) {
    rmSync(path, { force: true });
    server = await listen(path);
  }
  if (server) return { release: () => void server.close() };
  throw stalled(
    'STATE_IN_USE',
    `another mailmill run uses the state in ${directory}; end it, or choose another directory with --state DIR`,
  );
}
