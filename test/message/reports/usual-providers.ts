/**
 * Replies as mailbox providers give them: a line a reply, its reason before it. They are worded from experience, none is quoted
 * from a page: what counts is that sentences of such families are understood.
 */
export const texts: Readonly<Record<string, string>> = {
  Gmail: `
userunknown 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. For more information, go to https://support.google.com/mail/?p=NoSuchUser a1-20020a170 - gsmtp
suspend 550-5.2.1 The email account that you tried to reach is inactive. For more information, go to https://support.google.com/mail/?p=DisabledUser x5si - gsmtp
mailboxfull 452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp h1si - gsmtp
mailboxfull 552-5.2.2 The email account that you tried to reach is over quota and inactive. https://support.google.com/mail/?p=OverQuotaPerm - gsmtp
speeding 450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. Please resend your message at a later time. https://support.google.com/mail/?p=ReceivingRate - gsmtp
authfailure 550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass SPF [x.example] with ip: [192.0.2.1] = did not pass - gsmtp
authfailure 550-5.7.26 Unauthenticated email from x.example is not accepted due to domain's DMARC policy. Please contact the administrator of x.example domain - gsmtp
requireptr 550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not match the sending IP. As a policy, Gmail does not accept messages from IPs with missing PTR records. - gsmtp
badreputation 550-5.7.1 [192.0.2.1 19] Gmail has detected that this message is likely suspicious due to the very low reputation of the sending IP address. To best protect our users from spam, the message has been blocked. - gsmtp
badreputation 550-5.7.1 Gmail has detected that this message is likely suspicious due to the very low reputation of the sending domain. To best protect our users from spam, the message has been blocked. - gsmtp
spamdetected 550-5.7.1 [192.0.2.1 12] Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked. - gsmtp
speeding 421-4.7.28 [192.0.2.1 15] Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. - gsmtp
policyviolation 552-5.7.0 This message was blocked because its content presents a potential security issue. Please visit https://support.google.com/mail/?p=BlockedMessage to review our message content and attachment content guidelines. - gsmtp
mesgtoobig 552-5.3.4 Your message exceeded Google's message size limits. Please visit https://support.google.com/mail/?p=MaxSizeError to view our size guidelines. - gsmtp
notcompliantrfc 550-5.7.1 [192.0.2.1] Messages missing a valid address in From: header, or having no From: header, are not accepted. - gsmtp
notcompliantrfc 550 5.7.1 This message is not RFC 5322 compliant. There are multiple From headers. To reduce the amount of spam sent to Gmail, this message has been blocked. - gsmtp
systemerror 451 4.3.0 Mail server temporarily rejected message. - gsmtp
norelaying 550 5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've registered in your G Suite SMTP Relay service doesn't match domain of the account this email is being sent from.
toomanyconn 421 4.7.0 Too many concurrent SMTP connections from this IP address; please try again later
failedstarttls 421-4.7.29 This message has been rate limited because it was not sent over a TLS connection. Gmail requires all bulk email senders to use TLS/SSL for SMTP connections. - gsmtp
exceedlimit 550 5.4.5 Daily user sending limit exceeded. https://support.google.com/mail/?p=UsageLimitExceeded - gsmtp
`,
  Microsoft: `
userunknown 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [BL2NAM02FT034.eop-nam02.prod.protection.outlook.com] (in reply to RCPT TO command)
userunknown 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient joe@dest.test not found by SMTP address lookup
userunknown 550 5.4.1 Recipient address rejected: Access denied. [AM5EUR03FT056.eop-EUR03.prod.protection.outlook.com]
blocked 550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/ and follow the directions.
blocked 550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal from this list please forward this message to delist@messaging.microsoft.com
blocked 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.
blocked 550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/192.0.2.1 (AS3130).
authfailure 550 5.7.509 Access denied, sending domain x.example does not pass DMARC verification and has a DMARC policy of reject.
authfailure 550 5.7.515 Access denied, sending domain x.example does not meet the required authentication level.
norelaying 550 5.7.64 TenantAttribution; Relay Access Denied SMTP
securityerror 530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM
rejected 550 5.1.8 Access denied, bad outbound sender. For more information please go to http://go.microsoft.com/fwlink/?LinkId=875724
blocked 451 4.7.500 Server busy. Please try again later from [192.0.2.1].
rejected 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group
rejected 550 5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox; authentication required
spamdetected 550 5.7.520 Message blocked because it contains content identified as spam. AS(4810)
networkerror 550 5.4.14 Hop count exceeded - possible mail loop ATTR34
hostunknown 550 5.4.310 DNS domain x.example does not exist [Message=InfoDomainNonexistent]
speeding 550 5.2.121 RESOLVER.FLT.RecipientThrottled; Recipient is receiving mail at rate that exceeds the hourly limit
toomanyconn 452 4.5.3 Too many recipients (AS780090)
badreputation 421 RP-001 (BAY004-MC1F14) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day.
blocked 550 SC-001 (SNT004-MC4F39) Unfortunately, messages from 192.0.2.1 weren't sent. Mail rejected by Outlook.com for policy reasons. Reasons for rejection may be related to content with spam-like characteristics or IP/domain reputation.
notaccept 550 5.4.317 Message expired, cannot connect to remote server(451 4.4.0 DNS query failed. null MX)
`,
  Yahoo: `
filtered 554 delivery error: dd This user doesn't have a yahoo.com account (joe@yahoo.com) [0] - mta1234.mail.bf1.yahoo.com
userunknown 554 delivery error: dd Requested mail action aborted. Account is no longer available (in reply to RCPT TO command)
suspend 554 30 Sorry, your message to joe@yahoo.com cannot be delivered. This mailbox is disabled (554.30).
blocked 553 5.7.2 [TSS11] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. See https://postmaster.yahooinc.com/error-codes
policyviolation 554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes
userunknown 552 1 Requested mail action aborted, mailbox not found (in reply to RCPT TO command)
mailboxfull 452 4.2.2 The email account that you tried to reach is over quota (AOL)
blocked 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see https://postmaster.yahooinc.com/error-codes
blocked 553 5.3.0 flpd510 DNSBL:ATTRBL 521< 192.0.2.1 >_is_blocked. For assistance forward this error to abuse_rbl@abuse-att.net
policyviolation 554 Message not allowed - [299]
rejected 451 Message temporarily deferred due to unresolvable RFC.5321 from domain; see https://postmaster.yahooinc.com/error-codes
blocked 571 Email from 192.0.2.1 is currently blocked by Verizon Online's anti-spam system. The email sender or Email Service Provider may visit http://www.verizon.net/whitelist
`,
  iCloud: `
userunknown 550 5.1.1 <joe@icloud.com>: user does not exist (in reply to RCPT TO command)
policyviolation 554 5.7.1 Your message was rejected due to x.example's reputation: blocked [HM07] host blacklisted via Proofpoint
policyviolation 550 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1 [CS01] Message rejected due to local policy: spam content
mailboxfull 552 5.2.2 <joe@me.com>: user is over quota (in reply to RCPT TO command)
`,
  'GMX, Web.de, IONOS, T-Online': `
userunknown 550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record (in reply to RCPT TO command)
requireptr 554-gmx.net (mxgmx015) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS PTR resource record. 554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=rdns
blocked 554-web.de (mxweb012) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is black listed. 554 For explanation visit https://postmaster.web.de/error-messages?ip=192.0.2.1
speeding 421-gmx.net (mxgmx016) Nemesis ESMTP Service not available 421 Service closing transmission channel, sending limit of IP exceeded
policyviolation 554-Transaction failed 554-Reject due to policy restrictions. 554 For explanation visit https://postmaster.1und1.de/en/case?c=r0601
mailboxfull 552-Requested mail action aborted: exceeded storage allocation 552-Quota exceeded. The recipients mailbox is full.
badreputation 554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) Bad reputation
mailboxfull 552 5.2.2 Quota exceeded (mailbox for user is full) (mailin21.mgt.mul.t-online.de)
userunknown 550 5.1.1 unknown user account (in reply to RCPT TO command)
spamdetected 554 Transaction failed Reject due to content: classified as spam by our filter system
`,
  'Mail.ru, Yandex': `
userunknown 550 Message was not accepted -- invalid mailbox. Local mailbox joe@mail.ru is unavailable: user not found (in reply to RCPT TO command)
suspend 550 Message was not accepted -- invalid mailbox. Local mailbox joe@mail.ru is unavailable: account is disabled
mailboxfull 550 Message was not accepted -- mailbox joe@mail.ru is over quota
spamdetected 550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=abc or report details to abuse@corp.mail.ru. Error code: 0123.
spamdetected 554 5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1700000000-abc
userunknown 550 5.7.1 No such user! 1700000000-abc-xyz (in reply to RCPT TO command)
mailboxfull 552 5.2.2 Mailbox size limit exceeded 1700000000-abc
speeding 451 4.7.1 Sorry, the service is currently unavailable. Please come back later. Rate limit exceeded
authfailure 550 5.7.1 Email rejected per DMARC policy for x.example
rejected 550 5.7.1 Sender is not allowed: envelope sender blacklisted by recipient domain
toomanyconn 421 Too many concurrent connections from your IP. Try again later (smtp48.i.mail.ru)
`,
  China: `
userunknown 550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728 (in reply to RCPT TO command)
userunknown 550 User not found: joe@163.com (in reply to RCPT TO command)
speeding 550 Ip frequency limited. http://service.mail.qq.com/detail/122/6
toomanyconn 550 Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000722
spamdetected 554 DT:SPM 163 mx18,QMCowABnf_ please see http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1
blocked 554 IP<192.0.2.1> in blacklist http://mail.163.com/help/help_spam_16.htm
authfailure 550 SPF check failed. http://service.mail.qq.com/detail/122/61
spamdetected 550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726
mailboxfull 552 Quota exceeded or service disabled. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725
userunknown 553 Requested action not taken: NO such user , please see http://mail.sina.com.cn/help (in reply to RCPT TO command)
suspend 550 RP:ACC mailbox locked: account of user joe has been frozen
userunknown 554 RCPT (joe@aliyun.com) dosn't exist (in reply to RCPT TO command)
`,
  'Korea, Japan': `
userunknown 550 5.1.1 No such user - naver (in reply to RCPT TO command)
speeding 421 4.3.2 Your ip blocked temporarily due to too many messages in a short time. naver
userunknown 550 5.1.1 user unknown (hanmail.net) (in reply to RCPT TO command)
blocked 554 5.7.1 <host.x.example[192.0.2.1]>: Client host rejected: your IP is blocked by Daum (KISA-RBL)
mailboxfull 552 5.2.2 Mailbox full or over storage limit: joe@nifty.com
userunknown 550 5.1.1 <joe@ocn.ne.jp>... User unknown
speeding 451 4.7.1 mail flow from your host is too heavy, slow down (biglobe)
spamdetected 554 5.7.1 Yahoo! JAPAN: message was rejected since it looks like spam
syntaxerror 500 5.5.1 Command unrecognized: "XYZZY"
`,
  France: `
userunknown 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 [416]
toomanyconn 421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]
blocked 550 5.7.1 Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR006_102 [102] IP blacklistee
spamdetected 550 spam detected by SFR anti-spam; message refused
requireptr 550 5.7.1 SFR: Reverse DNS of your server is not configured correctly, connection refused
mailboxfull 552 5.2.2 Boite du destinataire pleine. Recipient overquota. OFR417 [417]
userunknown 550 5.1.1 <joe@free.fr>: Recipient address rejected: undeliverable address: mailbox does not exist
blocked 554 5.7.1 Client host rejected: LPN007_403 Votre adresse IP est bloquee, your IP address is blocked (laposte)
`,
  Italy: `
userunknown 550 <joe@libero.it> recipient rejected: unknown mailbox (in reply to RCPT TO command)
blocked 550 smtp-09.iol.local smtp-09.iol.local IP blacklisted by CSI. For remediation please use http://csi.cloudmark.com/reset-request/?ip=192.0.2.1
spamdetected 554 5.7.1 Aruba: Message rejected, considered spam by the antispam filter
mailboxfull 452 4.2.2 joe@virgilio.it Mailbox full, the user's disk quota has been reached
suspend 550 5.2.1 Tiscali: user account locked for inactivity
`,
  'Spain, Latin America': `
userunknown 550 5.1.1 <joe@telefonica.net> Usuario desconocido. Recipient unknown
blocked 550 5.7.1 Your IP address 192.0.2.1 has been blacklisted by Terra; contact abuse desk
spamdetected 554 5.7.1 Locaweb: The message was classified as SPAM, score 12.3
mailboxfull 552 5.2.2 Caixa postal cheia. UOL: the mailbox of the recipient is full
speeding 450 4.7.1 UOL: Too many messages sent by your IP in the last hour, try again later
rejected 550 5.1.0 BOL: Sender address rejected: Domain x.example not found
`,
  'Czechia, Poland, Netherlands, Belgium, Switzerland': `
userunknown 550 5.1.1 Unknown user joe@seznam.cz
spamdetected 554 5.7.1 Seznam: Message rejected because of spam content. Detected by heuristics
userunknown 550 5.1.1 <joe@wp.pl>: Nie ma takiego uzytkownika. No such user here
mailboxfull 452 4.2.2 Onet: Skrzynka przepelniona. Over quota
blocked 554 5.7.1 Interia: Your server's IP is listed on our blacklist
blocked 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using ziggo-bl; see http://www.ziggo.nl/blacklist
userunknown 550 5.1.1 <joe@kpnmail.nl>: account does not exist
blocked 550 xs4all: Your host 192.0.2.1 is on our local blocklist
userunknown 550 5.1.1 joe@telenet.be recipient rejected: not our customer
requireptr 421 4.7.0 bluewin: no reverse DNS entry for your IP 192.0.2.1, please configure PTR
badreputation 554 5.7.1 bluewin: connection refused because of poor reputation of your IP address 192.0.2.1
`,
  UK: `
userunknown 550 5.1.1 <joe@btinternet.com>: Recipient address rejected: Invalid recipient
blocked 554 rgin11.bt.ext.cpcloud.co.uk ESMTP server not available. Host 192.0.2.1 blacklisted - please visit http://csi.cloudmark.com/
spamdetected 552 5.2.0 xYzK1 This message has been rejected by Virgin Media: identified as spam
`,
  US: `
userunknown 550 5.1.1 Not our Customer (in reply to RCPT TO command)
blocked 554 resimta-po-18v.sys.comcast.net comcast 192.0.2.1 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000010
requireptr 554 comcast 192.0.2.1 Comcast requires that all mail servers must have a PTR record with a valid Reverse DNS entry. Currently your mail server does not fill that requirement.
toomanyconn 421 4.2.1 resimta comcast Too many sessions opened from 192.0.2.1
mailboxfull 452 4.1.1 <joe@comcast.net> 4.2.2 mailbox full
blocked 554 cox too many bad commands from 192.0.2.1, your IP has been blocked
blocked 550 ERROR: Mail Refused - 192.0.2.1 - See http://www.earthlink.net/go/blockedsender - IP address is on blocklist
userunknown 550 5.1.1 charter <joe@charter.net> recipient rejected. Mailbox is unavailable: AUP#1560 no such recipient
speeding 421 4.3.2 AUP#Outbound-1500 You have exceeded the allowed number of messages per hour
blocked 550 5.7.1 centurylink: Your IP 192.0.2.1 has been blocked by our abuse department
requireptr 550 5.7.1 Mail from your IP is refused: Shaw requires a resolvable PTR record for sending hosts
userunknown 550 5.1.1 <joe@rogers.com>: Recipient not found. bell canada
spamdetected 550 5.7.1 Telstra: 5.7.1 Content filter detected spam
suspend 550 5.2.1 Optus: this account has been deactivated
userunknown 550 5.1.1 Zoho: User does not exist - <joe@zoho.com>
policyviolation 554 5.2.3 MailPolicy violation Error delivering to mailboxes: message larger than the recipient accepts
blocked 541 5.4.1 Mail rejected by destination domain: your IP is blocked by Zoho admin blocklist
userunknown 550 5.1.1 <joe@fastmail.com>: Recipient address rejected: User unknown in virtual mailbox table
mailboxfull 452 4.2.2 <joe@fastmail.com> Over quota (in reply to RCPT TO command)
userunknown 550 5.1.1 <joe@protonmail.com>: Recipient address rejected: Address does not exist (in reply to RCPT TO command)
userunknown 550 5.1.1 <joe@rackspace.test>: Recipient address rejected: User unknown. (G17)
requireptr 550 5.7.1 Rackspace: client host rejected: cannot find your hostname, [192.0.2.1]
`,
};
