import type { ParseLimits } from '../message.ts';
import { type AutoReply, autoReply } from './auto-reply.ts';
import { type DeliveryReport, deliveryStatus } from './delivery-status.ts';
import { type DispositionNotification, dispositionNotification } from './disposition-notification.ts';
import { type FeedbackReport, feedbackReport } from './feedback-report.ts';
import { openReport, type ReportSource } from './report-source.ts';

/**
 * What a message reports, in one word and its typed value: `delivery`, a delivery status notification (RFC 3464) or a bounce
 * without its fields; `feedback`, a complaint of a feedback loop (ARF, RFC 5965); `disposition`, a message disposition
 * notification (MDN, RFC 8098); `autoReply`, an automatic response (RFC 3834).
 */
export type MailReport =
  | ({
      /** What became of mail: a bounce, a delay, a receipt of delivery. */
      readonly kind: 'delivery';
    } & DeliveryReport)
  | ({
      /** A complaint, through a feedback loop. */
      readonly kind: 'feedback';
    } & FeedbackReport)
  | ({
      /** A receipt of reading. */
      readonly kind: 'disposition';
    } & DispositionNotification)
  | ({
      /** An answer that a program gave, such as a vacation notice. */
      readonly kind: 'autoReply';
    } & AutoReply);

/**
 * Reads what an opened message reports about other mail: a delivery, a complaint, a disposition or an automatic reply. Null for
 * ordinary mail. Deterministic; linear in the size of the message.
 */
export function readMailReport(source: ReportSource): MailReport | null {
  const feedback = feedbackReport(source);
  if (feedback !== null) return { kind: 'feedback', ...feedback };
  const disposition = dispositionNotification(source);
  if (disposition !== null) return { kind: 'disposition', ...disposition };
  const delivery = deliveryStatus(source);
  if (delivery !== null) return { kind: 'delivery', ...delivery };
  const reply = autoReply(source);
  return reply === null ? null : { kind: 'autoReply', ...reply };
}

/**
 * The same of raw bytes.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export const readReport = (raw: Buffer, limits?: ParseLimits): MailReport | null =>
  readMailReport(openReport(raw, limits));
