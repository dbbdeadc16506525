/** Whole notices that are translated, addressed or built unusually. Behind `=== name`, a line a recipient: action, address, status, reply code, reason. */
export const messages = `
=== author wrote to himself (text)
> failed author@origin.test 5.2.2 552 mailboxfull
From: MAILER-DAEMON@mta.origin.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender

This is the mail system at host mta.origin.test.

                   The mail system

<author@origin.test>: host mx.origin.test said: 552 5.2.2 Mailbox full (in reply to RCPT TO command)
=== delayed Exchange German text only
> delayed joe@dest.test 4.0.0 - *
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>
Subject: =?utf-8?Q?Zustellung_verz=C3=B6gert:_Hello?=

Die Zustellung an folgende Empfänger oder Gruppen wurde verzögert:

joe@dest.test

Betreff: Hello

Diese Nachricht wurde noch nicht zugestellt. Es wird weiterhin versucht, die Nachricht zuzustellen.
=== delayed MDaemon-like plain
> delayed joe@dest.test 4.0.0 - *
From: mailer-daemon@x.origin.test
Subject: Delivery delayed

Your message to joe@dest.test has not been delivered yet. We will keep trying for 3 more days.
=== text: delivered
> delivered joe@dest.test 2.0.0 250 delivered
From: mailer-daemon@x.origin.test
Subject: Successful Mail Delivery Report

Your message was successfully delivered to the destination(s)
listed below.

<joe@dest.test>: delivery via mx.dest.test[192.0.2.1]:25: 250 2.0.0 Ok: queued as ABC
=== gmail spanish text
> failed joe@dest.test 5.1.1 550 userunknown
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)

** No se ha encontrado la dirección **

Tu mensaje no se ha entregado a joe@dest.test porque no se ha encontrado la dirección o esta no puede recibir correo.

La respuesta del servidor remoto es la siguiente:

550 5.1.1 <joe@dest.test>: Recipient address rejected: User unknown
=== gmail inbox full
> failed joe@gmail.com 4.2.2 452 mailboxfull
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)
X-Failed-Recipients: joe@gmail.com

** Recipient inbox full **

Your message couldn't be delivered to joe@gmail.com. Their inbox is full, or it's getting too much mail right now.

The response was:

452 4.2.2 The email account that you tried to reach is over quota.
=== FROM empty
> failed joe@dest.test 5.1.1 550 userunknown
From: <>
Subject: Undeliverable message

The following message could not be delivered:

joe@dest.test
   550 5.1.1 User unknown
=== custom From, Return-Path null
> failed joe@dest.test 5.1.1 550 userunknown
Return-Path: <>
From: Mail Server <mail@srv.test>
Subject: Nicht zustellbar

Die Nachricht konnte nicht zugestellt werden:

joe@dest.test: 550 5.1.1 User unknown
=== action after recipient groups order: status first, two recipients no blank
> failed joe@dest.test 5.1.1 - userunknown
> failed ann@dest.test 5.2.2 - mailboxfull
From: MAILER-DAEMON@mta.origin.test
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.origin.test

Action: failed
Status: 5.1.1
Final-Recipient: rfc822; joe@dest.test
Action: failed
Status: 5.2.2
Final-Recipient: rfc822; ann@dest.test

--B--
=== quoted local in text
> failed "joe smith"@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Undelivered Mail Returned to Sender

<"joe smith"@dest.test>: host mx.test said: 550 5.1.1 User unknown (in reply to RCPT TO command)
=== apostrophe in local part
> failed joe.o'hara@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Undelivered Mail Returned to Sender

<joe.o'hara@dest.test>: host mx.test said: 550 5.1.1 User unknown (in reply to RCPT TO command)
=== address literal
> failed joe@[192.0.2.1] 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Undelivered Mail Returned to Sender

<joe@[192.0.2.1]>: host 192.0.2.1 said: 550 5.1.1 User unknown (in reply to RCPT TO command)
=== address literal DSN
> failed joe@[192.0.2.1] 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.origin.test

Final-Recipient: rfc822; joe@[192.0.2.1]
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B--
=== bounce of a bounce (original is DSN)
> failed author@origin.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta2.test
To: postmaster@mta.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="A"

--A
Content-Type: text/plain

<author@origin.test>: host mx.origin.test said: 550 5.1.1 User unknown (in reply to RCPT TO command)
--A
Content-Type: message/delivery-status

Reporting-MTA: dns; mta2.test

Final-Recipient: rfc822; author@origin.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--A
Content-Type: message/rfc822

From: MAILER-DAEMON@mta.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.test

Final-Recipient: rfc822; joe@dest.test
Action: failed
Status: 5.2.2

--B--
--A--
=== DSN inside DSN (gateway wraps)
> failed joe@dest.test 5.1.1 550 userunknown
From: postmaster@gw.test
Subject: Undelivered mail
Content-Type: multipart/mixed; boundary="G"

--G
Content-Type: text/plain

A message was returned; see the attachment.
--G
Content-Type: message/rfc822

From: MAILER-DAEMON@mta.test
To: author@origin.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

<joe@dest.test>: 550 5.1.1 User unknown
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.test

Final-Recipient: rfc822; joe@dest.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B--
--G--
=== ORCPT xtext
> failed joe+tag@dest.test 5.1.1 - userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.origin.test

Original-Recipient: rfc822;joe+2Btag@dest.test
Final-Recipient: X400; /S=joe/C=DE/
Action: failed
Status: 5.1.1

--B--
=== extra blank line in every field
> failed joe@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.origin.test

Final-Recipient: rfc822; joe@dest.test

Action: failed

Status: 5.1.1

Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B--
=== session transcript with several RCPT, one accepted
> failed ann@dest.test 5.1.1 550 userunknown
From: Mail Delivery Subsystem <MAILER-DAEMON@mta.origin.test>
Subject: Returned mail: see transcript for details

   ----- Transcript of session follows -----
... while talking to mx.dest.test.:
>>> RCPT To:<joe@dest.test>
<<< 250 2.1.5 Ok
>>> RCPT To:<ann@dest.test>
<<< 550 5.1.1 <ann@dest.test>... User unknown
550 5.1.1 <ann@dest.test>... User unknown
=== notice as attachment of delivery-status.txt octet-stream, base64
> failed joe@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Returned mail
Content-Type: multipart/mixed; boundary="B"

--B
Content-Type: text/plain

Failed.
--B
Content-Type: application/octet-stream; name="delivery-status"
Content-Transfer-Encoding: base64

UmVwb3J0aW5nLU1UQTogZG5zOyBtdGEub3JpZ2luLnRlc3QNCg0KRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGpvZUBkZXN0LnRlc3QNCkFjdGlvbjogZmFpbGVkDQpTdGF0dXM6IDUuMS4xDQpEaWFnbm9zdGljLUNvZGU6IHNtdHA7IDU1MCA1LjEuMSBVc2VyIHVua25vd24NCg==
--B--
=== a sentence names the recipient, another whom to ask
> failed joe@dest.test 5.2.2 552 mailboxfull
From: Mail Delivery System <mailer-daemon@provider.test>
Subject: Ihre Nachricht konnte nicht zugestellt werden

Ihre E-Mail an joe@dest.test konnte nicht zugestellt werden, weil das Postfach voll ist.

Technische Details: 552 5.2.2 Mailbox full

Bei Fragen: hilfe@provider.test
`;
