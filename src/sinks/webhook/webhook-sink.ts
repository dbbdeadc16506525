import http from 'node:http';
import https from 'node:https';
import type { WebhookSpec } from '../../api/kinds/webhook.ts';
import { milliseconds } from '../../api/schema.ts';
import type { Attempt, Delivery, Guarantee, PayloadForm, QueuedSink, SecretOf } from '../sink.ts';
import { AddressRefused, guardedLookup, isRefused } from './address-guard.ts';
import { answered, retryAfterMs, unanswered } from './answers.ts';
import { post } from './request.ts';
import { signature, signatureKey } from './signature.ts';

/** Bytes a second that the slowest line worth using carries: how long a large message may take. */
const slowestLine = 8 * 1024;

type Auth = { readonly bearer: string } | { readonly key: Buffer } | undefined;

/** What the sink has open; made again when its Secrets may have changed. */
interface Opened {
  readonly agent: http.Agent | https.Agent;
  readonly auth: Auth;
}

/** A header's value that any text can be: percent-encoded UTF-8. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

/**
 * An HTTP endpoint that receives each document by POST. At least once: what was answered with 2xx and then not recorded, because this process or the
 * store fell over in between, is sent again under the same `webhook-id`.
 */
export class WebhookSink implements QueuedSink {
  readonly name: string;
  readonly guarantee: Guarantee = { kind: 'AtLeastOnce', key: 'webhook-id' };
  readonly form: PayloadForm;
  readonly concurrency: number;
  readonly #spec: WebhookSpec;
  readonly #secret: SecretOf;
  readonly #now: () => number;
  #opened: Opened | undefined;

  /** @param now epoch milliseconds. */
  constructor(name: string, spec: WebhookSpec, secret: SecretOf, now: () => number = Date.now) {
    this.name = name;
    this.form = spec.mode ?? 'Json';
    this.concurrency = spec.concurrency ?? 8;
    this.#spec = spec;
    this.#secret = secret;
    this.#now = now;
  }

  async check(): Promise<void> {
    const auth = await this.#auth();
    const caRef = this.#spec.tls?.caSecretRef;
    const ca = caRef && (await this.#secret(caRef.name, caRef.key ?? 'ca.crt'));
    this.close();
    const settings = { keepAlive: true, maxSockets: this.concurrency, lookup: guardedLookup };
    const secure = this.#spec.url.startsWith('https:');
    const agent = secure ? new https.Agent({ ...settings, ...(ca && { ca }) }) : new http.Agent(settings);
    this.#opened = { agent, auth };
  }

  async #auth(): Promise<Auth> {
    const { auth } = this.#spec;
    if (!auth) return undefined;
    const secret = await this.#secret(auth.secretRef.name, auth.secretRef.key ?? 'token');
    return auth.type === 'Bearer' ? { bearer: secret.trim() } : { key: signatureKey(secret) };
  }

  async deliver(delivery: Delivery, signal: AbortSignal): Promise<Attempt> {
    if (!this.#opened) throw new Error(`sink ${this.name} was not checked before its use`);
    const { agent, auth } = this.#opened;
    const url = new URL(this.#spec.url);
    const idleMs = milliseconds(this.#spec.timeout ?? '30s');
    const body = delivery.payload;
    const totalMs = 2 * idleMs + (body.length / slowestLine) * 1000;
    try {
      if (isRefused(url.hostname.replace(/^\[|\]$/g, ''))) throw new AddressRefused('the address is refused');
      const headers = { ...this.#headers(delivery), ...this.#proof(delivery, auth) };
      const { status, retryAfter } = await post({ url, agent, headers, body, idleMs, totalMs }, signal);
      return answered(status, retryAfterMs(retryAfter, this.#now()));
    } catch (error) {
      signal.throwIfAborted();
      return unanswered(error);
    }
  }

  #headers(delivery: Delivery): Readonly<Record<string, string>> {
    const headers = {
      'content-type': this.form === 'Raw' ? 'message/rfc822' : 'application/json',
      'user-agent': 'mailmill',
      'idempotency-key': delivery.id,
      'webhook-id': delivery.id,
    };
    if (this.form === 'Json') return headers;
    return {
      ...headers,
      'mailmill-document-id': delivery.documentId,
      'mailmill-edition': String(delivery.edition),
      'mailmill-namespace': delivery.namespace,
      'mailmill-pipeline': delivery.pipeline,
      'mailmill-source': delivery.source,
      'mailmill-account': encoded(delivery.account),
      'mailmill-folder': encoded(delivery.folder),
      'mailmill-received-at': delivery.receivedAt.toISOString(),
    };
  }

  #proof(delivery: Delivery, auth: Auth): Readonly<Record<string, string>> {
    const timestamp = Math.floor(this.#now() / 1000);
    const stamp = { 'webhook-timestamp': String(timestamp) };
    if (!auth) return stamp;
    if ('bearer' in auth) return { ...stamp, authorization: `Bearer ${auth.bearer}` };
    return { ...stamp, 'webhook-signature': signature(auth.key, delivery.id, timestamp, delivery.payload) };
  }

  close(): void {
    this.#opened?.agent.destroy();
    this.#opened = undefined;
  }
}
