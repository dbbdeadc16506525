/**
 * Replies further from the phrases: what a thing and what became of it must tell. A line a reply, its reason before it.
 */
export const texts: Readonly<Record<string, string>> = {
  'written once the reworded ones were understood': `
userunknown 550 5.1.1 joe is not one of our users
userunknown 550 We could not find a mailbox for that recipient (in reply to RCPT TO command)
userunknown 550 The account joe@dest.test has been removed from this server (in reply to RCPT TO command)
userunknown 550 No local user by this name (in reply to RCPT TO command)
userunknown 550 recipient was rejected as it does not exist (in reply to RCPT TO command)
userunknown 550 Mailbox joe@dest.test could not be located (in reply to RCPT TO command)
userunknown 550 Teilnehmer unbekannt (in reply to RCPT TO command)
userunknown 550 L'adresse du destinataire n'existe pas (in reply to RCPT TO command)
userunknown 550 La cuenta de correo no existe (in reply to RCPT TO command)
userunknown 550 Il destinatario non esiste (in reply to RCPT TO command)
userunknown 550 Caixa postal inexistente (in reply to RCPT TO command)
userunknown 550 Gebruiker onbekend (in reply to RCPT TO command)
userunknown 550 Nieznany uzytkownik (in reply to RCPT TO command)
userunknown 550 the person you are writing to is not known at this address (in reply to RCPT TO command)
userunknown 550 Ex-employee: address is void (in reply to RCPT TO command)
userunknown 550 Recipient not on file (in reply to RCPT TO command)
userunknown 550 That e-mail address is not in use (in reply to RCPT TO command)
userunknown 550 5.1.1 Check the local part, nothing is delivered there
userunknown 550 Cannot find a user with that address (in reply to RCPT TO command)
userunknown 550 There's no one here with that name (in reply to RCPT TO command)
userunknown 550 Email account does not exist at this domain (in reply to RCPT TO command)
suspend 550 Mail to this account has been turned off (in reply to RCPT TO command)
suspend 550 5.2.1 Account barred because of abuse
suspend 550 This user's subscription has lapsed and the mailbox is disabled (in reply to RCPT TO command)
suspend 550 The mailbox is locked pending a review (in reply to RCPT TO command)
suspend 550 Le compte est suspendu (in reply to RCPT TO command)
suspend 550 La cuenta está suspendida (in reply to RCPT TO command)
mailboxfull 452 There is no room in the recipient's mailbox
mailboxfull 552 The mailbox for joe is at its limit of storage
mailboxfull 450 user has used all of his disk quota
mailboxfull 552 Recipient's inbox cannot take any more mail, it is full
mailboxfull 452 4.2.2 user has too little space
mailboxfull 550 Das Postfach des Empfaengers ist voll
mailboxfull 550 La boîte de réception est pleine
mailboxfull 452 insufficient quota for joe@dest.test
mailboxfull 550 Over allotted quota, mail bounced
mesgtoobig 554 Messages over 20 MB are not accepted
mesgtoobig 550 Your message weighs too much: the size limit is 10240 kB
mesgtoobig 552 5.3.4 Mail bigger than allowed
mesgtoobig 550 Message body exceeds the maximum that we process
mesgtoobig 552 Maximum message size of 20971520 exceeded
blocked 550 Your server has been blocked by our firewall because of spam complaints
blocked 554 5.7.1 IP range 192.0.2.0/24 is denied here
blocked 550 192.0.2.1 has been put on our local denylist
blocked 550 Host x.example is not welcome
blocked 554 Refused: you are listed in SORBS DUHL
blocked 550 5.7.1 Sending servers in residential ranges are rejected
blocked 550 Your HELO is not a valid host name
blocked 450 4.7.1 First contact from this triplet, greylisting in progress
blocked 421 Your IP address is temporarily banned after repeated spam
blocked 554 The address of your mail gateway is on Spamhaus SBL
blocked 550 5.7.1 Hosting provider OVH is blocked
badreputation 554 5.7.1 Low reputation of the sending network
badreputation 450 your IP has a poor sender reputation, mail is deferred
requireptr 550 5.7.1 rDNS/DNS mismatch for 192.0.2.1
requireptr 554 IP without reverse DNS is rejected
requireptr 550 Your mail server's address must resolve back to its name (PTR)
requireptr 450 4.7.1 Hostname of your IP can't be resolved backwards: no reverse
authfailure 550 5.7.1 The sender's SPF policy forbids 192.0.2.1
authfailure 550 Not authorized by the SPF record for x.example
authfailure 550 5.7.1 Message failed DMARC evaluation
authfailure 554 DKIM-Signature is invalid
authfailure 550 mail is not signed with DKIM and was refused
authfailure 550 Your domain's DMARC record asks us to reject this
rejected 550 Sender's mailbox doesn't exist
rejected 553 5.1.8 The return address's domain doesn't resolve
rejected 550 We do not take mail from a@x.example: sender is banned
rejected 550 sender domain has no valid MX
rejected 550 5.7.1 Spoofed sender: only our own servers may use this sender address
rejected 550 5.7.1 You aren't a member of this list and can't post to it
rejected 501 5.1.7 Sender address has invalid syntax
rejected 550 The envelope-from is on our blacklist
spamdetected 550 5.7.1 We don't want your spam
spamdetected 554 Content scan: message is likely spam (score 9.8, limit 5)
spamdetected 550 Your mail has been marked as junk and was not accepted
spamdetected 554 5.7.1 Advertising mail, UBE, is refused
spamdetected 550 5.7.1 A URL in your message is blacklisted
spamdetected 550 Rejected by the Bayes classifier: spam probability 0.99
virusdetected 550 5.7.1 Dangerous content: the file contains a Trojan
virusdetected 554 infected message refused: Win.Worm.Bagle
virusdetected 550 Schadsoftware: virus detected in attachment
policyviolation 550 5.7.1 Macro documents are blocked by our security policy
policyviolation 554 Files with the extension .js cannot be received
policyviolation 550 5.7.1 Message contravenes the company's mail policy
policyviolation 550 Forbidden attachment: setup.exe
policyviolation 550 5.7.1 rejected by an administrator's transport rule
policyviolation 552 5.7.0 Password-protected archives are not permitted
norelaying 550 Sorry, relaying through this host is forbidden
norelaying 554 Client is not permitted to relay
norelaying 550 5.7.1 This domain is not served here and you're not authenticated: relaying denied
norelaying 550 no relay for you
norelaying 550 We don't handle mail for dest.test
norelaying 553 that domain is not in my list of hosts I accept mail for
securityerror 535 5.7.8 Bad credentials
securityerror 530 5.7.1 You need to be authenticated to send
securityerror 550 5.7.1 Login required
securityerror 535 Incorrect user name or password
failedstarttls 451 4.7.5 TLS certificate of the server has expired
failedstarttls 530 5.7.0 Encryption is mandatory here; use TLS
failedstarttls 550 Plain text sessions are refused, TLS is required
failedstarttls SSL handshake with the remote host failed: protocol version
hostunknown DNS says that dest.test does not exist
hostunknown The recipient's domain is not registered
hostunknown 550 5.1.2 unknown mail domain
hostunknown the domain part of the address can't be resolved: NXDOMAIN
networkerror 451 temporary DNS failure while looking up MX of dest.test
networkerror 4.4.1 The network of the remote host is unreachable
networkerror the mail is going round in circles: loop detected
networkerror the remote host dropped the connection before the transfer finished
networkerror MX of dest.test points to 127.0.0.1: mail would loop
expired Delivery has been tried for 5 days without success
expired message was kept too long in the queue and is now returned
expired Unable to deliver within 48 hours
expired the connection timed out while waiting for the greeting
expired 4.4.1 the remote server doesn't answer
speeding 450 4.7.1 Rate of mail from your IP is too high
speeding 421 4.7.0 You're sending too many e-mails per minute
speeding 451 Sending limit for your IP was reached, slow down
speeding 450 4.2.1 This user is getting too much mail at present
speeding 421 Too many messages in a short time; come back later
toomanyconn 421 4.7.0 Connection count for your host exceeds the limit
toomanyconn 452 4.5.3 Recipient limit per message reached
toomanyconn 421 Only 5 parallel connections are allowed from one address: too many connections
systemfull 452 4.3.1 Not enough space on the mail server's disk
systemfull 452 4.3.1 Cannot store the message: file system full
systemerror 451 4.3.0 An internal fault prevented delivery
systemerror 451 the content scanner is not available, please retry
systemerror 421 Our server is under heavy load, try again shortly
systemerror 451 Unable to check the recipient at the moment: database is down
systemerror 454 4.3.0 I/O fault while storing mail
mailererror mail delivery program /usr/lib/dovecot/deliver exited with status 75
mailererror local delivery agent failed: exit code 1
notaccept 521 This machine sends only and accepts no e-mail
notaccept 550 The domain dest.test does not accept any mail
hasmoved 551 5.1.6 this person has moved to joe@new.test
hasmoved 550 Address changed: please write to joe@new.test, the old address is no longer valid, user has moved
syntaxerror 500 5.5.2 Unknown command
syntaxerror 503 RCPT before MAIL: bad sequence
syntaxerror 501 Syntax problem in parameters
contenterror 554 5.6.0 Message could not be parsed: broken MIME boundary
contenterror 550 non-ASCII characters in the header are illegal
contenterror 554 5.6.1 charset not supported
notcompliantrfc 550 the From header is missing
notcompliantrfc 550 Your message lacks a Message-ID header, which RFC 5322 demands
notcompliantrfc 554 5.6.0 duplicate From header
filtered 550 5.7.1 Addressee refuses messages from you (in reply to end of DATA command)
filtered 550 The user's own filter rejected this message (in reply to end of DATA command)
filtered 550 5.7.1 recipient's preferences don't allow mail from you
filtered 550 The recipient has blacklisted you
`,
  'written when loose words were read as well': `
userunknown 550 5.1.1 I have no idea who joe is
userunknown 550 Sorry, joe doesn't live here any more (in reply to RCPT TO command)
userunknown 550 The requested recipient was not found on our system (in reply to RCPT TO command)
userunknown 550 Recipient address is not registered with us (in reply to RCPT TO command)
userunknown 550 Keine Mailbox unter diesem Namen, mailbox not found (in reply to RCPT TO command)
userunknown 550 Aucune boite aux lettres a ce nom - unknown mailbox (in reply to RCPT TO command)
userunknown 550 Account has been deleted by its owner (in reply to RCPT TO command)
userunknown 553 Not a deliverable address (in reply to RCPT TO command)
userunknown 550 joe: no such person in our company (in reply to RCPT TO command)
userunknown 550 verify the recipient: it isn't in our address book (in reply to RCPT TO command)
userunknown 550 Mailbox has been permanently removed (in reply to RCPT TO command)
userunknown 550 user lookup failed: no entry for joe in LDAP (in reply to RCPT TO command)
suspend 550 The subscriber has cancelled this account (in reply to RCPT TO command)
suspend 550 5.2.1 Mailbox is parked and takes nothing
suspend 550 inactive account, has not been used for a year (in reply to RCPT TO command)
mailboxfull 452 joe's mailbox is nearly overflowing; the quota is spent
mailboxfull 552 Recipient has gone over the space allotted to him
mailboxfull 450 cannot deliver: the inbox is crammed full
mailboxfull 550 Disk quota of the user is exhausted
mesgtoobig 552 Your mail of 40 MB is too heavy for us
mesgtoobig 552 5.3.4 oversized message
mesgtoobig 554 E-mail size must not be greater than 15 MB
blocked 550 Traffic from your ASN is refused because of abuse
blocked 554 5.7.1 Hosts in this country may not deliver here: your IP is geo-blocked
blocked 550 5.7.1 We've put your IP on a local blocklist, write to postmaster
blocked 450 Temporarily rejected by greylisting, please retry later
blocked 554 The HELO you gave is bogus
blocked 554 sending IP appears in psbl.surriel.com
blocked 550 5.7.1 IP refused: it belongs to a dial-up pool
badreputation 554 5.7.1 The IP's reputation score of -5 is under our threshold
badreputation 451 4.7.1 Sending domain has a bad reputation
requireptr 550 Please configure a PTR record for your mail server
requireptr 554 5.7.1 Your host has no name in the DNS (reverse lookup gave nothing)
requireptr 550 PTR and A records of 192.0.2.1 disagree
authfailure 550 5.7.1 This mail flunked SPF and DKIM alike
authfailure 550 SPF says that 192.0.2.1 may not send for x.example
authfailure 550 5.7.1 DMARC: neither aligned SPF nor aligned DKIM
rejected 550 Null senders aren't accepted here
rejected 553 Your sender address does not resolve to a mail host
rejected 550 5.7.1 Sender on blacklist
rejected 550 Only moderators may write to this list
rejected 550 The return path is bogus
spamdetected 550 5.7.1 Our heuristics say this message is unsolicited advertising
spamdetected 550 This message reeks of spam
spamdetected 554 5.7.1 SpamAssassin refused the mail with 22.1 points
spamdetected 550 Rejected: bulk mail with forbidden URL listed in URIBL
virusdetected 554 5.7.1 ClamAV says: Heuristics.Phishing.Email FOUND, virus suspected
virusdetected 550 malware in attachment, mail discarded
policyviolation 554 5.7.1 Office files with macros are not let through: blocked attachment
policyviolation 550 Attachment name invoice.exe is disallowed
policyviolation 550 5.7.1 Data loss prevention rule forbids this message
norelaying 550 5.7.1 You are not allowed to relay through us
norelaying 554 dest.test is no local domain and relaying needs a login
norelaying 550 Open relaying is disabled
securityerror 535 5.7.8 The password you gave is wrong
securityerror 530 5.7.0 No mail without authentication
failedstarttls 550 We take mail over encrypted connections only (TLS)
failedstarttls TLS session could not be set up: certificate name does not match the host
hostunknown the domain dest.test isn't known to the DNS
hostunknown no A or MX record exists for dest.test: unknown host
networkerror 451 4.4.0 DNS resolution of dest.test failed for now, SERVFAIL
networkerror the link to the remote host broke: connection reset by peer
networkerror too many Received lines, the message seems to loop
expired attempts to deliver were given up after 5 days
expired no reply from the remote server, timed out
expired The message could not be delivered in time and was removed from the queue
speeding 421 4.7.0 Slow down! More than 100 messages per minute from your host
speeding 450 4.7.1 Volume of mail from your network exceeds what we take
speeding 451 4.7.1 Your sending rate was limited
toomanyconn 421 Too many parallel sessions from your address
toomanyconn 452 4.5.3 At most 50 recipients per message
systemfull 452 4.3.1 Partition for mail is full
systemerror 451 4.3.0 Backend crashed while storing the message
systemerror 421 mail server overloaded, please come again
systemerror 450 Database trouble, try later
mailererror procmail: program failure (exit 73)
notaccept 550 dest.test has no mail service
notaccept 521 no mail is taken by this host
hasmoved 551 joe moved away: write to joe@new.test
hasmoved 550 This address was replaced by joe@new.test
syntaxerror 501 HELO requires an argument
syntaxerror 555 parameter SIZE not known
contenterror 554 Header contains illegal bytes
contenterror 550 Broken attachment encoding
notcompliantrfc 550 Header From: is required by RFC 5322 and is not there
filtered 550 5.7.1 blocked by the recipient's whitelist settings
filtered 554 Your address has been blocked by the addressee
filtered 550 The mailbox owner does not want this mail (in reply to end of DATA command)
`,
  'written last': `
userunknown 550 Nobody by that name receives mail here (in reply to RCPT TO command)
userunknown 550 The mailbox you are writing to does not exist at our end (in reply to RCPT TO command)
userunknown 550 5.1.1 Rejected: recipient unknown to the directory service
userunknown 550 Address not present in the recipient table (in reply to RCPT TO command)
userunknown 550 Empfängeradresse existiert nicht (in reply to RCPT TO command)
userunknown 550 Cette adresse n'existe pas chez nous (in reply to RCPT TO command)
suspend 550 User joe is suspended for lack of payment (in reply to RCPT TO command)
suspend 550 mailbox disabled by the administrator (in reply to RCPT TO command)
mailboxfull 552 Inbox has no capacity left for your message
mailboxfull 450 Storage of this mailbox is used up
mailboxfull 550 user is above quota
mesgtoobig 552 5.3.4 We limit mail to 10MB
mesgtoobig 554 Message rejected: 52 MB exceed our limit
blocked 550 5.7.1 Your provider's network is blocked here
blocked 554 Rejecting mail from 192.0.2.1 (listed in zen)
blocked 550 Client address on local deny list
blocked 451 Greylisting: please try again in 10 minutes
blocked 554 5.7.1 Unknown or invalid HELO hostname
badreputation 554 5.7.1 Poor sender reputation, delivery refused
requireptr 550 5.7.1 rDNS required
requireptr 550 we only talk to hosts that have reverse names
authfailure 550 5.7.1 DMARC failure, policy of the author's domain is reject
authfailure 550 Fails SPF
rejected 550 Sender refused: unknown domain x.example
rejected 553 a@x.example: your address is not allowed as a sender
spamdetected 550 Looks spammy, sorry
spamdetected 554 5.7.1 Message identified as unsolicited commercial e-mail
virusdetected 550 Mail contains a virus: Sober
policyviolation 550 5.7.1 Attachment extension (.bat) not permitted
policyviolation 554 5.7.1 Refused on grounds of company policy
norelaying 550 5.7.1 Will not relay for unknown clients
norelaying 554 relay attempt denied
securityerror 535 Login incorrect
failedstarttls 550 5.7.4 Must be encrypted: STARTTLS first
hostunknown The recipient domain does not exist
hostunknown 550 5.1.2 Domain not found
networkerror could not reach dest.test: network is down
networkerror 554 5.4.6 mail routing loop
expired giving up after 100 hours
expired 4.4.7 not delivered within the time allowed
speeding 421 4.7.0 Message rate of your host is above our limit
speeding 450 Too many e-mails within one hour
toomanyconn 421 concurrent connections limited to 5
toomanyconn 452 4.5.3 too many rcpts
systemfull 452 4.3.1 No disk space
systemerror 451 4.3.0 Temporary failure at our side
systemerror 421 service closing for repair, system failure
notaccept 521 host does not take mail
hasmoved 551 Mailbox moved, see joe@new.test
syntaxerror 500 unknown verb
contenterror 554 5.6.0 Bad MIME encoding
notcompliantrfc 550 missing Message-ID header
filtered 550 5.7.1 The receiver has barred you (in reply to end of DATA command)
filtered 550 Message refused: recipient's personal rule
`,
  'what is not there is the sender’s, or a thing': `
rejected 554 The sender's account was not found at its own server
requireptr 550 5.7.1 Name of your host not found in reverse DNS
rejected 550 5.7.1 Your own domain does not exist
rejected 550 the domain that you send from was not found
policyviolation 550 5.7.1 message with unknown file name extension refused
rejected 550 author address not found
authfailure 550 no DKIM key was found for this domain
networkerror 554 the host that should take the mail closed its connection
blocked 550 The name of your server is not known (in reply to RCPT TO command)
blocked 550 the name of the client host was not found (in reply to RCPT TO command)
rejected 550 The address of the sender is unknown (in reply to RCPT TO command)
rejected 550 Sending domain does not exist (in reply to RCPT TO command)
userunknown 550 The name of the recipient is not known (in reply to RCPT TO command)
`,
  'written after those': `
userunknown 550 5.1.1 Delivery is impossible: joe is unknown to us
userunknown 550 No active mailbox corresponds to the recipient (in reply to RCPT TO command)
userunknown 550 This e-mail address was never assigned (in reply to RCPT TO command)
userunknown 550 The addressee left our firm in 2019 (in reply to RCPT TO command)
userunknown 550 5.7.1 The user you are trying to reach can't be located (in reply to RCPT TO command)
userunknown 550 Your recipient could not be found on this domain (in reply to RCPT TO command)
userunknown 550 mailbox name isn't allowed or doesn't exist (in reply to RCPT TO command)
suspend 550 the user's access has been revoked; account deactivated (in reply to RCPT TO command)
suspend 550 This inbox is dormant (in reply to RCPT TO command)
mailboxfull 552 5.2.2 No more messages fit into this mailbox
mailboxfull 550 Recipient reached the storage ceiling of the mailbox
mailboxfull 452 Mail for this user is refused: quota limit hit
mailboxfull 550 Mailbox is over its size limit
mesgtoobig 552 Too large: mail may have at most 30 megabytes
mesgtoobig 550 the message was rejected since its size is above 50000000 bytes
blocked 550 5.7.1 Mails from this range of IP addresses aren't wanted
blocked 554 Connection rejected: your server is on the NiX Spam blacklist
blocked 421 Host 192.0.2.1 is being greylisted
blocked 554 5.7.1 Consumer IP, please use your provider's mail relay
blocked 550 HELO localhost is refused
badreputation 550 5.7.1 Message refused, IP reputation is poor (Talos)
requireptr 550 5.7.1 your IP does not map back to a hostname
requireptr 554 Missing reverse DNS
authfailure 550 5.7.1 x.example asks for DMARC enforcement, and this mail is not aligned
authfailure 554 The signature (DKIM) of this mail is broken
authfailure 550 sender is not permitted by SPF
rejected 550 5.7.1 Sender domain is banned at this site
rejected 550 The envelope sender could not be checked: its server rejects it
rejected 550 Posting to this group is for its members
spamdetected 550 This mail was classed as spam by rspamd, score 19.4/15
spamdetected 554 5.7.1 Mass mailing detected, message is UBE
spamdetected 550 Suspicion of spam, sorry
spamdetected 550 Content looks like phishing
virusdetected 550 Eicar virus has been found in your mail
virusdetected 554 5.7.1 mail with malware gets refused
policyviolation 550 5.7.1 We accept no .zip attachments
policyviolation 554 Content not compliant with the rules of the organisation, message blocked by policy
norelaying 550 5.7.1 You can't relay to that domain
norelaying 550 I'm not a relay
norelaying 553 relaying to external domains needs authentication
securityerror 535 5.7.8 Wrong password
failedstarttls 550 5.7.1 Only TLS-secured connections are accepted
failedstarttls TLS handshake error: no shared cipher
hostunknown dest.test: domain is unknown
hostunknown Domain dest.test not found in the DNS
networkerror DNS lookup timed out for dest.test
networkerror connection to mx.dest.test was reset
networkerror message loops between two servers
expired we have tried to deliver this mail for 4 days, giving up
speeding 421 4.7.0 You exceed 20 mails per minute
speeding 450 4.7.1 Too many mails from you, wait an hour
toomanyconn 421 Connection limit of 20 per IP exceeded
systemfull 452 4.3.1 disk nearly full, no mail accepted for now
systemerror 451 Mail store cannot be accessed at the moment
systemerror 421 4.3.0 server fault
mailererror delivery to a program failed: exit status 69
notaccept 550 this host accepts no mail
hasmoved 551 5.1.6 Recipient's mailbox moved
syntaxerror 503 Wrong command order
contenterror 554 MIME header could not be parsed, it is malformed
notcompliantrfc 550 Two From lines: violation of RFC 5322
filtered 550 5.7.1 This recipient accepts mail from known senders only
filtered 550 Your mail was rejected by a filter of the user
`,
};
