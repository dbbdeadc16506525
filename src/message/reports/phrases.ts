import type { Reason } from './reasons.ts';
import type { SmtpCommand } from './smtp-reply.ts';

/**
 * One way in which MTAs say a reason. The words come from the RFCs' reply texts and from MTAs' sources and manuals (Exim,
 * Postfix, sendmail, qmail, Exchange, Domino, Communigate, Courier, Dovecot, OpenSMTPD and the large providers' pages).
 */
export interface Phrase {
  readonly reason: Reason;
  readonly pattern: RegExp;
  /** Counts only after one of these commands. */
  readonly after?: readonly SmtpCommand[];
}

/** One reason with the patterns that say it, joined. */
export const phrase = (reason: Reason, ...sources: readonly string[]): Phrase => ({
  reason,
  pattern: new RegExp(sources.join('|')),
});

const mailbox = '(?:mail ?box|account|inbox|in-box|mail ?folder|mail ?drop|user|recipient|address|maildir|e-?mail)';
/** What people call a mailbox or who has it, in the languages in which servers of providers answer beside English. */
export const foreignMailbox =
  '\\b(?:empf\\S{1,4}nger(?:adresse)?|adressat|(?:be)?nutzer|postfach|konto|adresse(?! ip\\b)|destinat\\w+|utilisateur|compte|bo[iî]te|usuario|buz[oó]n|cuenta|utente|casella|usu[aá]rio|caixa|conta|gebruiker|postvak|mailbox|account)\\b(?: \\S+){0,5}? ';

const address = '\\[?(?:\\d{1,3}\\.){3}\\d{1,3}\\]?';
const ip = '\\b(?:ip|host|client|server|network|net ?block|subnet|ip (?:address|range|block))';

/** Tried in this order: what is said more precisely stands before what is said of many things. Text is in lower case. */
export const phrases: readonly Phrase[] = [
  // Exchange Online's limits of rate and Gmail's rules of form stand before the words that they share with others.
  phrase(
    'speeding',
    'submission quota|mail send limit|message receive limit|number of messages they can receive|recipient thread limit',
  ),
  phrase('notcompliantrfc', 'not rfc ?\\d{3,4} compliant|headers are not rfc compliant'),
  // The field that names the author, and what a client calls itself: their domains are not the recipient’s.
  phrase(
    'rejected',
    '\\bfrom: (?:domain|address)\\w*|valid from:?(?: |$)|as a from:|permissions? to (?:send|submit) as',
  ),
  phrase(
    'blocked',
    '\\b(?:helo|ehlo)\\b(?: \\S+){0,3} (?:host ?name|domain|name)(?: \\S+){0,6} (?:invalid|rejected|denied|blocked|not)|(?:bad|blocked|invalid|forged|fake) (?:helo|ehlo)\\b',
  ),
  phrase(
    'authfailure',
    'dmarc (?:\\w+ ){0,2}(?:fail|polic|check|reject|verif|unauth|quarantine|invalid)|(?:fail|violat|polic|reject|unauth|pass).{0,60}\\bdmarc\\b',
    '\\b(?:spf|sender policy framework|dkim|domainkeys|sender ?id)\\b.{0,60}(?:fail|unsuccess|record|invalid|denied|reject|polic|missing|not (?:pass|valid|verif)|mismatch|not align|not permitted|not allowed to send|unauthori[sz]ed)',
    '(?:fail|bad|invalid|violat|rejected|pass|unauthori[sz]ed|prohibited|not (?:allowed|permitted)).{0,60}\\b(?:spf|dkim|sender ?id)\\b',
    'unauthenticated (?:e-?mail|mail|message|sender)|sender (?:is )?unauthenticated|domain owner (?:\\w+ )?polic',
    'not have authentication information|(?:fails?|failed) to pass authentication|authentication checks? failed|required authentication level',
    'not (?:permitted|allowed|authori[sz]ed) to send (?:e-?mail |mail )?(?:for|from|on behalf of) (?:the |this )?domain',
    'openspf\\.(?:org|net|com)',
  ),
  phrase(
    'requireptr',
    '\\b(?:reverse|inverse)[- ]?(?:dns|lookup|host ?name|name|address|resolution|map)',
    '\\br-?dns\\b|\\bptr\\b|in-addr\\.arpa',
    '(?:cannot|can ?not|could not|unable to|failed to) (?:find|resolve|verify) your (?:reverse )?(?:host ?name|hostname|address|ip)',
    'ip (?:name|address) lookup failed|(?:unverif\\w*|unresolv\\w*|mismatch\\w*|possibly forged) (?:\\w+ ){0,2}(?:ip|host ?name|client)s?\\b|no (?:valid )?(?:dns )?name for (?:your )?(?:ip|address)',
    'client host (?:name )?(?:rejected: )?cannot find your|(?:ip|hostname|client).{0,30}(?:does not|not) resolve|without (?:a )?(?:valid )?reverse',
  ),
  phrase(
    'virusdetected',
    '\\bvirus(?:es)?\\b|\\bmalware\\b|\\bmalicious (?:code|content|attachment|file)|\\binfected\\b|\\btrojan\\b|\\bworm\\b|\\bransomware\\b',
  ),
  // Within the address of a page it is a name.
  phrase('badreputation', '(?<![\\/.])\\b(?:reputation|(?:bad|poor|low|ill) repute|sender ?score)\\b'),
  // An address of a host beside a refusal, or a list of such addresses: what it sent is another matter.
  phrase(
    'blocked',
    `(?<!\\w)${address}(?:[ _>)]|is|was|has|been|are|on|in|our|the|temporarily|permanently|currently){0,16}(?:blocked|banned|denied|refused|rejected|black ?-?listed|listed|barred)\\b`,
    `\\byour (?:\\w+ )?(?:ip(?: address)?|host|(?:mail ?)?server|network|gateway)(?: (?:is|was|has|been|currently|temporarily|permanently))+ (?:blocked|banned|barred|black-?listed|block-?listed|deny-?listed|(?:listed )?(?:on|in) (?:\\S+ ){0,4}(?:black|block|deny|ban)[- ]?list)\\b`,
    `\\b(?:rejecting|refusing|blocking|denying) (?:\\w+ )?(?:mails?|messages|connections?|traffic) from ${address}`,
    `(?:access|connection)s? (?:denied|refused|rejected|not allowed)[ (:,]{1,3}${address}|(?:spams?|abuse|viruses) from (?:your )?(?:ip|host|address|network|server)`,
    '\\b(?:bl\\.)?spamcop\\b|\\b(?:zen|sbl|xbl|pbl)\\.spamhaus|blackhole|\\brbl (?:deny|denied)|open ?relay check',
  ),
  // A limit of a rate names what it limits: messages, recipients, a mailbox.
  phrase(
    'speeding',
    '(?<!connection )\\brate[ -]?limit|too (?:many|much) (?:\\w+ ){0,4}(?:this|per|an|in an?|in the last|within an?) (?:hour|minute|day|second)|throttl|max\\w*(?: \\S+){1,5} per (?:hour|minute|day)|(?:messages|mails|e-?mails|recipients) (?:\\w+ ){0,3}(?:per|an|in an?|in the last|within an?) (?:hour|minute|second)|limit (?:of|for) (?:the |this |your )?(?:ip|host|server)\\b(?: \\S+){0,3} exceed|too much (?:e-?)?mail\\b(?! data)',
  ),
  // What may be sent in a day is no mailbox.
  phrase('exceedlimit', '\\b(?:daily|hourly)(?: \\w+){0,3} quota\\b|\\bsending quota\\b'),
  phrase(
    'mailboxfull',
    `(?:${mailbox}(?:'s|s)? (?:\\w+ ){0,4}|quota |(?<!system )storage )(?:is |are |was |has been )?(?:\\w+ ){0,2}(?:full|over ?-?quota|over (?:its |the |his |their )?(?:disk |mail |storage |allotted |mailbox |size )?(?:quota|limit)|out of (?:space|storage|quota)|overdrawn|overfull|overflow)`,
    'over ?-?quota|quota ?exceeded|quota (?:\\w+ ){0,3}(?:exceed|exhaust|violat|full|limit|reached|used up)|(?:exceed|over|beyond|out of|above)\\w* (?:\\w+ ){0,4}quota',
    'exceed\\w* (?:\\w+ ){0,3}(?:storage (?:allocation|limit|space|capacity)|mailbox (?:size|limit)|disk space)|storage (?:limit|quota|allocation)|(?:mail ?box|account) (?:storage|space|capacity|size)(?: \\w+){0,3} (?:exceed|exhaust|reached|used up|full)',
    '(?:number of messages|messages) in (?:\\w+\\S* ){0,2}mailbox exceed',
    '(?:not|no|in)\\s?-?(?:enough|sufficient) (?:storage |disk |free |mailbox |room|space)+(?:.{0,20}(?:mail ?box|account|user|recipient|disk quota))',
    'mailbox (?:\\w+ ){0,3}(?:exceed|reached|has no (?:more )?(?:space|room))|(?:no|not enough) (?:more )?(?:space|room) (?:left )?in (?:the |his |their )?mailbox',
    `${foreignMailbox}(?:(?:ist |est |es |[èé] |est[aá] )?(?:voll|[uü]berf[uü]llt|pleine?|satur[ée]e?|llen[oa]|pien[oa]|chei[ao]|vol)\\b)`,
    'mailbox size limit|maildir(?:ectory)? (?:is )?over|(?:user|recipient|account|mail ?box) (?:has|contains|holds) too many (?:messages|mails)|mailbox has (?:reached|exceeded)',
  ),
  phrase(
    'systemfull',
    '(?:mail )?system (?:is )?(?:storage )?full|disk (?:\\w+ )?(?:is )?full|no space left on device|insufficient (?:system|disk) (?:storage|space|resources)|out of disk space|(?:queue|spool)(?: directory)? (?:is )?full|(?:queue|spool|disk) space|requested mail action aborted: exceeded storage',
  ),
  phrase(
    'exceedlimit',
    'message length exceeds|exceeds? (?:the )?administrative limit|exceeded (?:the |your )?(?:daily|hourly|sending|message|outgoing|e-?mail) (?:\\w+ )?(?:limit|quota)|(?:daily|hourly) (?:\\w+ ){0,4}(?:limit|quota) (?:\\w+ )?(?:exceeded|reached)',
  ),
  phrase(
    'mesgtoobig',
    '(?:message|mail|e-?mail|content|data|file|body|header|attachment|attachments|line)s?(?: \\w+){0,3} (?:too|is too|are too) (?:big|large|long)(?! in| ago| to)|too (?:big|large) (?:a )?(?:message|mail|for)|(?:messages?|mail) (?:this|that) (?:big|large)\\b',
    '(?:message|mail|e-?mail|content|file|line|header|max(?:imum)?|fixed)[\\w ]{0,20}(?:size|limit)[\\w ]{0,24}(?:exceed|limit|restrict|violat)|exceed\\w* (?:\\w+ ){0,4}(?:message|mail|e-?mail|maximum|size|fixed) (?:\\w+ )?(?:size|limit)',
    'size (?:limit|exceed)|line length exceed|exceeds? (?:the )?(?:\\w+ ){0,2}size|taille limite du message|larger than the (?:current )?(?:system |maximum |size )+|line limit exceeded|(?:size|length) of (?:\\w+ )?(?:message|mail|e-?mail),?(?: \\S+){0,6} (?:above|over|beyond|larger|bigger|greater|more)',
  ),
  phrase(
    'toomanyconn',
    'too (?:many|much) (?:\\w+[ -]){0,3}(?:connection|session|recipient|rcpt|hosts|destination|ssl|smtp)|(?:connection|session|concurren\\w+)s? (?:\\w+ ){0,2}(?:limit|frequency|rate|threshold)|exceed\\w* (?:\\w+ ){0,4}(?:connections|sessions|recipients)|maximum (?:number )?(?:of )?(?:\\w+ ){0,3}(?:connections|sessions|recipients)',
  ),
  phrase(
    'speeding',
    'peak smtp relay limit|(?:permitted|allowed|acceptable) rate|(?:message|mail|e-?mail|sending|connection|rate|volume) (?:\\w+ )?threshold (?:\\w+ ){0,2}(?:exceeded|reached)|excessive volume|rate[ -]?limit|(?:sending|message|mail|receiv\\w+|delivery) (?:\\w+ ){0,2}(?:rate|frequency)|frequency limited|throttl|slow(?:ing)? down|receiving mail (?:at a rate|too (?:quickly|fast))|too (?:fast|quickly|frequent)|too many (?:\\w+ ){0,3}(?:messages|mails?|e-?mails|requests|recipients)?.{0,20}(?:this|per|in an?|an) (?:hour|minute|day|second|connection)|unexpected volume|unusual(?:ly)? (?:high )?(?:rate|volume|traffic)|excessive (?:volume|mail|rate)|too many (?:messages|e?-?mails)|max(?:imum)? (?:number of )?messages? per',
  ),
  phrase(
    'failedstarttls',
    '\\bstarttls\\b|\\bmta-sts\\b|\\bssl (?:handshake|initiali[sz]ation|negotiation) (?:failed|failure|error)|untrusted certificate|not provide (?:a )?certificate|\\btls\\b.{0,40}(?:require|support|fail|error|not|negotiat|handshake|mandatory|must)|(?:require|support|must (?:issue|use)|without|need)\\w*.{0,24}\\btls\\b|encrypt\\w+ (?:\\w+ )?(?:is )?(?:required|needed|mandatory|compulsory|obligatory|enforced)|certificate(?: \\S+){0,5} (?:verif|validat|expired|mismatch|not|invalid|revoked|self-signed|untrusted)',
  ),
  phrase(
    'norelaying',
    "relay(?:ing)?(?: \\w+){0,4} (?:denied|prohibited|not (?:been )?(?:permitted|allowed|supported|enabled)|disabled|disallowed|rejected|refused|blocked|forbidden)|(?:not|unable to|cannot|will not|won't|no|do not|don't|refuse to|denied) (?:\\w+ ){0,2}relay|relay (?:access|not)|relaying (?:to|for|from|through|mail)|(?:authenticate|authentication) (?:\\w+ ){0,4}relay|isn't in my list of allowed rcpthosts|\\buse \\S+ (?:\\[\\S+\\] )?as an? relay|cannot deliver (?:e-?mail |mail |messages? )?for <?a@b|(?:to|for) (?:an? )?(?:non-?local|external|foreign) (?:e-?mail )?(?:address|domain|recipient|user)|in my (?:list of )?(?:allowed )?rcpthosts|e-?mail address is not verified|not a gateway|recipient in non-accepted domain|we do not relay|(?:not|n't) handle (?:e-?mail|mail|messages) for|(?:domain|\\w\\.\\w+) (?:is not|isn't) (?:hosted|handled|served) (?:here|by this|on this|at this)|credentials for relay",
  ),
  phrase(
    'hasmoved',
    '(?:mailbox|user|(?<!perhaps the )recipient|account|address)(?: \\w+){0,2} (?:has |have )?moved|\\b(?:user|recipient|addressee)(?: \\w+)? (?:has |have )?changed (?:\\w+ )?(?:e-?mail )?address|\\bnew (?:e-?mail )?address (?:is|:)|moved (?:to (?:another|a new)|with no forwarding|permanently)|no forwarding address|\\b(?:has|have) moved to|(?:no longer|not) (?:at|with) this (?:address|company|organi[sz]ation)|address (?:has )?(?:been )?changed|\\baddress you (?:\\w+ ){1,4}has changed|user not local; please try',
  ),
  phrase(
    'filtered',
    "\\b(?:recipient|addressee)(?: (?:has|have))? (?:(?:does|do|did)(?: not|n't) (?:want|wish)|(?:refused|rejected|blocked|black-?listed) (?:your|this|you)\\b|put you|(?:only )?(?:takes|wants|accepts) (?:e-?)?mails? (?:only )?from)",
  ),
  phrase(
    'suspend',
    `(?<!\\w|sender |sender's |from |sending |source |ip |host |return )${mailbox}(?: \\S+){0,6}? (?:is |has been |was |been |are |currently |temporarily |temporary |permanently |now |or )*(?:disabled|suspended|deactivated|discontinued|frozen|closed|locked|blocked(?! (?:by|due to|because of) (?:\\S+ ){0,2}(?:recipient|addressee|user|personal|filter|polic|spam|firewall|rule))|terminated|de-?activated|expired|on hold|inactive|not active|no longer active|restricted|dormant|unsubscribed|cancell?ed)`,
    `\\b(?:disabled|suspended|deactivated|discontinued|frozen|inactive|dormant|locked|terminated|closed) (?:\\w+ )?${mailbox}\\b`,
    `${foreignMailbox}(?:gesperrt|deaktiviert|stillgelegt|bloqu|d[ée]sactiv|suspend[iu]|deshabilitad|desa[ct]+ivad|disattivat|sospes|geblokkeerd)`,
    'mailbox (?:is )?unavailable.{0,6}(?:disabled|suspended)|not accepting (?:messages|mail) (?:for|at) (?:this|that) (?:user|recipient|mailbox|account)|vacation ?hold|account has been (?:disabled|suspended|closed)|archived recipient',
  ),
  phrase(
    'notaccept',
    "null mx|(?:does not|doesn't|do not|not|never) (?:(?:wish|want) to )?(?:accept|receive|handle) (?:any )?(?:e-?mail|mail|messages)\\b(?! (?:from|for policy|now|right now|until|larger|bigger|over)\\b)|indicated no smtp service|no smtp service here|no mx (?:records? )?found|reject all (?:mails?|messages)|(?:has|have|with) no mx|not (?:accept|accepting) network messages|(?:no (?:e-?mail|mail) (?:is )?accepted|\\b(?:accept|take|receive)s? no (?:e-?)?mails?\\b)(?! (?:from|for now|now|at)\\b)|(?:e-?mail|mail) (?:is )?not accepted (?:here|by this host|for (?:this )?domain)",
  ),
  phrase('securityerror', 'delivery not authori[sz]ed'),
  phrase(
    'policyviolation',
    "(?:for|due to) (?:\\w+ )?policy reasons?|policy (?:does not|doesn't|forbids|prohibits|prevents|disallows)|(?:mail flow|transport|firewall) rules?\\b|(?:restricted by|failure|delivery) policy(?: error)?\\b",
  ),
  phrase(
    'rejected',
    "\\b(?:sender|return address|from address|mail ?from(?! (?:\\[?\\d+\\.\\d+\\.|your (?:server|host|ip|network)|(?:dynamic|dial|residential)))|envelope[- ]from|originator|reverse[- ]path)(?:'s)?(?: (?:e-?mail |mail |envelope )?(?:address|domain|host|mailbox|user))?(?: \\S+){0,3}? (?:is |was |are |has been |verify |verification |address |on |your )*(?:rejected|denied|refused|invalid|unknown|blocked|blacklisted|not (?:be )?(?:exist|allowed|permitted|accepted|found|valid|authori[sz]ed|verified|recogni[sz]ed|resolve|match)|failed|(?:deny|block|black|reject)[- ]?list|unresolvable|unroutable|doesn't exist|does not (?:exist|resolve)|banned|forbidden|bloqu)",
    '(?:rejected|denied|invalid|unknown|bad|refused|unresolvable|unverified|forged|blocked|fake) (?:\\w+ ){0,2}(?:sender|return address|from address|originator|mail from)\\b',
    "(?:domain of sender|sender's? domain|from domain|domain in (?:the )?(?:sender|from))|(?:sender|callback|callout|call-out) (?:address )?(?:verify|verification|setup)|blocked senders?\\b|could not verify (?:the )?sender",
    "(?:not|isn't) (?:a )?members? (?:of|on|in|article)|only (?:members|subscribers)|(?:members?|subscribers?|owners?) only|not subscribed|posting (?:to this list )?(?:is )?(?:restricted|not allowed)|not allowed to post|permission to post|accepts (?:\\w+ )?(?:mail|messages|e-?mails?) from (?:people|members|subscribers)|blank from:|emetteur (?:invalide|non autoris)|cannot be used as (?:a )?(?:sender|from)|you (?:are|have been) (?:blocked|banned|not allowed to send)",
    'groups\\.google\\.com\\/support|sender(?: domain| address)? must (?:exist|resolve|contain)|(?:not (?:allowed|permitted|authori[sz]ed) to|(?:may|must|can) ?not) use (?:this|that) (?:sender|from|e-?mail|address)|badmailfrom|valid (?:\\w+ ){0,4}sender|(?:unconfigured|unverified|unregistered|unconfirmed|unauthori[sz]ed) (?:sending|sender|from) (?:domain|identity|address)|required for sender|sender has no|denies the sender|^517[ -]',
  ),
  phrase(
    'spamdetected',
    '\\b(?:url|link|website|uri|(?<!(?:destination|recipient|receiving|remote|sending|your) )domain|body|content|text|subject|phone number).{0,40}(?:black|block|spam|\\buribl|\\bsurbl|\\bdbl\\b)\\w*|(?:black|block)-?listed (?:url|link|domain|website|uri)',
    "(?:message|mail|e-?mail|content|it|this|text|body|attachment)(?:'s)?(?: \\S+){0,8}? (?:\\w+ )?(?:spam(?!haus|cop|rats)|junk|ube|uce|unsolicited|phish)",
    '(?:as|is|be|for|like|of|high|probable|possible|possibly|suspected|considered|identified as|detected as|considered) (?:\\w+ )?(?:spam|junk|unsolicited bulk|phishing)\\b(?! block| list)',
    'spam (?:message|mail|content|detect|score|filter|reject|found|test|signature|level|threshold|refus)|- spam\\b|\\bspam(?:assassin|my)?\\b (?:score|hits|points|check)|by spamassassin\\b|\\(spam\\)|^spam\\b',
    'a@b:(?:blocked|quarantined)\\b|\\bgtube\\b|\\bphishing\\b|(?:message|mail) content (?:rejected|denied|refused|not accept)|content (?:is )?(?:rejected|denied|blocked|filter)|rejected (?:due to|because of|for|by) (?:\\w+ ){0,2}content|mail rejet|\\b(?:anti)?spam\\b',
  ),
  phrase(
    'blocked',
    `(?:black|block|deny|reject|real-?time ?block|ban|grey|gray)[- ]?list|\\bd?n?s?[- ]?rbl\\b|\\brbls?\\b|\\bdnsbl|\\bbl\\b|spamhaus|spamcop|sorbs|barracuda|cloudmark|proofpoint|abuseat|senderbase|mxtoolbox|uceprotect|trustedsource|invaluement|surriel|njabl|mailspike|abusix|spamrats|\\bpsbl\\b|source of (?:\\w+ ){0,2}(?:abuse|attack)`,
    `${ip}(?:'s|s)?(?: \\S+){0,5}? (?:is |was |has been |are |been |currently |temporarily |on |in |our |your )*(?:blocked|banned|rejected|denied|refused|listed|blacklisted|barred|not (?:allowed|permitted|accepted|authori[sz]ed|welcome)|forbidden|bloqu)(?! (?:the |your |this )?messages?\\b)`,
    `(?:blocked|banned|rejected|denied|refus\\w+|forbidden|bad|invalid|suspicious|dynamic|dial-?up|residential|blacklisted)(?: (?!by\\b|destination\\b|recipient\\b)\\w+){0,3} (?:sending )?${ip}\\b`,
    "connection (?:was )?(?:refused|rejected|denied|dropped) by|refused (?:your )?connection|not accept\\w* (?:\\w+ )?(?:connections?|mail|e-?mails?|messages) from|(?:mail|messages?) (?:is |are )?not accepted from|not accepting connections|connections? (?:will not be|not) accepted|(?:use|using|through) (?:the )?(?:\\w+ ){0,2}(?:smtp server|mail server|relay|smarthost) of your (?:isp|provider)|connections? from (?:\\S+ ){1,4}(?:blocked|refused|denied|rejected)|open (?:relay|proxy)\\b|\\bip=[\\d.]{7,15} - a problem occurred|dynamic(?:ally)? (?:assigned )?(?:ip|address)|may not be mail exchanger|no access from mail server|(?:sent|messages|mail) from (?:\\S+ )?(?:weren't sent|was blocked|blocked)|too many (?:unwanted|bad|spam|invalid) (?:messages|recipients|commands|mail)|grey-?list|gray-?list|try again later, closing|bad helo|helo (?:\\w+ ){0,3}(?:rejected|invalid|denied)|host ?name (?:\\w+ ){0,2}(?:rejected|denied)|cannot send e-?mail to yourself|access from (?:\\S+ )?(?:denied|blocked|rejected)|you are not (?:allowed|permitted|welcome)|not in (?:the |our )?(?:white|allow)[- ]?list",
  ),
];
