/**
 * What MTAs write by their manuals: a line a reply, its reason before it. The source is the name of the group.
 */
export const texts: Readonly<Record<string, string>> = {
  'Postfix: smtp(8), smtpd(8), local(8), virtual(8), cleanup(8)': `
hostunknown Host or domain name not found. Name service error for name=x.test type=A: Host not found
networkerror Host or domain name not found. Name service error for name=x.test type=MX: Host not found, try again
networkerror 450 4.4.3 Host or domain name not found. Name service error for name=mx.x.test type=AAAA: Host not found, try again
hostunknown 554 5.4.4 Host or domain name not found. Name service error for name=x.test type=AAAA: Host found but no data record of requested type
networkerror mail for x.test loops back to myself
networkerror too many hops
expired connect to mx.x.test[192.0.2.1]:25: Connection timed out
expired connect to mx.x.test[192.0.2.1]:25: Connection refused
networkerror lost connection with mx.x.test[192.0.2.1] while sending RCPT TO
expired conversation with mx.x.test[192.0.2.1] timed out while receiving the initial server greeting
expired 4.4.7 delivery temporarily suspended: connect to mx.x.test[192.0.2.1]:25: Operation timed out
userunknown unknown user: "joe"
userunknown User unknown in local recipient table
userunknown 550 5.1.1 <joe@dest.test>: Recipient address rejected: User unknown in relay recipient table
userunknown 550 5.1.1 <joe@dest.test>: Recipient address rejected: undeliverable address: unknown user: "joe"
userunknown 450 4.1.1 <joe@dest.test>: Recipient address rejected: unverified address: host mx said: 550 5.1.1 unknown user (in reply to RCPT TO command)
hostunknown 450 4.1.2 <joe@dest.test>: Recipient address rejected: Domain not found
rejected 450 4.1.7 <s@y.test>: Sender address rejected: unverified address: Address verification in progress
rejected 553 5.7.1 <s@y.test>: Sender address rejected: not logged in
rejected 553 5.7.1 <s@y.test>: Sender address rejected: not owned by user joe
blocked 450 4.2.0 <joe@dest.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/dest.test.html
blocked 451 4.7.1 <joe@dest.test>: Recipient address rejected: Greylisting in action, please try again later
systemerror 451 4.3.5 Server configuration error
systemerror 451 4.3.0 Error: queue file write error
systemfull 452 4.3.1 Insufficient system storage
mesgtoobig 552 5.3.4 Error: message file too big
mesgtoobig 5.3.4 message size 12345 exceeds size limit 1000 of server mx.x.test[192.0.2.1]
toomanyconn 452 4.5.3 Error: too many recipients
syntaxerror 503 5.5.1 Error: need MAIL command
userunknown 501 5.1.3 Bad recipient address syntax
rejected 501 5.1.7 Bad sender address syntax
spamdetected 550 5.7.1 Content-Type blocked
spamdetected 550 5.7.1 Message content rejected
blocked 550 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied
blocked 450 4.7.1 <mx.y.test>: Helo command rejected: Host not found
toomanyconn 421 4.7.0 mx.x.test Error: too many connections from 192.0.2.1
speeding 450 4.7.1 Error: too much mail from 192.0.2.1
toomanyconn 450 4.7.1 Error: too many recipients from 192.0.2.1
failedstarttls 530 5.7.0 Must issue a STARTTLS command first
failedstarttls Server certificate not verified
failedstarttls Cannot start TLS: handshake failure
failedstarttls TLS is required, but host mx.x.test[192.0.2.1] refused to start TLS: 454 4.7.0 TLS not available
securityerror SASL authentication failed; server mx.x.test[192.0.2.1] said: 535 5.7.8 Error: authentication failed
filtered 554 5.7.1 <joe@dest.test>: Recipient address rejected: Access denied
mailererror Command time limit exceeded: "/usr/bin/procmail"
mailererror Command died with signal 11: "/usr/bin/maildrop"
mailererror 5.3.0 x-unix; internal software error
mailboxfull maildir delivery failed: create /home/joe/Maildir/tmp/1.P1.mx: Disk quota exceeded
systemfull cannot update mailbox /var/mail/joe for user joe. error writing message: No space left on device
mesgtoobig maildir delivery failed: error writing message: File too large
networkerror mail forwarding loop for joe@dest.test
networkerror 5.4.6 mail forwarding loop for joe@dest.test
userunknown 5.1.1 user unknown; rejecting
expired message too old
expired deferred: delivery temporarily suspended: conversation with mx timed out
hasmoved 551 5.1.6 User has moved to n@z.test
hasmoved 5.1.6 <joe@dest.test>: Recipient address rejected: User has moved to n@z.test
notaccept 550 5.1.10 <joe@dest.test>: Recipient address rejected: Domain dest.test does not accept mail (nullMX)
notaccept 550 5.7.27 <s@y.test>: Sender address rejected: Domain y.test does not accept mail (nullMX)
notaccept 521 5.3.2 mx.x.test does not accept mail
hostunknown 5.4.4 unable to look up host mx.x.test: No address associated with hostname
contenterror 5.6.7 SMTPUTF8 is required, but was not offered by host mx.x.test[192.0.2.1]
syntaxerror 5.5.4 BDAT
systemerror 451 4.3.0 <joe@dest.test>: Temporary lookup failure
`,
  'The Exim specification and its default configuration; cPanel': `
hostunknown Unrouteable address
hostunknown all relevant MX records point to non-existent hosts
notaccept an MX or SRV record indicated no SMTP service
networkerror lowest numbered MX record points to local host
networkerror host lookup did not complete
networkerror no host found for existing SMTP connection
expired retry time not reached for any host after a long failure period
expired remote host address is the local host: retry timeout exceeded
userunknown unknown local-part "joe" in domain "dest.test"
userunknown Unknown local part joe in <joe@dest.test>
policyviolation SMTP error from remote mail server after RCPT TO:<joe@dest.test>: 550 Administrative prohibition
rejected SMTP error from remote mail server after RCPT TO:<joe@dest.test>: 550-Verification failed for <s@y.test> 550-No Such User Here 550 Sender verify failed
rejected SMTP error from remote mail server after MAIL FROM:<s@y.test>: 550 rejected because of something
blocked SMTP error from remote mail server after RCPT TO:<joe@dest.test>: 550 rejected because 192.0.2.1 is in a black list at zen.spamhaus.org
blocked SMTP error from remote mail server after RCPT TO:<joe@dest.test>: 451 Temporarily rejected. Please try again later. greylisted
rejected SMTP error from remote mail server after RCPT TO:<joe@dest.test>: 550 Sender has no A, AAAA, or MX DNS records. mx.x.test
requireptr SMTP error from remote mail server after initial connection: 550 lookup of 192.0.2.1 failed for DNS PTR check
mesgtoobig SMTP error from remote mail server after end of data: 552 Maximum line length exceeded
notcompliantrfc SMTP error from remote mail server after end of data: 550 Your message does not conform to RFC2822 standard
notcompliantrfc SMTP error from remote mail server after end of data: 550 message is missing the Message-ID header
mailboxfull mailbox is full
mailboxfull mailbox is full (MTA-imposed quota exceeded while writing to file /var/mail/joe)
mailererror Child process of virtual_transport transport returned 77 (could mean permission denied error) from command: /usr/lib/dovecot/deliver
mailererror Child process of local_delivery transport (running command "/usr/bin/procmail") was terminated by signal 6
expired pipe delivery process timed out
systemerror failed to open mailbox: Permission denied
systemerror Failed to get write lock for /var/mail/joe.lock
failedstarttls a TLS session is required, but the server did not offer TLS support
failedstarttls a TLS session is required, but an attempt to start TLS failed
securityerror authentication is required but was not available: authentication required
securityerror SMTP error from remote mail server after MAIL FROM:<s@y.test>: 530 Authentication required
toomanyconn SMTP error from remote mail server after initial connection: 421 Too many concurrent SMTP connections; please try again later.
speeding Domain y.test has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.
speeding Domain y.test has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded.
mesgtoobig message is too big (transport limit = 10485760)
syntaxerror SMTP error from remote mail server after pipelined DATA: 503 valid RCPT command must precede DATA
networkerror SMTP error from remote mail server after RCPT TO:<joe@dest.test>: Remote host closed connection in response to RCPT
hostunknown unroutable mail domain "nx.test"
filtered Mail sent by s@y.test being rejected by this user
rejected 501 s: sender address must contain a domain
`,
  'Sendmail operations guide, cf/README': `
userunknown 550 5.1.1 joe... User unknown
hostunknown 550 5.1.2 <joe@nx.test>... Host unknown (Name server: nx.test: host not found)
networkerror 451 4.4.1 reply: read error from mx.x.test.
networkerror <joe@dest.test>... Deferred: Connection reset by mx.x.test.
expired <joe@dest.test>... Deferred: Connection timed out with mx.x.test.
blocked <joe@dest.test>... Deferred: Connection refused by mx.x.test.
networkerror <joe@dest.test>... Deferred: Name server: mx.x.test.: host name lookup failure
expired Message could not be delivered for 5 days Message will be deleted from queue
expired 441 4.4.1 Connection timed out
networkerror 554 5.3.5 Local configuration error 553 5.3.5 system config error MX list for x.test. points back to mx.y.test
networkerror 553 5.3.5 mx.y.test. config error: mail loops back to me (MX problem?)
rejected 553 5.5.4 <s>... Domain name required for sender address s
rejected 551 5.7.1 access denied. sender blocked
blocked 550 5.7.1 Access denied (in reply to EHLO command)
blocked 554 5.7.1 Mail from 192.0.2.1 refused by blackhole site relays.ordb.org
blocked 553 5.3.0 <s@y.test>... Spam blocked see: http://spamcop.net/bl.shtml?192.0.2.1
mesgtoobig 552 5.3.4 Message header size, or recipient list, exceeds policy limit
exceedlimit 552 5.2.3 Message is too large; 10485760 bytes max
toomanyconn 452 4.5.3 Too many recipients
toomanyconn 421 4.3.2 Too many open connections.
toomanyconn 450 4.3.2 Connection rate limit exceeded.
systemfull 452 4.4.5 Insufficient disk space; try again later
systemerror 451 4.3.0 Temporary system failure. Please try again later.
networkerror 451 4.0.0 collect: unexpected close
contenterror 554 5.6.1 Body type not supported by remote host
contenterror 554 5.6.3 Conversion impossible
mailererror 554 5.3.0 unknown mailer error 1
mailererror 550 5.3.0 "|/usr/local/bin/vacation joe"... unknown mailer error 255
networkerror 554 5.4.6 Too many hops
securityerror 550 5.7.1 Unauthorized
syntaxerror 500 5.5.1 Command unrecognized: "XUSR"
requireptr 550 5.7.1 <joe@dest.test>... Relaying denied. IP name lookup failed [192.0.2.1]
norelaying 550 5.7.1 <joe@dest.test>... we do not relay <s@y.test>
suspend 550 5.2.1 <joe@dest.test>... Mailbox disabled for this recipient
mailboxfull 552 5.2.2 <joe@dest.test>... Over quota
hasmoved 551 5.1.6 <joe@dest.test>... User not here; please try <n@z.test>
networkerror 4.4.3 Routing server failure
`,
  'qmail-send(8), qmail-smtpd(8), vpopmail, chkuser': `
expired Sorry, I wasn't able to establish an SMTP connection. (#4.4.1) I'm not going to try again; this message has been in the queue too long.
hostunknown Sorry, I couldn't find any host by that name. (#4.1.2)
hostunknown Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)
networkerror Sorry. Although I'm listed as a best-preference MX or A for that host, it isn't in my control/locals file, so I don't treat it as local. (#5.4.6)
userunknown 511 sorry, no mailbox here by that name (#5.1.1 - chkuser)
rejected 511 sorry, can't find a valid MX for sender domain (chkuser)
mailboxfull 522 sorry, recipient mailbox is full - chkuser
rejected 553 sorry, your envelope sender domain must exist (#5.7.1)
rejected 553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)
norelaying 553 sorry, that domain isn't in my list of allowed rcpthosts; no valid cert for gatewaying (#5.7.1)
mesgtoobig 552 sorry, that message size exceeds my databytes limit (#5.3.4)
notcompliantrfc 451 See http://pobox.com/~djb/docs/smtplf.html.
networkerror 554 too many hops, this message is looping (#5.4.6)
systemfull 452 out of disk space|451 qq write error or disk full (#4.3.0)
mailererror 451 qqt failure (#4.3.0)
securityerror 530 Authentication required (#5.5.1)
mailboxfull Recipient's mailbox is full, message returned to sender. (#5.2.2)
mailboxfull The user(s) account is temporarily over quota.
suspend The user(s) account is disabled.
suspend account is locked: email cannot be delivered
expired This message has been in the queue too long
expired I'm not going to try again; this message has been in the queue too long.
mailererror Unable to run /var/qmail/bin/vdelivermail.
mailererror Uh-oh: first line of .qmail file is a program delivery
networkerror CNAME lookup failed temporarily. (#4.4.3)
systemerror 451 mail server temporarily rejected message (#4.3.0)
systemerror 554 mail server permanently rejected message (#5.3.0)
systemerror 451 qq trouble creating files in queue (#4.3.0)
systemerror 451 qq internal bug (#4.3.0)
systemerror 451 qq temporary problem (#4.3.0)
systemerror 421 unable to read controls (#4.3.0)
systemerror 454 oops, problem with child and I can't auth (#4.3.0)
systemerror Unable to switch to home directory: input/output error. (#4.3.0)
`,
  'Manuals of Courier, Domino, GroupWise, MDaemon, CommuniGate, Dovecot, Cyrus': `
userunknown 550 5.1.1 User unknown: joe
norelaying 513 Relaying denied.
rejected 517-Domain does not exist: y.test.
rejected 517 Invalid return address: DNS failure
blocked 511 You are blacklisted
securityerror 534 SMTP Error
userunknown User joe (joe@dest.test) not listed in Domino Directory
userunknown User not listed in public Name & Address Book
userunknown Error transferring to MX.X.TEST; SMTP Protocol Returned a Permanent Error 550 5.1.1 unknown user
networkerror No route found to domain X.TEST from server A/B. Check DNS configuration.
networkerror Maximum hop count exceeded. Message probably in a routing loop.
expired Router: Failed to connect to SMTP host X.TEST because : The server is not responding. The server may be down or you may be experiencing network problems.
mesgtoobig Router: Message size exceeds limit
mailboxfull 550 Mailbox is full (420)
userunknown 550 No such recipient (in reply to RCPT TO command)
networkerror 420 TCP write error
mailboxfull 550 5.2.2 Quota exceeded (GroupWise)
userunknown 550 <joe@dest.test>, Recipient unknown (in reply to RCPT TO command)
userunknown 550 <joe@dest.test>, No such user here (in reply to RCPT TO command)
mailboxfull 552 <joe@dest.test>, Recipient mailbox full|522
spamdetected 554 Sorry, message looks like SPAM to me
blocked 501 Domain must resolve (in reply to EHLO command)
norelaying 550 Sorry, that domain isn't in my list of allowed rcpthosts
userunknown 550 5.1.1 joe@dest.test unknown user account
suspend 550 5.2.1 joe@dest.test account is suspended
mailboxfull 452 4.2.2 joe@dest.test account is full (quota exceeded)
userunknown <joe@dest.test>: host dovecot[private/dovecot-lmtp] said: 550 5.1.1 <joe@dest.test> User doesn't exist: joe@dest.test (in reply to RCPT TO command)
mailboxfull 552 5.2.2 <joe@dest.test> Quota exceeded (mailbox for user is full) (in reply to end of DATA command)
filtered Your message to <joe@dest.test> was automatically rejected: rejected by sieve
userunknown 550-Mailbox unknown. Either there is no mailbox associated with this name or you do not have authorization to see it. 550 5.1.1 User unknown
mailboxfull 552 5.2.2 Over quota SESSIONID=<cyrus>
expired Remote system no longer responding
userunknown Invalid final delivery userid: joe@dest.test
rejected NOT MEMBER article from s@y.test
`,
  'OpenSMTPD: smtpd(8), mta.c': `
hostunknown Domain does not exist
hostunknown Invalid domain name
notaccept No MX found for domain
notaccept Destination seem to reject all mails
networkerror Loop detected
networkerror Transient DNS error
networkerror No valid route to remote MX
networkerror All routes to destination blocked
networkerror Address family mismatch on destination MXs
networkerror Could not retrieve source address
securityerror Could not retrieve credentials
expired Envelope expired
`,
  'RFC 5321, 3.1, 4.5.3.1 and 4.2.3': `
notaccept 554 No SMTP service here
syntaxerror 501 Path too long
mesgtoobig 552 5.3.4 Too much mail data
mailboxfull 552 Too much mail data
toomanyconn 452 Too many recipients
`,
  'DragonFly Mail Agent: net.c, crypto.c; Postfix TLS_README; MTA-STS, RFC 8461': `
failedstarttls SSL handshake failed fatally: error:1408F10B:SSL routines:wrong version number
failedstarttls SSL initialization failed
failedstarttls Peer did not provide certificate: x
failedstarttls 4.7.5 Untrusted certificate
failedstarttls 5.7.5 Remote certificate failed MTA-STS validation
expired remote delivery deferred: connection to remote host failed
hostunknown DNS lookup failure: host nx.test not found
`,
};
