import { type Phrase, phrase } from './phrases.ts';

/**
 * Sentences that nobody wrote down before: a thing and what became of it, near each other and in either order. Tried when no
 * phrase is known and no status code tells more than that something was refused.
 */
const refused =
  "block|bann|barr(?:ed|ing)|refus|reject|den(?:y|ied|ies|ying)|forbid|prohibit|disallow|black-?list|unwelcome|(?:not|n't|never) (?:be )?(?:accept|allow|permit|welcome|want|authori[sz]|trust)";
const absent =
  "unknown|void|non-?existent|missing|gone|delet|remov|(?:not|n't|never|cannot|no longer) (?:be )?(?:exist|found|known|locat|recogni[sz]|registered|defined|configured|on file|in use|valid|listed|hosted|deliverable|resolv)";
const failed =
  "fail|fault|error|problem|trouble|broke|unavailable|down\\b|crash|overload|exhaust|heavy load|(?:not|n't|cannot) (?:be )?(?:available|respond|answer|work|reach|access|contact|start)";

/** A word of the same sentence. */
const word = '(?: (?!--)\\S*[^\\s.;!?])';

const near = (things: string, events: string): string =>
  `\\b(?:${things})\\b(?:'s)?[:,]?${word}{0,8}? [('"]?(?:${events})|\\b(?:${events})\\w*${word}{0,4}? (?:\\w+-)?(?:${things})\\b`;

const sender =
  'senders?|sending (?:address|domain)|from[ -]address|return[ -]path|envelope[ -](?:from|sender)|originator|author';
const recipient =
  'recipients?|addressees?|users?|mail ?box(?:es)?|inbox|account|alias|address|e-?mail address|local part|customer|subscriber|person|name';
const client =
  'ip|ips|ip address(?:es)?|hosts?|clients?|(?:mail ?)?servers?|networks?|subnet|net ?range|range|gateway|provider|isp|country|region|asn|connections?|relay server';
const attachment = 'attachments?|files?|extensions?|archives?|macros?|executables?|documents?|zip|links?|keywords?';

/** Tried in this order: names of techniques, then things of which one is meant alone, then those that many sentences have. */
export const loosePhrases: readonly Phrase[] = [
  phrase('authfailure', '\\b(?:spf|dkim|dmarc|domainkeys)\\b'),
  phrase('requireptr', '\\b(?:ptr|rdns|fcrdns)\\b|\\breverse\\b|resolve\\w* backwards'),
  phrase('failedstarttls', '\\b(?:tls|ssl|starttls)\\b|\\bencryption\\b|\\bunencrypted\\b|\\bcleartext\\b'),
  phrase('spamdetected', '\\b(?:ube|uce|spam\\w*|scam|phish\\w*|junk|unsolicited|advertis(?:ing|ements?))\\b'),
  phrase(
    'norelaying',
    '\\brelay(?:s|ed|ing)?\\b|\\b(?:hosts?|domains?) (?:that |which )?(?:i|we) (?:accept|take|handle)',
  ),
  phrase(
    'mailboxfull',
    "\\b(?:quota|(?:mail ?box|inbox|user|recipient|account)(?:'s)?(?: \\S+){0,6}? (?:space|room|storage|capacity|full))\\b|\\b(?:space|room|storage|capacity)(?: \\S+){0,5} (?:mail ?box|inbox|user|recipient|account)\\b",
  ),
  phrase(
    'systemfull',
    '\\b(?:no|not enough|insufficient|too little|low|out of|lack of) (?:\\w+ ){0,2}(?:space|room|storage)\\b',
  ),
  phrase(
    'mesgtoobig',
    near(
      'messages?|mails?|e-?mails?|body|attachments?|content',
      'too big|too large|oversize|over \\d+ ?[km]i?b|exceed|larger|bigger|heavier|weigh',
    ),
  ),
  phrase(
    'toomanyconn',
    near('connections?|sessions?|recipients', 'limit|max|exceed|too many|more than|at (?:a|one) time|at once'),
  ),
  phrase(
    'speeding',
    near('rate|volume|frequency|flow|pace', 'high|limit|exceed|excess|over\\b|above|reduce|lower'),
    '\\b(?:messages|mails|e-?mails|mail)(?: \\S+){0,5}? (?:per|an|each|short) (?:second|minute|hour|day|time|period)\\b|too (?:fast|quick|often|frequent)',
  ),
  phrase(
    'filtered',
    "\\b(?:recipient|addressee|user|customer)(?:'s)?(?: \\S+){0,4}? (?:block|refus|reject|black-?list|declin|ignor|want|allow|accept)\\w*(?: \\S+){0,3}? (?:you|from you)\\b",
  ),
  phrase('rejected', near(sender, `${refused}|${absent}|forge|spoof|fake|invalid|must|may not|only|has no|lacks`)),
  phrase(
    'rejected',
    '\\b(?:member|subscriber|moderator)s?\\b.{0,40}\\blist\\b|\\blist\\b.{0,40}\\b(?:member|subscriber|moderator)s?\\b',
  ),
  phrase(
    'suspend',
    near(recipient, "(?:turned|switched|shut) off|barr(?:ed|ing)|lapsed|on hold|(?:not|n't) active|paused|quarantined"),
  ),
  phrase(
    'policyviolation',
    near(attachment, refused),
    near('policy|policies|rules?|regulations', 'contraven|breach|infring|against|forbid|permit|prohibit|stopp'),
  ),
  phrase('blocked', near(client, refused), '\\b(?:helo|ehlo)\\b'),
  phrase(
    'hostunknown',
    near('domain|domain name|host|host ?name|mx', absent),
    "[\\w-]\\.[a-z]{2,} (?:does not|doesn't) exist",
  ),
  phrase(
    'networkerror',
    '\\bloop(?:s|ed|ing)?\\b',
    near(
      'connection|network|route|dns|mx|socket|name ?servers?',
      `${failed}|drop|clos|reset|interrupt|abort|unreachable|lost|timed`,
    ),
  ),
  phrase(
    'expired',
    '\\b(?:tried|attempted|deliver\\w*|queued?|waited|retried)(?: \\S+){0,4}? (?:for|within|after|during|in) (?:\\S+ ){0,2}(?:hours?|days?|minutes?|attempts?|tries)\\b',
  ),
  phrase(
    'contenterror',
    near(
      'headers?|mime|charset|encoding|characters?|boundary|structure|body part',
      `${refused}|illegal|broke|invalid|malformed|corrupt|wrong|bad|unsupported|defect|damaged`,
    ),
  ),
  phrase(
    'notcompliantrfc',
    '\\brfc ?\\d{3,4}\\b|\\b(?:lacks?|without|missing|no|has no) (?:\\w+ ){0,2}(?:date|from|subject|message-id|to) (?:header|field)',
  ),
  phrase(
    'systemerror',
    near(
      'internal|our (?:side|end|system)|servers?|service|scanner|filter|database|directory|system|back-?end|disk|i\\/o|cluster|storage',
      failed,
    ),
  ),
];

/** How a recipient is said not to be there, as loosely; in other languages by the one word that is said of nothing else. */
export const looseUnknownUser = new RegExp(
  `${near(recipient, absent)}|\\bno (?:\\w+ ){0,2}(?:user|mail ?box|account|recipient|person|one)\\b|\\b(?:unbekannt|inconnu|desconocid|sconosciut|desconhecid|onbekend|nieznan|okänd|ukjent|ukendt)`,
);
