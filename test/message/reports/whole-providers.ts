/** Whole notices as providers, gateways and less usual MTAs write them. Behind `=== name`, a line a recipient: action, address, status, reply code, reason. */
export const messages = `
=== gmail old delay
> delayed joe@dest.test 4.0.0 - *
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Delay)

This is an automatically generated Delivery Status Notification

THIS IS A WARNING MESSAGE ONLY.

YOU DO NOT NEED TO RESEND YOUR MESSAGE.

Delivery to the following recipient has been delayed:

     joe@dest.test

Message will be retried for 2 more day(s)

Technical details of temporary failure:
The recipient server did not accept our requests to connect. Learn more at http://support.google.com/mail/bin/answer.py?answer=7720
[mx.dest.test. (10): Connection timed out]

----- Original message -----

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== gmail new text only: domain not found German
> failed joe@nx.test 5.0.0 - hostunknown
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)
X-Failed-Recipients: joe@nx.test

** Adresse nicht gefunden **

Ihre Nachricht wurde nicht an joe@nx.test zugestellt, weil die Domain nx.test nicht gefunden wurde. Bitte überprüfen Sie die Adresse auf Tippfehler und überflüssige Leerzeichen und versuchen Sie es noch einmal.

Antwort:

DNS Error: DNS type 'mx' lookup of nx.test responded with code NXDOMAIN
Domain name not found: nx.test
=== yahoo new
> failed joe@dest.test 5.1.1 550 userunknown
From: mailer-daemon@yahoo.com
Subject: Failure Notice

Sorry, we were unable to deliver your message to the following address.

<joe@dest.test>:
550: 5.1.1 <joe@dest.test>... User unknown

--- Below this line is a copy of the message.

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== IronPort text only
> failed joe@dest.test 5.1.1 550 userunknown
From: "Mail Delivery System" <MAILER-DAEMON@ironport.dest.test>
Subject: Delivery Status Notification (Failure)
Content-Type: text/plain

The following message to <joe@dest.test> was undeliverable.
The reason for the problem:
5.1.0 - Unknown address error 550-'5.1.1 <joe@dest.test>... User unknown'
=== T-Online
> failed joe@t-online.test 5.0.0 - userunknown
From: <MAILER-DAEMON@mailout.t-online.test>
Subject: Mail delivery failed: returning message to sender

|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <joe@t-online.test> ... unknown user
|------------------------- Message text follows: ------------------------|
From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== nullmailer
> failed joe@dest.test 5.1.1 550 userunknown
From: <MAILER-DAEMON@null.origin.test>
Subject: failure notice

Hi. This is the nullmailer-send program at null.origin.test.
I'm sorry to have to inform you that the message returned below could not
be delivered.

This is the reason for the failure:
smtp: Permanent failure: after RCPT TO:<joe@dest.test>: 550 5.1.1 User unknown

--- Below this line is a copy of the message.

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== DragonFly dma
> failed joe@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON <>
Subject: Mail delivery failed
Message-Id: <1@dma>

This is the DragonFly Mail Agent v0.13 at dma.origin.test.

There was an error delivering your mail to <joe@dest.test>.

mx.dest.test [192.0.2.1] did not like our RCPT TO:
550 5.1.1 <joe@dest.test>: User unknown

Message headers follow.

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello
=== masqmail
> failed joe@dest.test 5.1.1 550 userunknown
From: <MAILER-DAEMON@masq.origin.test>
Subject: failure notice

Hello author@origin.test!

There was a problem delivering this message:
  Hello

The following addresses failed:
  joe@dest.test
	550 5.1.1 User unknown

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== Stalwart text alone
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@dest.test 5.2.2 552 mailboxfull
From: "Mail Delivery Subsystem" <MAILER-DAEMON@st.origin.test>
Subject: Failed to deliver message
Auto-Submitted: auto-generated

Your message could not be delivered to the following recipients:

<joe@dest.test> (host 'mx.dest.test' rejected command 'RCPT TO:<joe@dest.test>' with code 550 (5.1.1) 'User unknown')
<ann@dest.test> (host 'mx.dest.test' rejected command 'RCPT TO:<ann@dest.test>' with code 552 (5.2.2) 'Mailbox full')
=== Exchange 2003 German text alone
> failed joe@dest.test 5.1.1 - userunknown
From: Systemadministrator <postmaster@dest.test>
Subject: Unzustellbar: Hello
Content-Transfer-Encoding: quoted-printable

Ihre Nachricht

      An:      joe@dest.test
      Betreff: Hello
      Gesendet am: 10.01.2005 10:00

hat den/die folgenden Empf=E4nger nicht erreicht:

      joe@dest.test am 10.01.2005 10:00
            Das E-Mail-Konto ist in der Organisation nicht vorhanden, an die diese Nachricht gesendet wurde.
            <ex.dest.test #5.1.1>
=== Zoho text
> failed joe@dest.test 5.1.1 550 userunknown
From: mailer-daemon@mail.zoho.test
Subject: Undelivered Mail Returned to Sender

This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

joe@dest.test, ERROR CODE :550 - 5.1.1 The email account that you tried to reach does not exist.
=== Strato / kundenserver German "Unzustellbar"
> failed joe@dest.test 5.1.1 550 userunknown
From: "Mail Delivery System" <mailer-daemon@strato.test>
Subject: Unzustellbar: Hello

Ihre E-Mail konnte nicht zugestellt werden.

Empfänger: joe@dest.test
Grund: 550 5.1.1 User unknown
=== Orange France
> failed joe@orange.test 5.1.1 550 userunknown
From: MAILER-DAEMON@orange.test
Subject: =?utf-8?Q?Echec_de_remise?=

Votre message n'a pas pu être remis au destinataire suivant :

<joe@orange.test>: 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]
=== Japanese generic provider text
> failed joe@dest.test 5.1.1 550 userunknown
From: postmaster@isp.jp.test
Subject: =?iso-2022-jp?B?GyRCJWEhPCVrQXc/LiUoJWkhPBsoQg==?=

送信されたメールは以下の理由で配信できませんでした。

宛先: <joe@dest.test>
理由: 550 5.1.1 User unknown
=== qmail double bounce to postmaster
> failed list@origin.test 5.1.1 - userunknown
Return-Path: <#@[]>
From: MAILER-DAEMON@mta.origin.test
To: postmaster@mta.origin.test
Subject: failure notice

Hi. This is the qmail-send program at mta.origin.test.
I tried to deliver a bounce message to this address, but the bounce bounced!

<list@origin.test>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is the original bounce.

Return-Path: <>
From: MAILER-DAEMON@mta.origin.test
To: list@origin.test
Subject: failure notice

Hi. This is the qmail-send program at mta.origin.test.

<joe@dest.test>:
192.0.2.1 does not like recipient.
=== Office365 html alone
> failed joe@dest.test 5.1.10 550 userunknown
From: Microsoft Outlook
 <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@origin.onmicrosoft.test>
Subject: Undeliverable: Hello
Content-Type: text/html; charset="utf-8"

<html><head><style>td {color:red}</style></head><body><table><tr><td>Your message to <b>joe@dest.test</b> couldn't be delivered.</td></tr><tr><td>joe wasn't found at dest.test.</td></tr></table><p>More Info for Email Admins</p><p><i>Status code: 550 5.1.10</i></p><table><tr><td>Sender Address:</td><td>author@origin.test</td></tr><tr><td>Recipient Address:</td><td>joe@dest.test</td></tr></table><p>Reported error: <i>550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient joe@dest.test not found by SMTP address lookup</i></p></body></html>
=== Recipients each behind a reason line
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@dest.test 5.2.2 552 mailboxfull
From: postmaster@other.origin.test
Subject: Delivery failure

Your message was rejected for these recipients:

550 5.1.1 <joe@dest.test>... User unknown
552 5.2.2 <ann@dest.test>... Mailbox full
=== long list of shared recipients, Lyris-like
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@dest.test 5.1.1 550 userunknown
From: postmaster@lyris.origin.test
Subject: Undeliverable mail

The following recipients did not receive your message:

  joe@dest.test
  ann@dest.test

Reason: 550 5.1.1 User unknown

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== report w/o MIME headers in parts (blank headers)
> failed joe@dest.test 5.1.1 550 userunknown
From: MAILER-DAEMON@mta.origin.test
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B

Sorry, failed.

--B

Reporting-MTA: dns; mta.origin.test

Final-Recipient: rfc822; joe@dest.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B--
=== mailer from Amazon WorkMail
> failed joe@dest.test 5.2.1 554 *
From: MAILER-DAEMON@amazonses.com
Subject: Delivery Status Notification (Failure)
X-Mailer: Amazon WorkMail
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

Unable to deliver your message to joe@dest.test
Technical report:
550 4.4.7 Message expired: unable to deliver in 840 minutes.

--B
Content-Type: message/delivery-status

Technical report:

Reporting-MTA: dns; a.smtp-out.us-west-2.amazonses.com

Final-Recipient: rfc822;joe@dest.test
Action: failed
Diagnostic-Code: smtp; 554 5.2.1 Mailbox disabled
Status: 5.2.1

--B--
=== html alone, two recipients in a table
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@dest.test 5.2.2 552 mailboxfull
From: Mail Delivery System <mailer-daemon@mta.origin.test>
Subject: Undelivered mail
Content-Type: text/html; charset=utf-8

<html><body><h1>Delivery failed</h1><table><tr><th>Recipient</th><th>Reason</th></tr>
<tr><td>joe@dest.test</td><td>550 5.1.1 User unknown</td></tr>
<tr><td>ann@dest.test</td><td>552 5.2.2 Mailbox full</td></tr></table></body></html>
`;
