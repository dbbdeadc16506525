import { isIPv6 } from 'node:net';
import type { KeptEnvelope } from '../../store/kept.ts';

export interface Hop {
  readonly envelope: KeptEnvelope;
  /** Name of this listener. */
  readonly by: string;
  /** `ESMTPS`, as RFC 3848 names what was spoken. */
  readonly protocol: string;
  /** Number of the session. */
  readonly id: string;
  readonly receivedAt: Date;
}

/** The fields that a server adds when it takes a message for good (RFC 5321 §4.4; Delivered-To: RFC 9228), with CRLF. */
export function traceFields({ envelope, by, protocol, id, receivedAt }: Hop): Buffer {
  const { mailFrom = '', rcptTo = '', helo = '', clientAddress = '' } = envelope;
  const address = isIPv6(clientAddress) ? `IPv6:${clientAddress}` : clientAddress;
  const tls = envelope.tls === undefined ? '' : ` (${envelope.tls})`;
  const date = receivedAt.toUTCString().replace('GMT', '+0000');
  return Buffer.from(
    `Return-Path: <${mailFrom}>\r\nDelivered-To: ${rcptTo}\r\n` +
      `Received: from ${heloOf(helo)} ([${address}])\r\n\tby ${by} with ${protocol}${tls} id ${id}\r\n\tfor <${rcptTo}>; ${date}\r\n`,
  );
}

/** What a client calls itself is written down only where it is a name or an address. */
const heloOf = (helo: string): string => (/^[-\w.:[\]]{1,255}$/.test(helo) ? helo : 'unknown');
