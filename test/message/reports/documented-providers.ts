/**
 * What large receivers reply by their own pages: a line a reply, its reason before it. The source is the name of the group.
 */
export const texts: Readonly<Record<string, string>> = {
  'GoDaddy help, “Fix rejected email with a bounce error”': `
mailboxfull Account storage limit
userunknown Account does not exist
suspend Account disabled
expired Delivery timeout
networkerror This message is looping: it already has my Delivered-To line. (#5.4.6)
filtered 550 Recipient not found
expired 451 Sorry, I wasn't able to establish an SMTP connection. I'm not going to try again; this message has been in the queue too long.
systemerror 421 Server temporarily unavailable. Try again later. IB101
rejected 550 From: Domain is invalid. Please provide a valid From: IB506
rejected 550 <s@y.test> Blank From: addresses are not allowed. Provide a valid From. IB501
rejected 550 <s@y.test> IP addresses are not allowed as a From: Address. Provide a valid From. IB502
rejected 550 5.2.0 <s@y.test> From: Domain is invalid. Please provide a valid From: IB506 (in reply to end of DATA command)
authfailure 550 Invalid SPF record. Please inspect your SPF settings, and try again. IB508
requireptr 421 Temporarily rejected. Reverse DNS for this IP failed. IB108
toomanyconn 452 This message contains too many recipients Please reduce the number of recipients and retry. IB605
speeding 550 192.0.2.1 has sent to too many recipients this hour. IB607
speeding 550 5.1.1 <joe@dest.test> - 192.0.2.1 has sent to too many recipients this hour. IB607 (in reply to RCPT TO command)
speeding 452 192.0.2.1 rate limited IB607. Try again later
spamdetected 552 This message has been rejected due to content judged to be spam by the internet community. IB212
virusdetected 552 Virus infected message rejected. IB705
virusdetected 552 Message rejected for spam or virus content IB703
blocked 554 Connection refused. 192.0.2.1 is listed on the Exploits Block List (XBL) http://www.spamhaus.org/query/bl?ip=192.0.2.1 IB104
badreputation 554 Connection refused. 192.0.2.1 has a poor reputation on Cloudmark Sender Intelligence (CSI). Please visit http://csi.cloudmark.com/reset-request to request a delisting. IB103
blocked 550 HELO/EHLO host name invalid
securityerror 535 Authentication not allowed on IBSMTP Servers. IB401
`,
  'postmaster.comcast.net, “Mail delivery error codes”': `
toomanyconn 421 imta01.westchester.pa.mail.comcast.net comcast Too many sessions opened
requireptr 421 Reverse DNS failure : Try again later
blocked 554 resimta-po-01v.sys.comcast.net comcast 192.0.2.1 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000001
blocked 554 resimta-po-01v.sys.comcast.net comcast 192.0.2.1 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000001 (in reply to initial connection)
userunknown 550 5.1.1 Not our Customer
mailboxfull 552 5.2.2 Recipient over quota
speeding 421 4.1.0 192.0.2.1 Throttled - try again later. Please see https://postmaster.comcast.net/smtp-error-codes.php#RL000001
speeding 421 4.2.0 Maximum number of messages per session reached
userunknown 550 5.1.1 Account not available
spamdetected 552 5.2.0 Message rejected as spam by Content Filtering
authfailure 550 5.2.0 Message rejected due to DMARC. Please see http://postmaster.comcast.net/smtp-error-codes.php#DM000001
requireptr 550 5.2.0 192.0.2.1 Comcast requires that all mail servers must have a PTR record with a valid Reverse DNS entry. Currently your mail server does not fill that requirement.
`,
  'rbl.att.net, “Error message summary”': `
requireptr 421-failure in DNS look-up. Your IP address must have a valid reverse DNS entry to send mail to the AT&T domain.
systemerror 450 busy--Please try again later
blocked 521 192.0.2.1 is blocked
blocked 553 5.3.0 flpd575 DNSBL:RBL 521< 192.0.2.1 >_is_blocked.For assistance forward this error to abuse_rbl@abuse-att.net
suspend 550 [suspend] Mailbox currently suspended--Please contact correspondent directly.
rejected 550 [permfail] requires valid sender domain
blocked 550 192.0.2.1 blocked by ldap:ou=rblmx,dc=bellsouth,dc=net
userunknown 550 5.1.1 <joe@att.test>... User Unknown
`,
  'postmaster.cox.net, “Error Codes”': `
requireptr 554 eastrmimpi105.cox.net cox 192.0.2.1 rejected - no rDNS
requireptr 554 cox 192.0.2.1 - DNS reverse lookup failed. Refer to Error Codes section
toomanyconn 421 cox Too many sessions from 192.0.2.1
toomanyconn 452 4.1.1 too many recipients
rejected 550 5.1.0 <s@y.test> sender rejected. Refer to Error Codes section at http://postmaster.cox.net/confluence/display/postmaster/Error+Codes
rejected 550 5.1.0 <s@y.test> sender rejected : invalid sender domain
userunknown 550 5.1.1 <joe@cox.test> recipient rejected
spamdetected 552 5.2.0 cox Message content rejected due to suspected spam
blocked 554 IMP 192.0.2.1 blocked. IPBL1000 - Refer to Error Codes section
mailboxfull 552 5.2.2 joe@cox.test Mailbox full
exceedlimit 552 5.2.3 Message exceeds maximum message size
`,
  'senders.yahooinc.com, “SMTP Error Codes”': `
badreputation 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes
blocked 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list
systemerror 451 Resources temporarily unavailable. Please try again later [#4.16.1].
systemerror 451 4.3.2 Internal error reading data
policyviolation 554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes
suspend 554 30 Sorry, your message to joe@yahoo.test cannot be delivered. This mailbox is disabled (554.30). -
filtered 554 delivery error: dd Not a valid recipient -
filtered 554 delivery error: dd This user doesn't have a yahoo.com account (joe@yahoo.test) [0] - mta1.mail.yahoo.com
mailboxfull 552 1 Requested mail action aborted, mailbox not found|full Quota exceeded
filtered 552 1 Requested mail action aborted, mailbox not found
speeding 450 User is receiving mail too quickly
blocked 553 5.7.2 [TSS11] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.
`,
  'Outlook.com postmaster, “Troubleshooting”': `
blocked 550 SC-001 (BAY004-MC1F12) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your Internet service provider since part of their network is on our block list.
badreputation 421 RP-001 (COL004-MC1F1) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day.
badreputation 421 RP-002 (BAY) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again.
filtered 550 Requested action not taken: mailbox unavailable
mailboxfull 552 4.2.2 mailbox full
blocked 550 5.7.0 SC-003 (SNT) Mail rejected by Windows Live Hotmail for policy reasons. Reasons for rejection may be related to content with spam-like characteristics or IP/domain reputation.
blocked 550 DY-001 Mail rejected by Windows Live Hotmail for policy reasons. We generally do not accept email from dynamic IP's as they are not typically used to deliver unauthenticated SMTP email to an Internet mail server.
authfailure 550 5.7.0 (COL004) Unfortunately, messages from (192.0.2.1) on behalf of (x.test) could not be delivered due to domain owner policy restrictions.
authfailure 550 5.7.515 Access denied, sending domain x.test doesn't meet the required authentication level.
badreputation 451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.
blocked 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).
badreputation 451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections.
`,
  'postmaster.t-online.de': `
blocked 554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)
`,
  'postmaster.gmx.net, “Error messages”': `
speeding 450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded.
requireptr 554-No SMTP service 554 Bad DNS PTR resource record. For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=rdns
blocked 554-gmx.net (mxgmx103) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is black listed.
blocked 554-gmx.net (mxgmx103) Nemesis ESMTP Service not available 554-No SMTP service 554 IP address is a dynamic IP address
authfailure 550-Requested action not taken: mailbox unavailable 550-Sender address is not allowed. 550 SPF check failed
rejected 550 Requested action not taken: mailbox unavailable Sender address is not allowed.
mailboxfull 552 Requested mail action aborted: exceeded storage allocation Message size exceeds recipient's limit
mailboxfull 552 Requested mail action aborted: exceeded storage allocation Quota exceeded. The recipient's mailbox is full.
systemerror 421-Service closing transmission channel 421 Temporary local problem, please try again later
filtered 550 Requested action not taken: mailbox unavailable For explanation visit https://postmaster.gmx.net
virusdetected 554 Transaction failed Unfortunately a possible virus was found in your message
policyviolation 554 Transaction failed Reject due to policy restrictions.
notcompliantrfc 554 Transaction failed Duplicate header. This message does not comply with RFC 5322
systemfull 452 Requested action not taken: insufficient system storage Too many recipients
`,
  'Orange postmaster, codes of its replies': `
blocked 421 Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_999 [999]
blocked 421 4.7.1 Service refuse. Veuillez essayer plus tard. OFR004_108
userunknown 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]
mailboxfull 552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]
suspend 550 5.1.1 Boite du destinataire archivee. Archived recipient. OFR_418 [418]
systemerror 451 5.5.0 Expediteur invalide pour ce destinataire. OFR_505
spamdetected 550 5.2.0 Mail rejete. Mail rejected. OFR_506 [506]
blocked 421 Trop de messages. Too many messages, slow down. OFR_109 [109]
norelaying 550 5.7.1 Service refuse. Service refused. Relaying denied OFR_208
authfailure 550 5.7.0 SPF FAILURE OFR_515
`,
  'postmaster pages of Free and SFR': `
userunknown 550 5.1.1 <joe@free.fr>: Recipient address rejected: User unknown in relay recipient table
blocked 421 Too many spams from your IP (192.0.2.1), please visit http://postmaster.free.fr/
spamdetected 550 spam detected
userunknown 550 5.1.0 Address rejected.
userunknown 550 5.1.1 Address rejected. joe@sfr.test
`,
  'help.mail.ru, postmaster: SMTP errors': `
filtered 550 Message was not accepted -- invalid mailbox. Local mailbox joe@mail.ru is unavailable: user not found
suspend 550 Message was not accepted -- invalid mailbox. Local mailbox joe@mail.ru is unavailable: user is terminated
mailboxfull 552 Message was not accepted -- mailbox full
spamdetected 550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=abc
blocked 421 Access denied (192.0.2.1). Please visit http://help.mail.ru/mail-help/
blocked 554 5.7.1 your IP is blocked by mail.ru.
rejected 550 Sender verify failed
requireptr 550 Reverse DNS record is not found
speeding 451 Ratelimit exceeded for mailbox s@y.test. Try again later.
notcompliantrfc 550 Message header is invalid: no From header
norelaying 550 Relaying is not allowed
authfailure 550 SPF check failed: domain y.test
authfailure 550 5.7.1 This message was not accepted due to domain y.test owner DMARC policy (RFC 7489)
systemerror 451 Temporary error: queue file write error
rejected 550 Domain y.test not found. invalid sender domain
mailboxfull 550 Quota exceeded for user joe
`,
  'Yandex Mail help, “Error messages”': `
spamdetected 554 5.7.1 Message rejected under suspicion of SPAM; http://help.yandex.ru/mail/spam/sending-limits.xml
speeding 450 4.2.1 The recipient has exceeded message rate limit. Try again later.
speeding 451 4.5.1 The recipient has exceeded their message rate limit. Try again later.
toomanyconn 421 4.7.0 Too many concurrent SMTP connections; please try again later.
toomanyconn 452 4.5.3 Error: too many recipients
rejected 550 5.7.0 Sender address rejected: not owned by auth user
rejected 553 5.7.1 Sender address rejected: not owned by auth user.
exceedlimit 550 5.7.1 Sorry, but sending mails is not allowed: exceeded daily limit
policyviolation 550 5.7.1 Policy rejection on the target address
blocked 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zombies
mailboxfull 552 5.2.2 Mailbox size limit exceeded
mesgtoobig 552 5.3.4 Error: message file too big
contenterror 550 5.7.1 Message contains invalid headers
requireptr 550 5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup
authfailure 550 5.7.1 Email rejected per DMARC policy for y.test
`,
  'QQ Mail help, bounces (smtp.codes/qq)': `
filtered 550 Mailbox not found. http://service.exmail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728
spamdetected 550 Mail content denied. http://service.exmail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726
speeding 550 Sender frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000723
speeding 550 Domain frequency limited. http://service.mail.qq.com/cgi-bin/help
speeding 550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help
toomanyconn 550 Connection frequency limited. http://service.mail.qq.com/cgi-bin/help
spamdetected 550 Suspected spam sender.
spamdetected 550 Suspected spam. http://service.mail.qq.com
spamdetected 550 Suspected spam ip. http://service.mail.qq.com
filtered 550 Mail is rejected by recipients. http://service.mail.qq.com
filtered 550 Mailbox unavailable or access denied
authfailure 550 DMARC check failed http://service.mail.qq.com
requireptr 550 IP name lookup failed
rejected 550 Invalid sender domain
authfailure 550 Sender unauthenticated
blocked 550 Blocked helo/ehlo.
blocked 550 Bad helo.
systemerror 451 Internal server error
toomanyconn 450 Too many connections
speeding 450 Too many messages
mesgtoobig 552 Message too large. http://service.mail.qq.com
rejected 553 Sender domain not allowed
notaccept 521 no service for this domain
`,
  'help.163.com, postmaster: codes of bounces': `
toomanyconn 421 HL:ICC gz5 192.0.2.1
speeding 421 HL:IFC
blocked 421 HL:REP
blocked 450 DT:RBL 163 smtp
spamdetected 554 DT:SPM 163 smtp
authfailure 550 MI:SPF mx14
authfailure 550 DMARC check failed
suspend 550 User suspended
mailboxfull 552 Quota exceeded or service disabled.
blocked 554 IP is rejected, smtp auth error limit exceed
blocked 550 IP in blacklist
blocked 550 User in blacklist
rejected 553 Requested action not taken: NULL sender is not allowed
rejected 550 sender is rejected
mesgtoobig 552 Requested mail action aborted: exceed mailsize limit
`,
  'Postmaster pages of AOL': `
blocked 554 5.7.1 : (RLY:B1) http://postmaster.info.aol.com/errors/554rlyb1.html
requireptr 421 : (DNS:B1) http://postmaster.info.aol.com/errors/421dnsb1.html
blocked 421 4.7.1 : (DYN:T1) http://postmaster.info.aol.com/errors/421dynt1.html
spamdetected 554 5.7.1 : (HVU:B1) http://postmaster.info.aol.com/errors/554hvub1.html
`,
  'Google Groups help, Google Workspace: “Daily user sending quota”': `
rejected 550 5.7.1 The group you tried to contact may not exist, or you may not have permission to post messages to it.
rejected 550 5.7.1 The group joe only accepts messages from people in its organization or on its allowed senders list
exceedlimit 550 5.4.5 Daily user sending quota exceeded.
exceedlimit 550 5.4.5 Daily sending quota exceeded.
policyviolation 550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibited the mail that you sent. gsmtp
`,
};
