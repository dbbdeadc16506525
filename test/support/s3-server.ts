import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { freePorts } from './free-port.ts';
import { goBinary } from './go-binary.ts';
import { eventually } from './processes.ts';

const module = 'github.com/versity/versitygw';
const version = 'v1.8.0';

export const s3Login = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

export type S3Server = Awaited<ReturnType<typeof startS3>>;

/** A real S3 server on a free port of loopback; its objects are files in a directory that `stop` removes. */
export async function startS3() {
  const binary = await goBinary(module, `${module}/cmd/versitygw`, version);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-s3-'));
  const [port] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  for (const name of ['data', 'meta', 'versions']) fs.mkdirSync(path.join(dir, name));
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { ...s3Login } });
  let child: ChildProcess | undefined;
  const start = async () => {
    const started = spawn(
      binary,
      [
        ...[
          '--access',
          s3Login.accessKeyId,
          '--secret',
          s3Login.secretAccessKey,
          '--port',
          `127.0.0.1:${port}`,
          '--quiet',
        ],
        // Extended attributes are not there on every file system.
        ...[
          'posix',
          '--sidecar',
          path.join(dir, 'meta'),
          '--versioning-dir',
          path.join(dir, 'versions'),
          path.join(dir, 'data'),
        ],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-4_000);
      });
    child = started;
    await eventually(async () => {
      if (started.exitCode !== null) throw new Error(`versitygw ended:\n${output}`);
      return fetch(endpoint).then(
        () => true,
        () => false,
      );
    });
  };
  const down = async () => {
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  };
  await start();
  let buckets = 0;
  return {
    endpoint,
    client,
    start,
    /** Ends it at once; `start` brings it back with its objects. */
    down,
    async createBucket({ versioned = false } = {}): Promise<string> {
      const bucket = `mail-${++buckets}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      if (versioned)
        await client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
        );
      return bucket;
    },
    async put(bucket: string, key: string, body: string | Buffer): Promise<void> {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body as string) }));
    },
    async remove(bucket: string, key: string): Promise<void> {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    async keys(bucket: string, prefix = ''): Promise<string[]> {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return Contents.map(({ Key = '' }) => Key);
    },
    async stop(): Promise<void> {
      client.destroy();
      await down();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
