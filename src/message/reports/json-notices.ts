import type { Leaf } from '../mime-tree.ts';
import { typedValue } from './field-groups.ts';
import { emptyNotice, maxRecipients, type Notice } from './notice.ts';
import type { ReportSource } from './report-source.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Position behind the object that starts at `start`, or -1. */
function endOfObject(source: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < source.length; i++) {
    const char = source[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return i + 1;
  }
  return -1;
}

function parse(source: string): Json | null {
  try {
    const value: unknown = JSON.parse(source);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether a plain text begins with `{`, behind blanks or the mark of its byte order: only such is a notification. */
export function beginsWithObject(source: ReportSource, leaf: Leaf): boolean {
  if (leaf.type !== 'text/plain') return false;
  const first = source.start(leaf).find((byte) => byte > 0x20) ?? 0x7b;
  return first === 0x7b || first === 0xef || first >= 0xfe;
}

/** The notification of Amazon SES (documented as “Amazon SNS notification contents”) at the start of a text, or null. */
export function readSesNotification(body: string): Json | null {
  const source = body.trimStart();
  if (!source.startsWith('{') || !/"(?:notificationType|eventType|Type)"/.test(source)) return null;
  const end = endOfObject(source, 0);
  if (end === -1) return null;
  // SNS breaks long lines with `!`, a newline and a blank, as old MTAs do.
  const outer = parse(source.slice(0, end).replace(/!?\n[ \t]?/g, ''));
  if (outer === null) return null;
  const inner = typeof outer.Message === 'string' ? parse(outer.Message) : null;
  const notification = inner ?? outer;
  return 'notificationType' in notification || 'eventType' in notification ? notification : null;
}

/** Recipients of a list, each with what it states by itself. */
const stated = (recipients: unknown, action: string, category: string): readonly Notice[] =>
  list(recipients)
    .filter(isObject)
    .slice(0, maxRecipients)
    .map((one) => {
      const diagnostic = typedValue(text(one.diagnosticCode));
      return {
        ...emptyNotice,
        recipient: text(one.emailAddress),
        action: text(one.action) || action,
        status: text(one.status),
        diagnosticType: diagnostic.type,
        diagnostic: diagnostic.value,
        category,
      };
    });

/** Recipients of a Bounce, Delivery, DeliveryDelay or Reject notification of Amazon SES; its types are their categories. */
export function sesNotices(notification: Json): readonly Notice[] {
  const kind = text(notification.notificationType) || text(notification.eventType);
  if (kind === 'Bounce' && isObject(notification.bounce)) {
    const { bounceType, bounceSubType, bouncedRecipients } = notification.bounce;
    return stated(bouncedRecipients, 'failed', `${text(bounceType)}/${text(bounceSubType)}`.toLowerCase());
  }
  if (kind === 'DeliveryDelay' && isObject(notification.deliveryDelay)) {
    const { delayType, delayedRecipients } = notification.deliveryDelay;
    return stated(delayedRecipients, 'delayed', `transient/${text(delayType)}`.toLowerCase());
  }
  if (kind === 'Reject' && isObject(notification.reject) && isObject(notification.mail)) {
    // “Bad content”: SES took the message and found malware in it.
    const recipients = list(notification.mail.destination).slice(0, maxRecipients);
    return recipients.map((one) => ({ ...emptyNotice, recipient: text(one), category: 'virus-related' }));
  }
  if (kind === 'Delivery' && isObject(notification.delivery)) {
    const diagnostic = text(notification.delivery.smtpResponse);
    return list(notification.delivery.recipients)
      .slice(0, maxRecipients)
      .map((one) => ({
        ...emptyNotice,
        recipient: text(one),
        action: 'delivered',
        diagnosticType: 'smtp',
        diagnostic,
      }));
  }
  return [];
}

/** Recipients of a Complaint notification of Amazon SES with the type of feedback, or null. */
export function sesComplaint(
  notification: Json,
): { readonly type: string; readonly recipients: readonly string[] } | null {
  const { complaint } = notification;
  if (!isObject(complaint)) return null;
  const recipients = list(complaint.complainedRecipients).filter(isObject);
  return {
    type: text(complaint.complaintFeedbackType) || 'abuse',
    recipients: recipients.slice(0, maxRecipients).map((one) => text(one.emailAddress)),
  };
}
