/**
 * The same reasons in the words of administrators who wrote their own sentences: a line a reply, its reason before it.
 */
export const texts: Readonly<Record<string, string>> = {
  'written once the usual replies were understood': `
userunknown 550 5.1.1 We have nobody called joe at this organisation
userunknown 550 There is no mailbox for joe on this server (in reply to RCPT TO command)
userunknown 550 5.7.1 The recipient does not exist in our directory (in reply to RCPT TO command)
userunknown 550 5.1.1 The address you entered couldn't be found. Check the spelling.
userunknown 550 Der Empfaenger ist unbekannt (in reply to RCPT TO command)
userunknown 550 Benutzer unbekannt (in reply to RCPT TO command)
userunknown 550 Utilisateur inconnu (in reply to RCPT TO command)
userunknown 550 Usuario no existe (in reply to RCPT TO command)
userunknown 550 Utente sconosciuto (in reply to RCPT TO command)
userunknown 550 Destinatario desconhecido (in reply to RCPT TO command)
userunknown 550 That person has left the company and this address is not valid any more (in reply to RCPT TO command)
userunknown 550 5.1.1 <joe@dest.test> is not recognised as a valid recipient on this system
userunknown 553 5.1.3 joe@dest.test: the mailbox name is malformed
userunknown 550 No account matches that address (in reply to RCPT TO command)
userunknown 550 We do not know this recipient (in reply to RCPT TO command)
userunknown 554 5.7.1 <joe@dest.test>: Recipient address rejected: this mailbox was deleted (in reply to RCPT TO command)
userunknown 550 RCPT TO:<joe@dest.test> User not known here (in reply to RCPT TO command)
userunknown 550 cuda_nsu <joe@dest.test>: No such mailbox (in reply to RCPT TO command)
userunknown 550 5.1.0 Recipient lookup returned nothing, address invalid
userunknown 550 email address doesn't exist on this server (in reply to RCPT TO command)
userunknown 550 Mailbox is not found on this host (in reply to RCPT TO command)
userunknown 550 5.1.1 Addressee unknown, please check with the addressee by other means
userunknown 550 5.1.1 unknown alias
suspend 550 5.2.1 The account was closed by its owner
suspend 550 5.2.1 This mailbox has been switched off
suspend 550 Account joe@dest.test temporarily suspended for non-payment (in reply to RCPT TO command)
suspend 554 5.7.1 The customer's account has been locked by the administrator (in reply to RCPT TO command)
suspend 550 The user's mailbox was deactivated after 90 days of inactivity (in reply to RCPT TO command)
suspend 450 4.2.1 mailbox temporarily disabled, try later
suspend 550 5.2.1 Konto gesperrt
suspend 525 5.7.13 User Account Disabled
mailboxfull 452 4.2.2 The user has run out of mailbox space
mailboxfull 552 5.2.2 This message would take the mailbox above its permitted size
mailboxfull 550 The recipient's storage is full, please try to reach them another way
mailboxfull 452 Mailbox has no space left for user joe
mailboxfull 552 5.2.2 Postfach ist voll
mailboxfull 552 La boite aux lettres du destinataire est saturee, mailbox is full
mailboxfull 552 Buzon lleno
mailboxfull 452 4.2.2 Casella piena
mailboxfull 422 The recipient's mailbox exceeds its allotted storage
mailboxfull 550 Delivery failed: user's quota has been used up
mailboxfull 552 mail quota reached by joe@dest.test
mailboxfull 554 5.2.2 Over the mailbox quota limit; sender should retry after the user has made room
mesgtoobig 552 5.3.4 Your e-mail is bigger than we accept (25 MB)
mesgtoobig 552 The size of this mail, 31457280 bytes, is above the permitted maximum
mesgtoobig 552 5.3.4 Message exceeds the size that is allowed on this server
mesgtoobig 554 5.3.4 Attachment too large
mesgtoobig 552 Nachricht ist zu gross: message too large
exceedlimit 552 5.2.3 The message is longer than this recipient permits
exceedlimit 452 4.7.1 Hourly message limit reached for this IP
blocked 550 5.7.1 We refuse mail from your server 192.0.2.1
blocked 554 Connections from 192.0.2.1 are being refused at the moment because of abuse
blocked 550 5.7.1 The sending host's IP address appears on a DNS blocklist (dnsbl.example)
blocked 554 5.7.1 Your netblock has been listed by UCEPROTECT level 2
blocked 421 4.7.1 Access from your network has been temporarily blocked following complaints
blocked 550 Die IP-Adresse 192.0.2.1 ist auf einer Blacklist
blocked 550 Your mail server's IP has been put onto our blocklist
blocked 554 5.7.1 The client [192.0.2.1] was found in the Abusix blocklist
blocked 550 5.7.1 Mail from dynamically assigned addresses is refused; use the relay of your provider
blocked 554 5.7.1 Access denied: host 192.0.2.1 is barred
blocked 550 Invalid HELO/EHLO; must be a FQDN
blocked 550 5.7.1 HELO name is an IP literal that is not yours
blocked 450 4.7.1 Greylisted for 300 seconds; come back later
blocked 451 You are greylisted, retry in five minutes
blocked 550 5.7.1 x.mailspike.net says your IP is a source of abuse
badreputation 550 5.7.1 The reputation of your sending domain is too poor to accept this message
badreputation 421 4.7.0 Deferred: IP has insufficient reputation
badreputation 550 Sender score of 192.0.2.1 is too low
badreputation 554 5.7.1 your IP is of bad repute: SenderBase reputation score -6.1
requireptr 550 5.7.25 Your address lacks a name in reverse DNS
requireptr 450 4.7.1 No PTR found for 192.0.2.1; fix your DNS
requireptr 550 The sending IP has no rDNS record
requireptr 554 5.7.1 Forward-confirmed reverse DNS check failed for 192.0.2.1
requireptr 550 Hosts without a reverse name may not send here
authfailure 550 5.7.1 The message did not pass SPF
authfailure 550 The server 192.0.2.1 is not listed in the SPF record of x.example
authfailure 550 5.7.26 The From domain does not authenticate (DMARC alignment)
authfailure 550 5.7.1 DKIM check was unsuccessful
authfailure 554 5.7.1 Rejected since x.example publishes p=reject in DMARC
authfailure 550 5.7.23 SPF hardfail
authfailure 550 This message failed the sender's own DMARC rule
rejected 550 5.1.8 The sender's domain has neither MX nor A records
rejected 553 5.1.8 We could not resolve the domain of your envelope sender
rejected 550 5.7.1 Mail from <a@x.example> is refused by our sender blacklist
rejected 550 The sender address a@x.example could not be verified
rejected 554 5.7.1 You may not use this sender address
rejected 550 Callback verification of the sender was refused by its mail server
rejected 553 5.1.7 The MAIL FROM address is syntactically incorrect
rejected 550 5.7.1 This mailing list is for subscribers only; your posting was rejected
rejected 550 5.7.2 You are not allowed to send to this distribution list
rejected 550 Absenderadresse abgelehnt: sender refused
spamdetected 550 5.7.1 This looks like spam to us
spamdetected 554 We believe this to be unsolicited bulk e-mail
spamdetected 550 The antispam system has refused your message
spamdetected 550 5.7.1 Message has been judged to be junk mail
spamdetected 554 5.7.1 A link in the body is listed by SURBL
spamdetected 550 Your message got a SpamAssassin score of 14.3
spamdetected 554 5.7.1 Nachricht als Spam eingestuft
spamdetected 550 Message refuse car considere comme spam
spamdetected 554 5.6.0 Bayesian filter rates this mail as UCE
spamdetected 550 5.7.1 Phishing content detected
virusdetected 550 5.7.1 Your mail carries a virus and was not delivered
virusdetected 554 5.6.0 Malware EICAR was detected by our scanner
virusdetected 550 The attachment invoice.doc is infected (W97M.Downloader)
virusdetected 550 Virus gefunden: Eicar-Test-Signature
policyviolation 550 5.7.1 Attachments of the kind .scr aren't permitted here
policyviolation 554 5.7.0 Our policy does not permit encrypted archives
policyviolation 550 Executable files may not be sent to this organisation
policyviolation 550 5.7.1 The message was stopped by a content policy of the organisation
policyviolation 552 5.7.0 ZIP attachment refused
policyviolation 554 5.7.1 A mail flow rule set by the administrator rejected your message
norelaying 554 5.7.1 We don't relay mail for that domain
norelaying 550 5.7.1 Relaying has not been enabled for your address
norelaying 550 This server is not a relay for dest.test
norelaying 550 5.7.1 dest.test is not hosted here
norelaying 553 The recipient's domain isn't among those we handle; no relaying
norelaying 550 Unable to relay: recipient domain is not local
norelaying 550 5.7.1 You must authenticate before relaying
securityerror 530 5.7.0 Please log in before sending
securityerror 535 5.7.8 Username and password were not accepted
securityerror 535 Your credentials are wrong
securityerror 534 5.7.9 Authentication mechanism is too weak
securityerror 530 Authentication is needed
failedstarttls 530 5.7.0 You have to use STARTTLS before anything else
failedstarttls 454 4.7.0 TLS is currently not available
failedstarttls TLS negotiation with mx.dest.test did not succeed
failedstarttls 550 5.7.10 An encrypted connection is compulsory
failedstarttls the remote certificate could not be validated: mta-sts policy requires it
hostunknown The domain dest.test could not be found in DNS (NXDOMAIN)
hostunknown There is no such domain: dest.test
hostunknown 550 5.1.2 Recipient's mail host is unknown
hostunknown No mail exchanger could be found for the domain dest.test
hostunknown 550 5.4.4 Unable to look up the destination host: it does not exist
networkerror 451 4.4.3 DNS servers did not answer
networkerror The MX lookup for dest.test failed temporarily
networkerror 554 5.4.6 A mail loop was found: the message has passed through too many servers
networkerror 554 The message has made 51 hops, which is more than allowed
networkerror the connection was closed unexpectedly by the other side
networkerror 4.4.2 connection dropped during data transfer
networkerror No route to the destination network
expired The message has been in the queue for five days and will not be tried again
expired 4.4.7 delivery period has run out
expired The remote server failed to answer within the permitted time
expired We gave up after trying for 72 hours
speeding 450 4.7.1 You are sending too quickly; please slow your rate
speeding 421 4.7.0 You have sent more messages than permitted in the last hour
speeding 451 4.7.1 We are throttling your mail
speeding 421 Number of messages from your IP over the permitted rate
toomanyconn 421 4.7.0 You have opened too many simultaneous connections
toomanyconn 421 The maximum of 10 concurrent connections per host has been reached
toomanyconn 452 4.5.3 The number of recipients is above the limit for one message
toomanyconn 550 5.5.3 More than 100 recipients are not permitted
systemfull 452 4.3.1 The server has run out of disk space
systemfull 452 4.3.1 No free space on the spool disk
systemfull 452 4.3.1 Mail storage of this system is exhausted
systemerror 451 4.3.0 Something went wrong on our side, try again
systemerror 451 Local failure while handling the message
systemerror 450 4.3.2 The server is overloaded at present
systemerror 451 4.3.5 The mail server has been configured wrongly
systemerror 451 LDAP directory cannot be reached
notaccept 421 4.3.2 The service is shutting down for maintenance
notaccept 550 This domain does not wish to receive e-mail
notaccept 521 dest.test takes no mail at all
notaccept 556 5.1.10 The domain publishes a null MX
mailererror The filter program exited with code 75
mailererror pipe to |/usr/bin/vacation failed: command returned exit status 1
hasmoved 551 The user is no longer here; his new address is <joe@new.test>
hasmoved 551 5.1.6 Mailbox has been moved to another server without a forwarding address
hasmoved 550 This user has changed address, use joe@new.test
syntaxerror 502 5.5.1 That command is not implemented
syntaxerror 503 5.5.1 Commands in the wrong order
syntaxerror 501 5.5.4 Parameter not understood
syntaxerror 500 Line was not recognised as a command
contenterror 554 5.6.0 The header has characters that are not ASCII
contenterror 550 5.6.1 Media type is not supported
contenterror 550 The MIME structure is damaged
notcompliantrfc 550 5.7.1 The message has no Date header
notcompliantrfc 550 Message violates RFC 5322: two Subject headers
notcompliantrfc 550 5.6.0 Bare LF characters are not accepted
filtered 550 5.7.1 The recipient doesn't want your mail (in reply to end of DATA command)
filtered 550 The addressee has put you on a personal block list (in reply to end of DATA command)
filtered 550 5.2.0 Refused by a filter of the recipient
filtered 550 User unknown (in reply to end of DATA command)
filtered 554 5.7.1 The recipient only takes mail from people in the address book
`,
};
