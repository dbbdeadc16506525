import { withoutComments } from '../comments.ts';
import { firstValue, readFieldGroups, typedValue } from './field-groups.ts';
import { bareAddress } from './notice.ts';
import { type OriginalMessage, returnedMessage } from './original.ts';
import type { ReportSource } from './report-source.ts';

export type DispositionType = 'displayed' | 'deleted' | 'dispatched' | 'processed' | 'denied' | 'failed' | 'other';

/** What became of a message at its reader (MDN, RFC 8098). Fields that are absent are empty. */
export interface DispositionNotification {
  /** What was done with the message (RFC 8098 §3.2.6.2). */
  readonly type: DispositionType;
  /** Whether the reader or a program acted. */
  readonly action: 'manual' | 'automatic' | '';
  /** Whether the reader or a program sent the notification. */
  readonly sent: 'manual' | 'automatic' | '';
  /** `error`, `warning` … (RFC 8098 §3.2.6.3), lower case. */
  readonly modifiers: readonly string[];
  /** Who got the message: Final-Recipient. */
  readonly recipient: string;
  /** Address that the sender wrote to. */
  readonly originalRecipient: string;
  /** Message-ID of the message without angle brackets. */
  readonly originalMessageId: string;
  /** Program that made the notification. */
  readonly reportingUserAgent: string;
  /** Gateway that made it. */
  readonly gateway: string;
  /** Error fields, as they stand. */
  readonly errors: readonly string[];
  /** Failure fields, as they stand. */
  readonly failures: readonly string[];
  /** Warning fields, as they stand. */
  readonly warnings: readonly string[];
  /** The message, as far as it is returned. */
  readonly original: OriginalMessage | null;
}

const types = new Set(['displayed', 'deleted', 'dispatched', 'processed', 'denied', 'failed']);
const partTypes = new Set(['message/disposition-notification', 'message/global-disposition-notification']);
const isType = (text: string): text is DispositionType => types.has(text);

/**
 * Reads `manual-action/MDN-sent-manually; displayed/error` (RFC 8098 §3.2.6). Modifiers may hold blanks: AS2 writes
 * `failed/Failure: unsupported format` (RFC 4130 §7.5.1).
 */
function readDisposition(value: string): Pick<DispositionNotification, 'type' | 'action' | 'sent' | 'modifiers'> {
  const plain = withoutComments(value.toLowerCase());
  const semicolon = plain.indexOf(';');
  const mode = semicolon === -1 ? '' : plain.slice(0, semicolon).trim();
  // Some leave the mode out.
  const what = plain.slice(semicolon + 1);
  const slash = what.indexOf('/');
  const type = (slash === -1 ? what : what.slice(0, slash)).trim();
  const modifiers = slash === -1 ? [] : what.slice(slash + 1).split(',');
  return {
    type: isType(type) ? type : 'other',
    action: mode.startsWith('manual-action') ? 'manual' : mode.startsWith('automatic-action') ? 'automatic' : '',
    sent: mode.includes('mdn-sent-manually') ? 'manual' : mode.includes('mdn-sent-automatically') ? 'automatic' : '',
    modifiers: modifiers.map((one) => one.replace(/\s+/g, ' ').trim()).filter((one) => one !== ''),
  };
}

/** Reads a message disposition notification; null when the message is none. */
export function dispositionNotification(source: ReportSource): DispositionNotification | null {
  const part = source.leaves.find((leaf) => partTypes.has(leaf.type));
  if (part === undefined) return null;
  const group = new Map(
    readFieldGroups(source.text(part))
      .toReversed()
      .flatMap((one) => [...one]),
  );
  const disposition = firstValue(group, 'disposition');
  if (disposition === '' && !group.has('final-recipient')) return null;
  const address = (name: string) => bareAddress(typedValue(firstValue(group, name)).value);
  return {
    ...readDisposition(disposition),
    recipient: address('final-recipient'),
    originalRecipient: address('original-recipient'),
    originalMessageId: firstValue(group, 'original-message-id').replace(/^<|>$/g, '').trim(),
    reportingUserAgent: firstValue(group, 'reporting-ua'),
    gateway: typedValue(firstValue(group, 'mdn-gateway')).value,
    errors: group.get('error') ?? [],
    failures: group.get('failure') ?? [],
    warnings: group.get('warning') ?? [],
    original: returnedMessage(source),
  };
}
