import { type Phrase, phrase } from './phrases.ts';

/**
 * Sentences that nobody wrote down before: a thing and what became of it, near each other and in either order. Tried when no
 * phrase is known and no status code tells more than that something was refused.
 */
const not = "(?:\\w*n't|not|never|cannot|no longer)";
const refused = `(?:accept|allow|permit|take)(?:s|ed)? no\\b|block|bann|barr(?:ed|ing)|refus|reject|den(?:y|ied|ies|ying)|forbid|prohibit|disallow|black-?list|unwelcome|bogus|${not} (?:be )?(?:accept|allow|permit|welcome|want|authori[sz]|trust)|may not (?:deliver|send|connect)`;
const absent = `unknown|void|non-?existent|gone\\b|bogus|${not} (?:be )?(?:exist|found|known|locat|recogni[sz]|registered|defined|assigned|allocated|created|on file|in use|valid|hosted|deliverable|resolv)`;
const failed = `fail|fault|error|problem|trouble|broke|unavailable|down\\b|crash|overload|exhaust|heavy load|${not} (?:be )?(?:available|respond|answer|work|reach|access|contact|start)`;

/** A word of the same sentence. */
const word = '(?: (?!--)\\S*[^\\s.;!?])';
const near = (things: string, events: string): string =>
  `\\b(?:${things})\\b(?:'s)?[:,]?${word}{0,8}? [('"]?(?:\\w+-)?(?:${events})|\\b(?:${events})\\w*${word}{0,4}? (?:\\w+-)?(?:${things})\\b`;

/** What the sender has is another matter than what it asks for. */
const sendersOwn =
  "(?<!\\b(?:your|your own|sender|sender's|sending|from|return|client|source|ip|author|header|unknown) )";
const kinds = '(?:(?:local|final|destination|recipient|e-?mail|mail|virtual|such) )*';

/** That something of the recipient's is not there. */
const gone = (things: string): string =>
  `(?:\\b(?=recipient|addressee)|${sendersOwn}\\b)(?:${things})\\b(?:'s)?[:,]?${word}{0,8}? (?:${absent})|\\b(?:unknown|non-?existent|no such|${not} (?:know|find|have) (?:any |an? |the |this |that )?) ?${kinds}(?:${things})\\b`;

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
  phrase('requireptr', '\\b(?:ptr|rdns|fcrdns)\\b|\\breverse\\b(?![- ]path)|resolve\\w* backwards|\\bmaps? back to\\b'),
  phrase('failedstarttls', '\\b(?:tls|ssl|starttls)\\b|\\bencryption\\b|\\bunencrypted\\b|\\bcleartext\\b'),
  phrase('spamdetected', '\\b(?:ube|uce|spam\\w*|scam|phish\\w*|junk|unsolicited|advertis(?:ing|ements?))\\b'),
  phrase(
    'norelaying',
    '\\brelaying\\b|\\b(?:no|not|never|cannot|\\w+n.t) (?:\\w+ ){0,4}relay\\b|\\b(?:hosts?|domains?) (?:that |which )?(?:i|we) (?:accept|take|handle)',
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
    'speeding',
    near('rate|volume|frequency|flow|pace', 'high|limit|exceed|excess|over\\b|above|reduce|lower'),
    '\\b(?:messages|mails|e-?mails|mail)(?: \\S+){0,5}? (?:per|an|each|short) (?:second|minute|hour|day|time|period)\\b|too (?:fast|quick|often|frequent)',
  ),
  phrase(
    'mesgtoobig',
    near(
      'messages?|mails?|e-?mails?|body|attachments?|content',
      '(?:too|so) (?:big|large|heavy)|oversize|\\d+ ?(?:[kmg]i?b|(?:[km]ega|kilo)?bytes)\\b|exceed|larger|bigger|heavier|weigh',
    ),
  ),
  phrase(
    'toomanyconn',
    near('connections?|sessions?|recipients', 'limit|max|exceed|too many|more than|at (?:a|one) time|at once'),
  ),
  phrase(
    'filtered',
    '\\bfilters? (?:of|by) (?:\\w+ )?(?:recipient|addressee|user|customer|owner)\\b',
    "\\b(?:recipient|addressee|receiver|user|customer|owner)(?:'s)?(?: \\S+){0,4}? (?:block|barr|refus|reject|black-?list|declin|ignor|want|allow|accept)\\w*(?: \\S+){0,3}? (?:you|from you|(?:this|the|your) (?:mail|message))\\b",
  ),
  phrase('rejected', near(sender, `${refused}|${absent}|forge|spoof|fake|invalid|must|may not|only|has no|lacks`)),
  phrase(
    'rejected',
    '\\bfrom (?:an? |the )?(?:unknown|unidentified|untrusted|unverified) (?:\\w+ )?(?:person|sender|source|user|address|domain)',
    '\\b(?:your|your own|author|sender) (?:e-?mail )?(?:address|domain)\\b(?: \\S+){0,4} (?:not|\\S+n.t)\\b|\\b(?:domain|address) (?:that |which )?you (?:send|sent|use)\\b',
  ),
  phrase(
    'rejected',
    '\\b(?:member|subscriber|moderator)s?\\b.{0,40}\\b(?:list|group)\\b|\\b(?:list|group)\\b.{0,40}\\b(?:member|subscriber|moderator)s?\\b',
  ),
  phrase(
    'suspend',
    near(
      recipient,
      `(?:turned|switched|shut) off|barr(?:ed|ing)|lapsed|on hold|${not} active|paused|cancel|terminat|suspend|deactivat|frozen`,
    ),
  ),
  phrase(
    'policyviolation',
    near(attachment, refused),
    near('policy|policies|rules?|regulations', 'contraven|breach|infring|against|forbid|permit|prohibit|stopp'),
  ),
  phrase(
    'blocked',
    near(client, refused),
    "\\b(?:helo|ehlo)\\b|\\b(?:provider|isp)(?:'s)? (?:\\w+ )?(?:relay|server|smarthost)\\b",
    `\\b(?:your(?: \\w+)?|client|connecting|sending) (?:${client})\\b${word}{0,6} (?:${absent})`,
  ),
  phrase('notaccept', '\\bno (?:e-?)?mail (?:service|is (?:accepted|taken|received))\\b(?! from)'),
  phrase('hasmoved', '\\breplaced by <?a@b|\\b(?:write|send|mail|use) (?:to )?<?a@b>? instead'),
  phrase('hostunknown', gone('domain|domain name|host|host ?name|mx'), "[\\w-]\\.[a-z]{2,} (?:does not|doesn't) exist"),
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
      'internal|our (?:side|end|system)|servers?|service|scanner|filter|database|directory|system|back-?end|daemon|milter|(?:mail ?|message )store|disk|i\\/o|cluster|storage',
      failed,
    ),
  ),
];

/** How a recipient is said not to be there, as loosely; in other languages by the one word that is said of nothing else. */
export const looseUnknownUser = new RegExp(
  `${gone(`${recipient}(?! of\\b| (?:database|directory|interaction|agent|lookup)\\b)`)}|${not} (?:lives?|works?|resid\\w+|employed|in|on) (?:here|for us|with us|at|(?:our|the|this|any) (?:\\w+ ){0,2}(?:book|directory|database|table|records?|register|server|system))\\b|\\bno entry\\b|\\b(?:left|quit) (?:our|the|this) (?:firm|company|organi[sz]ation|school|university)\\b|\\bnot (?:an? |one of )(?:\\w+ ){0,2}(?:address|recipient|user|mail ?box|account|customer)|\\bno (?:\\w+ ){0,2}(?:user|mail ?box|account|recipient|person|one)(?=$|[.,;:)!]| (?:correspond\\w*|by|with|here|called|named|match\\w*|of|in|on|at|for|exists?|found|like|that)\\b)|\\b(?:unbekannt|inconnu|desconocid|sconosciut|desconhecid|onbekend|nieznan|okänd|ukjent|ukendt)`,
);
