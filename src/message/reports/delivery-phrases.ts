import { foreignMailbox, type Phrase, phrase } from './phrases.ts';

/** What is said of the message, the recipient's side and the way there; tried behind what is said of the sender. */
export const deliveryPhrases: readonly Phrase[] = [
  phrase(
    'notcompliantrfc',
    'not (?:rfc|compliant(?! with (?:\\w+ )?(?:rules?|polic)))|smtplf|stray newline|rfc[ -]?\\d{3,4}[ -](?:compliant|violation|conform)|(?:violat|compl(?:y|iant)|conform|break)\\w* (?:\\w+ ){0,3}rfc|bare (?:<?lf>?|<?cr>?|line ?feed|newline)|(?:multiple|duplicate|missing|more than one|no) (?:\\w+ ){0,4}(?:from|date|subject|to|message-?id|sender):?(?: \\d{3} \\S+)?(?: \\w+)? (?:header|field|address)|(?:header|field)s? (?:is |are )?(?:missing|duplicated)',
  ),
  phrase(
    'policyviolation',
    '(?:for|due to|because of|by|on|violat\\w+|against|by the) (?:\\w+ ){0,3}(?:policy|policies)\\b|policy (?:reasons?|restriction|reject)|(?:local|security|e-?mail|content|company|site|anti-spam|administrative|organi[sz]ation) polic(?:y|ies)|policy that prohibit(?:s|ed)|mail ?policy violation|administrative(?:ly)? prohibit|potential security issue|header error',
    '(?:attachment|file|extension|file ?name|content|executable)(?: \\S+){0,4} (?:is |are |was |were |has been )?(?:not allowed|prohibited|blocked|forbidden|banned|not accepted|disallowed|denied|refused|illegal|restricted)|(?:prohibited|illegal|forbidden|banned|dangerous|disallowed|blocked|unauthori[sz]ed|unacceptable|restricted) (?:\\w+ ){0,2}(?:attachment|file|content|extension)|message (?:is )?(?:prohibited|not (?:allowed|permitted))|(?:attachment|file|executable|archive)s?(?: \\S+){0,6}(?: not|n.t) (?:be )?(?:accept|allow|permit|receiv|sen[dt])|(?:disallowed|banned) (?:word|character)|- banned\\b',
  ),
  phrase(
    'contenterror',
    '8-?bit data|mime (?:\\w+ ){0,2}(?:error|problem|invalid|malformed|damaged|broken|corrupt)|(?:malformed|invalid|improper|illegal|broken|unparsable) (?:\\w+ ){0,3}(?:mime|header|message|encoding|character|content|charset)|(?<!security )conversion (?:\\w+ ){0,2}(?:required|failed|not supported)|media (?:type )?not supported|content (?:error|conversion)|unsupported (?:character|encoding|content|media)|improper use of',
  ),
  phrase(
    'mailererror',
    "\\bprocmail\\b|\\bmaildrop\\b|command (?:died|failed|line|output|died with status|not found:)|local delivery (?:agent|failed)|unix (?:pipe|mailer)|exit(?:ed)? (?:with )?(?:status|code|value)|returned (?:failure|status|exit)|\\bmailer error|unknown mailer error|unable to run|program delivery|qqt? failure|pipe to \\||can't exec|terminated by signal|transport returned|cannot (?:execute|run) (?:command|program|filter)|dot-?forward|sieve (?:error|script)|x-unix",
  ),
  phrase(
    'filtered',
    "(?:recipient|user|addressee|customer)(?:'s|s)? (?:\\w+ ){0,2}(?:preference|filter|black ?list|block ?list|settings|rule)|(?:rejected|refused|blocked|filtered|denied) (?:by|due to|because of) (?:the |this )?(?:recipient|user|addressee|customer|mail ?box owner|domain filter|personal|(?:the )?(?:destination|receiving|recipient) (?:domain|server|system)|sieve)|automatically (?:rejected|refused)|rejected by recipients?|(?:message|mailbox) (?:is |was |has been )?filtered|this user doesn't have an? \\S+ account|recipients? (?:has|have) (?:blocked|refused|rejected|not accepted)|recipients? (?:refuses|declines) (?:\\w+ )?(?:messages?|mail|e-?mails?)|(?:was|were) rejected by (?:a |the )?remote\\s+mail server",
  ),
  // A name server that could not answer, in the words of h_errno's TRY_AGAIN.
  phrase('networkerror', 'not found[,;:.]? (?:please )?try again'),
  phrase(
    'hostunknown',
    "(?:destination|receiving) (?:server|system|domain)(?: \\S+){0,4} not (?:be )?(?:found|resolved|exist)|not be found in (?:the )?(?:domain name|dns)|(?<!\\byour |\\byour own |\\b(?:client|connecting|sending|sender|sender's) )(?:host|domain|hostname)(?: name)?(?: or (?:host|domain)(?: name)?)?(?: \\S+){0,3}? (?:is |was |does |are |could |can)*(?:unknown|not (?:found|exist|known|resolvable|valid|registered|be (?:found|resolved))|invalid|unresolvable|doesn't exist)|domain (?:\\S+ ){0,3}(?:not reachable|unreachable)|(?:unknown|no such|invalid|bad|non-?existent|unroute?able|unresolvable) (?:mail |e-?mail |recipient |destination )?(?:host|domain|address domain)|domain name (?:\\w+ )?not found|nxdomain|name or service not known|unroute?able (?:mail domain|address)|illegal host\\/domain|couldn't find any host|cannot find (?:a |any )?(?:host|domain|mail exchanger|mx)|dns (?:domain|name|hard).{0,20}(?:not exist|not found|unknown)|no data known|no (?:mail exchangers?|mail (?:servers?|hosts?))(?: \\w+){0,3} (?:found|exist|known|for)|no (?:mx|a|dns)(?: or \\w+)? records?|^\\s*\\d{3} (?:\\d\\.\\d+\\.\\d+ )?[\\w-]+(?:\\.[\\w-]+)+ does not exist",
  ),
  phrase(
    'networkerror',
    'name ?server|name service error|\\b(?:mx|dns|host|domain|name) lookup(?: \\S+){0,3} fail|dns (?:error|lookup|query|server|failure|problem|timeout|temporary|type)|host ?name lookup failure|(?<!temporary |user |recipient )lookup (?:failure|failed|error)|lost (?:input )?(?:channel|connection)|connection (?:was )?(?:reset|lost|dropped|closed|broken|aborted|died|unexpectedly)|network(?: \\S+){0,5} unreachable|network (?:is )?(?:unreachable|down|error|congest)|no route (?:to|found)|host lookup did not complete|points? (?:back )?to (?:local ?host|me|myself|itself)|(?:host|peer|server) closed (?:the )?connection|unexpected close|(?:tcp|read|write|socket) (?:read |write )?error (?:from|to|on)|tcp (?:read|write) error|no host found for existing|(?:routing|mail|forwarding|message) loop|too many hops|hop count|\\bhops\\b|loops? back|looping|already has my delivered-to|mx list for|broken pipe|could not (?:route|connect to any)|no connect(?:ion)? (?:to|could)|bad connection|(?:directory|routing) server|loop detected|(?:no valid|all) routes? to |address family mismatch|could not retrieve source address|misconfigured mx|protocol error: connection',
  ),
  phrase(
    'expired',
    "time[d -]{0,2}out|message (?:is )?too old|\\bexpired?\\b|(?:(?<!path |line |name |address )too long|long time|giving up|give up|given up|no longer try|retry(?:ing)? (?:limit|time))|(?:not|n't) (?:be )?(?:deliver\\w*|sen[dt]) (?:\\w+ ){0,3}(?:for|after|within|in|during)(?! <?a@b| \\w+\\.\\w)|(?:deliver|try)\\w* (?:for|after) (?:the last |more than )?\\d+|(?:failed|after|multiple|\\d+) (?:\\d+ )?(?:attempts|retries|tries)|did not accept our requests to connect|connection to (?:the )?remote (?:host|server) failed|(?:not|n't|longer|failed to|fails to) (?:respond|answer|reply)|in (?:\\w+ )?queue (?:for )?(?:too|more|over|\\d|(?:two|three|four|five|seven) (?:hour|day))|(?:not|n't) be (?:re)?tried|not reachable|no answer|unreachable|(?:un|not |n't )(?:able to )?(?:connect|establish|contact)|will (?:be )?(?:retr|keep try)|still undelivered|has been delayed|is delayed|delayed (?:\\w+ )?\\d+|(?<!server |service |system |resource |resources )temporarily unavailable|socket error|connection refused|(?:could|can) ?not find (?:a |any )?(?:gateway|route|path)|has not (?:yet )?been delivered|max(?:imum)? (?:queue|retry) (?:time|age)|max(?:imum)? (?:\\w+ ){0,2}(?:attempts|retries|tries)",
  ),
  phrase(
    'systemerror',
    '(?:went|gone) wrong|\\b(?:ldap|database|sql|radius|back-?end|daemon|milter|scanner)\\b(?: \\w+){0,3} (?:unavailable|down|unreachable|fail|(?:can)?not (?:be )?(?:reached|available|respond\\w*))',
    "(?:service|server|system|resource|transport)s? (?:is |are )?(?:currently |temporarily )?(?:unavailable|not available(?!, closing)|busy|overload|failure|too busy|out of order)|(?:internal|local|server|system|software|database|configuration|config|i\\/o|write|read|disk|operating system|resource|unexpected|unknown|processing) (?:\\w+ )?(?:error|failure|problem)|error (?:in|while|during) processing|(?:queue|spool) (?:file )?(?:\\w+ )?(?:error|full)|out of memory|too (?:busy|many open files)|misconfig|cannot (?:open|create|write|read|lock|allocate|chdir)|can't (?:open|create|write|lock)|unable to (?:open|create|write|lock|save)|aliasing\\/forwarding loop|unable to process|temporary lookup failure|mail server (?:temporarily|permanently) rejected message|\\bqq (?:trouble|internal bug|(?:temporary|permanent) problem)|unable to read controls|problem with child|input\\/output error|(?:busy|overloaded)\\W{1,4}(?:please )?try|write lock|failed to (?:open|lock)|load average|load too high|lost .*filter",
  ),
  phrase(
    'syntaxerror',
    'syntax error|bad (?:sequence|syntax|command|parameter)|(?:improper|invalid|wrong) (?:sequence|command|order)|command (?:\\w+ )?(?:not (?:recogni[sz]ed|implemented|supported|known)|unrecogni[sz]ed|parameter)|unrecogni[sz]ed (?:command|parameter)|need (?:mail|rcpt|helo|data)|parameters? not implemented|unimplemented|nested mail',
  ),
  phrase(
    'securityerror',
    'authentification (?:requise|invalide)|not authori[sz]ed|not have (?:the )?permissions?|authenticat\\w+ (?:\\w+ ){0,2}(?:required|failed|needed|first|credentials|error)|(?:must|requires?|needs?|please|not) (?:\\w+ ){0,2}authenticat|password|could not retrieve credentials|login (?:failed|required)|credentials|insecure|security (?:error|violation|problem|reasons)|unauthori[sz]ed',
  ),
];

/** How MTAs say that nobody has the address. Who says it, and after which command, decides what it means. */
export const unknownUser = new RegExp(
  [
    `${foreignMailbox}(?:unbekannt|nicht (?:bekannt|gefunden|vorhanden)|existiert nicht|inconnue?|inexistante?|introuvable|n'existe pas|no existe|desconocid[oa]|no encontrad[oa]|sconosciut[oa]|non esiste|inesistente|desconhecid[oa]|n[aã]o existe|inexistente|onbekend|bestaat niet)\\b`,
    '\\bunbekannte[rs]? (?:empf\\S{1,4}nger|(?:be)?nutzer|postfach|adresse)|\\butente sconosciuto|\\busuario desconocido',
    "(?:(?=recipient|addressee)|(?<!\\byour |\\bsender |\\bsender's |\\bsending |\\bauthor |\\bclient |\\bhost ?))(?:user(?! database)|recipient|mail ?box|account|address|addressee|rcpt|alias|login|local part|subscriber|member|person|name|e-?mail)(?:'s|e?s)?(?: (?:name|address|account|mailbox|id))?(?! (?:server|store|database|directory|lookup|service|back-?end)\\b| of (?:your|the (?:send|client|connect|originat|author|host|server|ip\\b|relay)))(?: \\S+){0,4}? (?:is |was |are |does |do |did |has |could |can |can't |been |be |found |an? |currently )*(?:unknown|not (?:\\w+ )?(?:found|exist|known|listed|recogni[sz]ed|valid|registered|here|available|local|match|be found|a valid|allowed|correct|in (?:the|our))|n't (?:exist|found|listed|valid)|invalid|non-?existent|doesn't exist|undeliverable|unavailable|incorrect|illegal|unrecogni[sz]ed|removed|deleted|disabled or|inexistant|inconnue?|desconhecido)\\b",
    '(?<!\\bfrom an? )(?:unknown|no such|invalid|illegal|non-?existent|not (?:a )?(?:valid|known|existing)|bad|no valid|incorrect|unrecogni[sz]ed|undeliverable|wrong|inactive|no matching|obsolete) (?:or (?:\\w+ ){1,2})?(?:local |destination |final |delivery |e-?mail |mail |virtual |recipient |user |destinataire |pop3? )*(?:user|recipient|mailbox|address|account|alias|addressee|person|local part|destination|mail ?drop|name|e-?mail)',
    "\\bnot an? (?:registered|known|local|existing|active|current)(?: \\w+)? (?:user|recipient|mailbox|account|subscriber|address)\\b|(?:not|n't) (?:have|contain) (?:an? |any )?(?:\\S+ )?(?:user|recipient|mailbox|account|address)|(?:not|n't) (?:know|recogni[sz]e) (?:this|that|the|any) (?:\\w+ )?(?:user|recipient|mail ?box|account|address)|no (?:mail ?box|account|user|recipient|one|address|person)(?: \\S+){0,2} (?:called|match\\w*|on this|at this|here|by that|with that|of that|with this|by this|found|exist|named)|(?:user|recipient|mailbox|account) not (?:on|at|in) (?:this|the)|nosuchuser|unrouteable user|unknown local[- ]part",
    "recipient (?:address )?rejected: (?:access denied|unknown|invalid|undeliverable|no such|unverified|address|user|recipient)|(?:can't|cannot|can not|could not|unable to|couldn't) (?:find|locate|verify|deliver to|resolve) (?:\\w+ ){0,2}(?:user|recipient|mailbox|account|alias|addressee)|this address no longer|no longer (?:valid|exists?)|(?:mail ?box|account|address|user|recipient)(?: \\w+)? no longer (?:available|in (?:use|service)|here|with us|employed)|not in (?:the |our )?recipient list|(?:is not|isn't) (?:our|a) (?:customer|user)|not our (?:customer|user)|verification failed for <|user reject|directory (?:harvest|entry)|mailbox unavailable|destinataire (?:invalide|inconnu)|nobody (?:here|by that)|dd this user",
  ].join('|'),
);

/** Refusals of a recipient that give no reason. */
export const recipientRefused =
  /(?:recipient|address|user|rcpt)(?: \S+){0,3}? (?:rejected|refused|denied|blocked|not accepted)|requested action not taken/;
/** Words that name a policy and nothing else; a status code says more. */
export const vaguePolicy = /\bpolic(?:y|ies)\b|violat/;
