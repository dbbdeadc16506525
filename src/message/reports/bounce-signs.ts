import { withoutComments } from '../comments.ts';
import { addressesOf } from './original.ts';
import type { ReportSource } from './report-source.ts';
import { readReply } from './smtp-reply.ts';

/** Local parts that MTAs write under. */
export const daemons =
  /^(?:mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|mail[-_.]?delivery[-_.]?(?:system|subsystem)|daemon|mdaemon|mailadmin|mmdf|microsoftexchange[0-9a-f]{32})(?:[+=-]|$)/i;
/** Local parts that nobody answers. */
export const robots = /^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|sysadmin|administrator|system)(?:[+=-]|$)/i;
/** What MTAs write into a subject. */
export const subjects =
  /\b(?:undeliver(?:ed|able)|non[- ]?deliver(?:y|able)|returned (?:mail|to sender)|failure notice|(?:mail|message|delivery|deliver) (?:\w+ ){0,3}(?:failure|failed|failing|problem|error|status|delayed|notification)|(?:failed|failure|failing|permanent) deliver|could not (?:be )?(?:deliver|send|sent)|(?:error|trouble) (?:sending|delivering)|mail system error|warning--?could not send|bounced? mail|postmaster notify|warning: (?:message|could not))/i;
/** What only an MTA writes into the text of a failure. */
export const phrasesOfFailure =
  /(?:could not|couldn't|cannot|can't|was not|unable to|wasn't able to|not be|error|failed|failure|has been delayed|trouble) (?:\w+ ){0,3}(?:deliver|reach)|(?:could not|couldn't|cannot|unable to|failed to) (?:be )?sen[dt]\b|deliver\w* (?:\w+ ){0,6}(?:failed|failure|aborted|permanently|problems?|errors?|delayed)|(?:address|recipient|user)(?:es|\(es\)|s|\(s\))? (?:\w+ ){0,2}(?:failed|had (?:\w+ ){0,3}(?:errors?|problems?))|undeliverable|transcript of session|not delivered|did not reach/i;

/** The same in the languages of the MTAs and providers whose notices are translated. */
const failureElsewhere =
  /nicht zugestellt|unzustellbar|zustellung(?:sfehler| (?:\S+ ){0,8}verzögert)|n['’]a (?:pas )?pu être (?:remis|distribué|délivré|envoyé|livré)|échec de (?:la )?remise|non (?:remis|distribué)|(?:no se (?:ha )?(?:pudo|podido|pueden?|entreg)|error de|fallo en la) (?:entregar?|entregado)|recapito non riuscito|non recapitabil|(?:impossibile|non è stato possibile) (?:recapitare|consegnare)|niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar|não (?:foi (?:possível )?)?entreg|falha na entrega|не (?:\S+ ){0,2}доставлен|не удалось доставить|недоставлен|niedostarcz|nie (?:\S+ ){0,2}dostarczon|配信(?:できません|不能|に失敗|が遅延)|(?:送信|配達)できません|退信|无法(?:投递|送达)|無法(?:投遞|送達|傳遞)|投递失败|(?:전송|발송|배달)에? ?실패|반송/i;

export type Sign = 'certain' | 'likely' | 'possible' | 'none';

/** Local parts of those who write for a list itself: its own notices bear its fields. */
const keepers = /[-_](?:admin|bounces?|owner|request)(?:[+=-]|$)/i;

/** Mail that a list passed on (RFC 2369, RFC 2919): what people discuss there is no notice, whatever its subject says. */
const isDiscussion = (source: ReportSource, local: string): boolean =>
  (source.header('list-id') !== '' || source.header('list-post') !== '') && !robots.test(local) && !keepers.test(local);

/** What mail programs put before the subject of an answer or of what they pass on, perhaps behind the mark of a list or case. */
const passedOn = /^\s*(?:\[[^\]]{1,60}\]\s*)?(?:re|aw|antw|sv|vs|rif|odp|fwd?|wg|tr|rv|i|enc)(?:\[\d+\])?\s*:\s*/i;

/**
 * How surely a message is a notice about a delivery by its header: an MTA wrote it, something that nobody answers wrote
 * it, or neither.
 */
export function signOf(source: ReportSource): Sign {
  if (source.header('x-failed-recipients') !== '') return 'certain';
  const type = source.header('content-type').toLowerCase();
  if (type.startsWith('multipart/report') && /report-type\s*=\s*"?delivery-status/.test(type)) return 'certain';
  const nullPath = /^<\s*>/.test(source.header('return-path'));
  const { subject } = source;
  // People answer and pass on notices, postmasters among them; James answers too, with the subject of the message that failed.
  const passed = passedOn.exec(subject);
  if (!nullPath && passed !== null && subjects.test(subject.slice(passed[0].length))) return 'none';
  const from = source.header('from');
  const address = addressesOf(from)[0] ?? '';
  // Postfix gives its name in a comment, and no domain.
  const local = (address === '' ? withoutComments(from).replace(/[<>"\s]/g, '') : address).split('@')[0] ?? '';
  if (daemons.test(local) || /\bfml\b/i.test(source.header('x-mlserver'))) return 'likely';
  const empty = from.replace(/\s/g, '').endsWith('<>');
  const robot = robots.test(local);
  const named = subjects.test(subject);
  if (named && (empty || nullPath || robot)) return 'likely';
  if (!nullPath && isDiscussion(source, local)) return 'none';
  return nullPath || empty || named || robot ? 'possible' : 'none';
}

/** Whether words of an MTA's or provider's text, in the languages that are known, say that a delivery failed. */
export const tellsOfFailure = (text: string): boolean => phrasesOfFailure.test(text) || failureElsewhere.test(text);

/** Whether the subject or the text speaks of a delivery that failed. */
export const speaksOfFailure = (source: ReportSource, text: string): boolean =>
  subjects.test(source.subject) || tellsOfFailure(text) || /^[45]/.test(readReply(text).code);
