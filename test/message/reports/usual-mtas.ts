/**
 * Replies and notices as gateways, services that send and MTAs give them: a line a reply, its reason before it. Worded from
 * experience, like those of providers.
 */
export const texts: Readonly<Record<string, string>> = {
  Gateways: `
badreputation 550 5.7.0 Local Policy Violation: Connection from 192.0.2.1 blocked by Proofpoint Dynamic Reputation, see https://ipcheck.proofpoint.com/?ip=192.0.2.1
badreputation 554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1 bad reputation score
spamdetected 554 5.7.1 Message rejected by Proofpoint: spam score above the threshold
policyviolation 550 5.7.0 Proofpoint: message blocked by email firewall rule: attachment type not allowed
userunknown 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abcDEF] (in reply to RCPT TO command)
policyviolation 554 Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554
rejected 550 Rejected by header based Blocked Senders - https://community.mimecast.com: IP address blocklisted locally
virusdetected 554 Virus Signature Detected - https://community.mimecast.com/docs/DOC-1369#554
policyviolation 550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550
blocked 451 Internal resources are temporarily unavailable - greylisted https://community.mimecast.com
badreputation 554 Service unavailable; Client host [x.example] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1
spamdetected 550 Blocked - barracuda spam firewall: message score too high
badreputation 554-mx1.dest.test 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.
userunknown 550 #5.1.0 Address rejected. (in reply to RCPT TO command)
policyviolation 550 #5.7.1 Your message was dropped by policy: DLP rule matched (ironport)
systemfull 452 #4.3.1 queue full
systemfull 452 #4.3.1 temporary system problem: queue space low, try later
blocked 553-you are trying to use me [server-3.tower-1.messagelabs.com] as a relay; Connection IP 192.0.2.1 blocked
norelaying 553-you are trying to use me [server-3.tower-1.messagelabs.com] as a relay, but I have not been configured to let you [192.0.2.1, x.example] do this.
filtered 553-Message filtered. Refer to the Troubleshooting page at http://www.symanteccloud.com/troubleshooting for more information. (#5.7.1)
userunknown 550-Invalid recipient <joe@dest.test> (#5.1.1) messagelabs
blocked 501 Connection rejected by policy [7.7] 26311, please visit www.messagelabs.com/support for more details about this error message.
userunknown 550 5.1.1 Trend Micro: <joe@dest.test>: Recipient address rejected: user directory lookup found no such address
badreputation 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro Email Reputation Service. Please see http://www.mail-abuse.com/cgi-bin/lookup?ip_address=192.0.2.1
spamdetected 550 5.7.1 Sophos: message identified as SPAM
virusdetected 550 5.7.1 Sophos PureMessage: message contains a threat: virus Troj/Agent
spamdetected 550 5.7.1 FortiMail: This message has been blocked because it contains FortiGuard - AntiSpam blocking URL(s).
virusdetected 550 5.7.1 The message was rejected because it is infected with virus (FortiMail)
badreputation 451 4.7.1 FortiGuard: sender reputation level too low
userunknown 550 5.1.1 <joe@dest.test>: Recipient address rejected: SpamTitan recipient verification: unknown recipient
spamdetected 550 5.7.1 SpamTitan: Message rejected, score of 18 exceeds spam limit
spamdetected 550 5.7.1 [CS] Message blocked due to spam content (MailChannels)
userunknown 550 No such recipient here (spamexperts) (in reply to RCPT TO command)
blocked 550 Your IP 192.0.2.1 was found in a blacklist: see http://www.spamexperts.com
userunknown 550 5.1.1 hornetsecurity: user unknown, recipient verification failed
blocked 554 5.7.1 hornetsecurity: Your IP is on blacklist; https://www.hornetsecurity.com/unblock
spamdetected 554 5.7.1 Message content rejected due to Cloudmark: spam fingerprint
blocked 554 Denied [192.0.2.1] McAfee: IP in RBL (Mode: normal)
rejected 554 Denied [abc] (Mode: normal): envelope sender on deny list of mxlogic
policyviolation 550 5.7.1 Forcepoint Email Security: message prohibited by policy
spamdetected 550 5.7.1 Vade Retro: Spam message refused
spamdetected 554 5.7.1 Spam message rejected
speeding 451 4.7.1 Ratelimit "bounce_to" exceeded
blocked 451 4.7.1 Try again later (greylisted by rspamd)
spamdetected 550 5.7.1 Gtube pattern
spamdetected 554 5.7.1 Blocked by SpamAssassin
spamdetected 550 This message scored 12.1 points on our spam filter and has been refused
blocked 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1
blocked 550 JunkMail rejected - x.example [192.0.2.1] is in an RBL on b.barracudacentral.org
blocked 554 5.7.1 Rejected: 192.0.2.1 listed at bl.spamcop.net
blocked 550 5.7.1 Mail from 192.0.2.1 refused - see http://www.sorbs.net/lookup.shtml?192.0.2.1
blocked 554 Dynamic IP addresses are not allowed to send mail here
blocked 550 Rejected because 192.0.2.1 is in dnsbl.sorbs.net; dynamic IP space
`,
  ESP: `
userunknown 550 5.1.1 Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address
norelaying 554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: noreply@x.example
securityerror 535 Authentication failed: Bad username / password
securityerror 535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6
norelaying 550 5.7.1 relaying denied for this sending domain; sparkpost
rejected 550 Unconfigured sending domain <x.example>
rejected 550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.
toomanyconn 421 Too many connections from this IP, mailgun
hostunknown 550 5.1.2 mailgun: No MX for dest.test; domain does not exist
`,
  Postfix: `
userunknown 550 5.1.1 <joe@dest.test>: Recipient address rejected: undeliverable address: host mx.dest.test[192.0.2.9] said: 550 No such user (in reply to RCPT TO command)
norelaying 554 5.7.1 <joe@dest.test>: Relay access denied
requireptr 450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]
rejected 450 4.1.8 <a@x.example>: Sender address rejected: Domain not found
blocked 504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname
blocked 450 4.7.1 <x.invalid>: Helo command rejected: Host not found
hostunknown Host or domain name not found. Name service error for name=dest.test type=AAAA: Host not found
networkerror Host or domain name not found. Name service error for name=dest.test type=MX: Host not found, try again
networkerror mail for dest.test loops back to myself
expired connect to mx.dest.test[192.0.2.9]:25: Connection timed out
failedstarttls TLS is required, but was not offered by host mx.dest.test[192.0.2.9]
mailererror Command died with status 127: "/usr/bin/procmail"
mesgtoobig cannot update mailbox /var/mail/joe for user joe. error writing message: File too large
systemerror mail transport unavailable
rejected 553 5.7.1 <a@x.example>: Sender address rejected: not owned by user joe
blocked 521 5.7.1 Service unavailable; client [192.0.2.1] blocked using postscreen DNSBL
syntaxerror 502 5.5.2 Error: command not recognized
toomanyconn 421 4.7.0 mx.dest.test Error: too many connections from 192.0.2.1
userunknown 554 5.7.1 <joe@dest.test>: Recipient address rejected: unverified address: unknown user: "joe" (in reply to RCPT TO command)
contenterror 550 5.6.7 SMTPUTF8 is required, but was not offered by host mx.dest.test
`,
  Exim: `
hostunknown 550 Unrouteable address
userunknown 550 no such address here (in reply to RCPT TO command)
blocked 550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)
networkerror retry timeout exceeded: all hosts have been failing for a long time: No route to host
securityerror 550 authentication required
speeding Domain x.example has exceeded the max emails per hour (150/100 (150%)) allowed. Message discarded.
mailboxfull mailbox is full (quota exceeded while writing to file /home/joe/mail/new)
mailboxfull LMTP error from remote mail server after RCPT TO:<joe@dest.test>: 552 5.2.2 Quota exceeded (mailbox for user is full)
rejected 550-Verification failed for <a@x.example> 550-No Such User Here 550 Sender verify failed
suspend 550 "Account joe has been suspended, mail is not accepted"
policyviolation 550 This message contains an attachment of a type which we do not accept (.exe)
virusdetected 550 This message contains malware (Eicar-Test-Signature)
syntaxerror 503 sender not yet given
expired SMTP error from remote mail server after initial connection: timeout
networkerror 550 Too many "Received" headers - suspected mail loop
`,
  Sendmail: `
hostunknown 550 5.1.2 <joe@nx.test>... Host unknown (Name server: nx.test.: host not found)
norelaying 550 5.7.1 <joe@dest.test>... Relaying denied. Proper authentication required.
rejected 553 5.1.8 <a@x.example>... Domain of sender address a@x.example does not exist
requireptr 550 5.7.1 Fix reverse DNS for 192.0.2.1
networkerror 553 5.3.5 mx.dest.test. config error: mail loops back to me (MX problem?)
mailererror 554 5.3.0 unknown mailer error 255
systemerror 451 4.0.0 I/O error
hasmoved 551 5.1.6 User has moved; please try <joe@new.test>
`,
  qmail: `
userunknown sorry, no mailbox here by that name (chkuser)
userunknown 550 sorry, no mailbox here by that name - vpopmail (#5.1.1)
hostunknown Sorry, I couldn't find any host named nx.test. (#5.1.2)
mailboxfull user is over quota. (#5.2.2) vdelivermail
networkerror Sorry, although I'm listed as a best-preference MX or A for that host, it isn't in my control/locals file, so I don't treat it as local. (#5.4.6)
spamdetected 554 mail server permanently rejected message (#5.3.0) SPAM
mailererror Unable to run command: /home/joe/bin/filter (#5.3.0)
suspend 550 sorry, this mailbox is disabled for external mail (#5.2.1)
`,
  'Domino, GroupWise, MDaemon, CommuniGate, Kerio': `
userunknown 550 joe@dest.test... No such user (in reply to RCPT TO command)
userunknown User joe@dest.test not listed in public Name & Address Book
policyviolation 554 Mail from a@x.example rejected for policy reasons: sender denied by Domino
norelaying 554 Relay rejected for policy reasons.
blocked 550 Host 192.0.2.1 denied by GroupWise: blacklisted host
mailboxfull 450 Mailbox full: disk space limit reached for user (GroupWise)
userunknown 550 5.1.1 Recipient unknown <joe@dest.test> MDaemon
mailboxfull 552 Message for <joe@dest.test> would exceed mailbox quota (MDaemon)
norelaying 550 Access Denied - relaying through this MDaemon is not permitted
userunknown 550 joe@dest.test unknown user account (CommuniGate) (in reply to RCPT TO command)
mailboxfull account storage exceeded; message not stored in joe@dest.test
suspend joe@dest.test account is disabled
blocked 591 your host [192.0.2.1] is blacklisted by bl.example. Send your questions to blacklist-admin@dest.test
norelaying 571 joe@dest.test prohibited. We do not relay
userunknown 550 5.1.1 User unknown; rejecting (Kerio Connect)
spamdetected 550 5.7.1 Message rejected as spam (Kerio)
`,
  'Zimbra, hMail, SmarterMail, MailEnable, Haraka, OpenSMTPD, Courier, Stalwart': `
suspend 554 5.7.1 <joe@dest.test>: Recipient address rejected: account maintenance or closed (Zimbra)
userunknown 550 Unknown user (hMailServer) (in reply to RCPT TO command)
securityerror 530 SMTP authentication is required.
userunknown 550 <joe@dest.test> No such user here (SmarterMail) (in reply to RCPT TO command)
norelaying 503 This mail server requires authentication when attempting to send to a non-local e-mail address. Please check your mail client settings or contact your administrator to verify that the domain or address is defined for this server.
userunknown 550 Requested action not taken: mailbox unavailable or not local (MailEnable) (in reply to RCPT TO command)
norelaying 550 I cannot deliver mail for <joe@dest.test>
userunknown 550 5.1.1 Invalid recipient: <joe@dest.test> (OpenSMTPD)
systemerror 524 5.2.4 Mailing list expansion problem: <joe@dest.test>
rejected 517 517-Domain does not exist: x.example. 517 Invalid domain, see <URL:ftp://ftp.isi.edu/in-notes/rfc1035.txt>
securityerror 535 5.7.0 courier: Authentication required.
syntaxerror 511 511 courier: Syntax error.
userunknown 550 5.1.2 Mailbox does not exist. (Stalwart) (in reply to RCPT TO command)
spamdetected 550 5.7.1 Message rejected due to excessive spam score. (Stalwart)
userunknown 550 5.1.1 relay recipient unknown (PowerMTA local domain)
userunknown 550 5.1.1 unknown or illegal alias: joe@dest.test
contenterror 550 5.6.0 Lone CR or LF in body (see RFC2822 section 2.3)
spamdetected 550 5.7.1 rejected: message is spam (Dovecot Sieve)
systemerror 451 4.3.0 <joe@dest.test> Temporary internal error
mailboxfull 452 4.2.2 Over quota SESSIONID=<cyrus-12345> (in reply to end of DATA command)
contenterror 554 5.6.0 Message contains NUL characters
contenterror 554 5.6.0 Message contains invalid header
contenterror 554 5.6.0 Message has 8-bit data in headers, improper use of 8-bit data
virusdetected 554 5.7.1 Virus found in message: ClamAV Win.Test.EICAR_HDB-1
virusdetected 550 5.7.1 virus Worm.Mydoom detected by ClamAV - http://www.clamav.net
virusdetected 554 5.7.0 Reject, id=12345-06 - INFECTED: Eicar-Signature
spamdetected 554 5.7.0 Reject, id=12345-06 - spam
policyviolation 554 5.7.0 Reject, id=12345-06 - BANNED: .exe
contenterror 554 5.6.0 Reject, id=12345-06 - BAD_HEADER
authfailure 550 5.7.23 SPF fail: 192.0.2.1 is not authorised to send mail for x.example
authfailure 550 5.7.1 rejected by DMARC policy for x.example (opendmarc)
authfailure 554 5.7.5 Permanent error evaluating DMARC policy
authfailure 550 Please see http://www.openspf.org/Why?s=mfrom;id=a%40x.example;ip=192.0.2.1;r=mx.dest.test
authfailure 550 5.7.1 DKIM signature verification failed; message refused
filtered 550 5.7.1 Recipient has refused your message: blocked by personal filter (in reply to end of DATA command)
filtered 550 5.7.1 message was refused by the recipient's mail filter
notaccept 521 5.3.2 This server does not accept mail
notaccept 556 5.1.10 Recipient address has null MX
systemfull 452 4.3.1 Out of disk space on server for temp file
systemfull 431 4.3.1 Mail system is full: no space left on device
systemfull 431 4.3.1 Mail system storage is full
userunknown 550 The following destination addresses were unknown (in reply to RCPT TO command)
notaccept 421 4.3.2 System not accepting network messages, shutting down
syntaxerror 501 5.5.4 Invalid arguments: unsupported parameter BODY
`,
};
