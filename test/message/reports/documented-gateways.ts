/**
 * What Exchange and gateways reply by their manuals: a line a reply, its reason before it. The source is the name of the group.
 */
export const texts: Readonly<Record<string, string>> = {
  'Microsoft Learn, “NDRs and SMTP errors in Exchange Server”': `
failedstarttls 454 4.7.5 Certificate validation failure, Reason:SubjectMismatch
mesgtoobig 523 the recipient's mailbox cannot accept messages this big
userunknown 550 5.1.1 RESOLVER.ADR.RecipNotFound; not found
userunknown 550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found
expired #550 4.4.7 QUEUE.Expired; message expired ##
mesgtoobig #550 5.3.4 ROUTING.SizeLimit; message size exceeds fixed maximum size for route ##
mesgtoobig #550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient ##
mesgtoobig #550 5.2.3 RESOLVER.RST.SendSizeLimit.Sender; message too large for this sender ##
toomanyconn #550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients ##
securityerror #550 5.7.1 RESOLVER.RST.AuthRequired; authentication required ##
securityerror #550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized ##
mailboxfull #554 5.2.0 STOREDRV.Deliver.Exception:QuotaExceededException; Failed to process message due to a permanent exception
mailboxfull #554-5.2.2 mailbox full 554 5.2.2 STOREDRV.Deliver.Exception:StorageTransientException.MapiExceptionShutoffQuotaExceeded
suspend #554 5.2.1 STOREDRV.Deliver.Exception:AccountDisabledException; mailbox disabled
mailboxfull 432 4.2.2 STOREDRV.Deliver; mailbox full
systemerror 432 4.3.2 STOREDRV; mailbox server is too busy
filtered #550 5.7.1 RESOLVER.RST.RejectedByRecipient; rejected
networkerror 554 5.4.6 Hop count exceeded - possible mail loop
networkerror #550 5.4.6 ROUTING.LoopDetected; mail loop detected ##
contenterror 554 5.6.0 STOREDRV.Submit.Exception:CorruptDataException
contenterror 554 5.6.0 Corrupt message content
contenterror 554 5.6.0 STOREDRV.Deliver.Exception:ConversionFailedException; Failed to process message due to a permanent exception with message Content conversion
norelaying 550 5.7.1 Unable to relay for joe@dest.test
rejected 550 5.7.1 Sender denied as sender's email address is on SenderFilterConfig list
spamdetected 550 5.7.1 Message rejected as spam by Content Filtering.
blocked 550 5.7.1 Recipient not authorized, your IP has been found on a block list
securityerror 550 5.7.1 External client with IP address 192.0.2.1 does not have permissions to submit to this server. Visit http://support.microsoft.com/kb/928123 for more information.
rejected 550 5.7.1 Client does not have permissions to send as this sender
rejected 550 5.7.60 SMTP; Client does not have permissions to send as this sender
norelaying 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
toomanyconn 421 4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel
toomanyconn 421 4.3.2 The maximum number of concurrent connections has exceeded a per-source limit, closing transmission channel
systemfull 452 4.3.1 Insufficient system resources
notaccept 421 4.3.2 Service not active
notaccept 421 4.3.2 Service not available, closing transmission channel
authfailure 550 5.7.1 Sender ID (PRA) Not Permitted
mesgtoobig 552 5.3.4 Message size exceeds fixed maximum message size
toomanyconn 550 5.5.3 Too many recipients
notaccept 451 4.3.2 Please try again later
systemerror 451 4.7.0 Temporary server error. Please try again later. PRX2
networkerror 451 4.4.0 Primary target IP address responded with: "421 4.4.2 Connection dropped due to SocketError." Attempted failover to alternate host, but that did not succeed.
networkerror 451 4.4.0 DNS query failed. The error was: DNS query failed with error ErrorRetry
hostunknown 554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain
failedstarttls 451 5.7.3 STARTTLS is required to send mail
securityerror 451 5.7.3 Cannot achieve Exchange Server authentication
policyviolation 550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy
securityerror 550 5.7.1 Delivery not authorized, message refused
`,
  'Microsoft support, texts of Exchange 5.5 to 2003': `
userunknown The recipient name is not recognized
userunknown The e-mail account does not exist at the organization this message was sent to. Check the e-mail address, or contact the recipient directly to find out the correct address. <mx.x.test #5.1.1>
userunknown The e-mail address could not be found. Perhaps the recipient moved to a different e-mail organization, or there was a mistake in the address. Check the address and try again. <mx #5.1.1>
mailboxfull The message could not be delivered because the recipient's mailbox is full. <mx #5.2.2>
mailboxfull This message is larger than the current system limit or the recipient's mailbox is full. Create a shorter message body or remove attachments and try sending it again.
exceedlimit The message could not be delivered because it is too large for the recipient. <mx #5.2.3>
expired Could not deliver the message in the time limit specified. Please retry or contact your administrator. <mx #4.4.7>
norelaying You do not have permission to send to this recipient. For assistance, contact your system administrator. <mx #5.7.1 smtp;550 5.7.1 Unable to relay for joe@dest.test>
securityerror You do not have permission to send to this recipient.  For assistance, contact your system administrator. MSEXCH:MSExchangeMTA:X:Y
systemerror A configuration error in the e-mail system caused the message to bounce between two servers or to be forwarded between two recipients. Contact your administrator. <mx #5.4.6>
filtered There was a SMTP communication problem with the recipient's email server. Please contact your system administrator. <mx #5.5.0 smtp;550 unknown user>
hostunknown The destination server for this recipient could not be found in Domain Name Service (DNS). Please verify the email address and retry. If that fails, contact your administrator. <mx #5.4.0>
hostunknown The recipient's email domain could not be resolved
onhold Unable to deliver the message due to a recipient problem
userunknown Unknown Recipient
contenterror The message contains a content type that is not supported <mx #5.6.1>
policyviolation The recipient could not be processed because it would violate the security policy in force
userunknown MSEXCH:IMS:Org:Site:Server 3550 (000B09B6) 550 5.1.1 unknown user
`,
  'Mimecast, “SMTP Error Codes”': `
rejected 421 Sender address blocked
systemerror 421 Unable to process connection at this time
systemerror 451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451
userunknown 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 (in reply to RCPT TO command)
rejected 550 Rejected by header based manually Blocked Senders: s@y.test
badreputation 550 csi.mimecast.org Poor Reputation Sender.
policyviolation 550 Administrative prohibition - envelope blocked
mesgtoobig 554 Maximum email size exceeded
networkerror 554 Mail loop detected
spamdetected 554 Email rejected due to spam signature
failedstarttls 550 Encryption required
authfailure 550 SPF Sender Invalid - envelope rejected
authfailure 550 DKIM Sender Invalid - envelope rejected
authfailure 550 DMARC Sender Invalid - envelope rejected
rejected 550 DNSSEC Sender Invalid
norelaying 550 Open relay not allowed
blocked 550 Greylisting
securityerror 535 Incorrect authentication data
notcompliantrfc 550 From header not allowed: multiple From header
`,
  'Manuals of Proofpoint, IronPort, Barracuda, Symantec.cloud, Trend Micro, Spamhaus': `
hostunknown 5.1.2 - Bad destination host 'DNS Hard Error looking up dest.test (MX):  NXDomain'
networkerror 4.1.2 - Bad destination host 'DNS Soft Error looking up dest.test (MX) while asking 192.0.2.1.'
blocked 554 5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1
blocked 554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1
badreputation 554-mx.x.test 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.
securityerror 550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.
speeding 452 Too many recipients received this hour
toomanyconn 421 #4.4.5 Too many connections from your host.
toomanyconn 452 #4.5.3 Too many recipients received from the sender
mesgtoobig 552 #5.3.4 message size exceeds limit
userunknown 550 #5.1.0 Address rejected. joe@dest.test
userunknown 550 #5.1.0 Address rejected joe@dest.test (in reply to RCPT TO command)
norelaying 550 #5.7.1 Relaying denied
authfailure 550 #5.7.1 SPF unauthorized mail is prohibited.
authfailure 550 #5.7.1 DMARC failure for domain y.test, policy reject
spamdetected 554 #5.3.0 Message rejected due to spam
badreputation 554 Service unavailable; Client host [mx] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1
spamdetected 550 permanent failure for one or more recipients (joe@dest.test:blocked)
userunknown 550 permanent failure for one or more recipients (joe@dest.test:550 5.1.1 RESOLVER.ADR.RecipNotFound; not found)
spamdetected 554 rejected due to spam content (BSN)
blocked 501 Connection rejected by policy [7.7] 20805, please visit www.messagelabs.com/support for more details about this error message.
userunknown 550-Invalid recipient <joe@dest.test> 550 (#5.1.1)
authfailure 553-SPF (Sender Policy Framework) domain authentication 553 fail. Refer to the Troubleshooting page at http://www.symanteccloud.com/troubleshooting for more information. (#5.7.1)
filtered 553-Message filtered. Refer to the Troubleshooting page at 553-http://www.symanteccloud.com/troubleshooting for more 553 information. (#5.7.1)
badreputation 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro RBL+. Please see http://www.mail-abuse.com/cgi-bin/lookup?ip_address=192.0.2.1; Mail from 192.0.2.1 blocked using Trend Micro Email Reputation database.
badreputation 550 5.7.1 Service temporarily unavailable; Client host [192.0.2.1] blocked using Trend Micro Network Reputation Service.
blocked 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; Blocked - see http://www.spamcop.net/bl.shtml?192.0.2.1
blocked 550 5.7.1 [192.0.2.1] listed at zen.spamhaus.org
blocked 554 5.7.1 You are not allowed to connect.
policyviolation 550 Denied by policy
policyviolation 550 5.7.1 Mail Refused - Policy restriction
spamdetected 554 5.7.1 Message scored too high on spam scale.
spamdetected 550 High probability of spam
spamdetected 550 This message contains a blacklisted URL
`,
  'Amazon SES developer guide, SendGrid documentation': `
norelaying 554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: s@y.test
speeding 454 Throttling failure: Maximum sending rate exceeded.
speeding 454 Throttling failure: Daily message quota exceeded.
mesgtoobig 552 Message is too long.
securityerror 535 Authentication Credentials Invalid
expired 451 Timeout waiting for data from client.
onhold 554 Transaction failed: Missing start boundary
userunknown Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address. For more information about how to remove an address from the suppression list, see the Amazon SES Developer Guide
spamdetected Not delivering to a user who marked your messages as spam
`,
  'smtp.codes/zoho, smtp.codes/apple': `
userunknown 550 5.1.1 <joe@dest.test>: Recipient address rejected: User unknown in local recipient table (in reply to RCPT TO command)
userunknown 550 5.1.1 <joe@fastmail.test>: User unknown
speeding 451 4.7.1 Too much mail recently from your server
userunknown 550 5.1.1 <joe@protonmail.test>: Recipient address rejected: Address does not exist
filtered 541 5.4.1 Mail rejected by destination domain
policyviolation 552 5.1.1 <joe@zoho.test> Mailbox delivery failure policy error
systemerror 452 4.3.1 Temporary System Error
virusdetected 552 5.7.1 virus Eicar detected by Zoho Mail
authfailure 550 5.7.1 Email rejected per DMARC policy for y.test
userunknown 550 5.1.1 <joe@me.com>: user does not exist
suspend 550 5.2.1 <joe@me.com>: inactive email address
blocked 554 mx.icloud.com ESMTP not accepting connections
blocked 554 st11p00im-smtpin013.me.com ESMTP not accepting connections
authfailure 554 5.7.1 Your message was rejected due to y.test's DMARC policy. See https://support.apple.com/en-us/HT204137 for info
mailboxfull 552 5.2.2 <joe@icloud.com>: user is over quota
blocked 554 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1
policyviolation 550 5.7.1 [CS01] reverse DNS
userunknown 550 5.1.1 unknown or illegal alias: joe@icloud.com
speeding 450 4.1.1 Requested mail action not taken: mailbox unavailable, too many messages
`,
  'Mail of Japanese carriers': `
filtered 550 Unknown user joe@docomo.ne.jp (in reply to end of DATA command)
userunknown 550 Unknown user joe@docomo.ne.jp (in reply to RCPT TO command)
filtered 550 Unknown user joe@docomo.ne.jp
userunknown 550 Invalid recipient: <joe@softbank.ne.jp> (in reply to RCPT TO command)
mailboxfull 552 Requested mail action aborted: exceeded storage allocation
mailboxfull 552 5.2.2 Over quota
mesgtoobig 552 Message size exceeds maximum permitted
blocked 421 Service not available, closing transmission channel (in reply to initial connection, after initial connection)
toomanyconn 452 4.3.2 Connection rate limit exceeded
securityerror 553 sorry, your mail was administratively denied. (#5.7.1)
rejected 550 5.1.8 <s@y.test>: Sender address rejected: Domain not found
rejected 550 5.7.1 <s@y.test>... Access denied (in reply to MAIL FROM command)
filtered 550 5.2.1 this mailbox is filtered
userunknown 550 5.1.1 <joe@biglobe.test>... User Unknown
`,
  'postmaster.facebook.com, Cloudflare Email Routing': `
userunknown 550 5.1.1 RCP-P1 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#rcp Refused due to recipient preferences
systemerror 421 4.0.0 INT-T5 http://postmaster.facebook.com/
blocked 554 Your IP [192.0.2.1] is blacklisted. Refer to https://developers.cloudflare.com/email-routing/postmaster/#spam
userunknown 550 5.1.1 Address does not exist. 6b
userunknown 550 5.1.1 Address does not exist. abc
speeding 450 4.2.1 Too many messages from this sender
authfailure 550 5.7.26 The MAIL FROM domain fails SPF
authfailure 550 5.7.1 PTR record not found; SPF and DKIM missing
`,
  'Words that RFCs and manuals share': `
blocked 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using b.barracudacentral.org; http://www.barracudanetworks.com/reputation/?pr=1&ip=192.0.2.1
blocked 550 5.7.1 Mail from your server blocked.
policyviolation 554 5.7.0 Reject, id=1-1 - BANNED: .exe
authfailure 550 5.7.1 DKIM signature is not valid
policyviolation 550 5.7.1 The message contains an unacceptable attachment
policyviolation 550 5.7.1 Message contains a restricted file
suspend 550 this mailbox is no longer active
hasmoved 550 The address you are sending to has changed
hasmoved 571 joe has moved to joe@new.test
userunknown 550 The e-mail address joe@dest.test no longer exists (in reply to RCPT TO command)
mailboxfull 550 5.7.1 Mailbox quota exhausted
rejected 550 The sender domain could not be verified
rejected 550 You are not allowed to use this sender address
spamdetected 550 5.7.1 Blocked by SpamAssassin
notaccept 550 no mail accepted for this domain
`,
};
