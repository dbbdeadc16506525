/** Whole notices as MTAs write them. Behind `=== name`, a line a recipient: action, address, status, reply code, reason. */
export const messages = `
=== exim delayed warning
> delayed joe@dest.test 4.7.1 451 *
> delayed ann@two.test 4.0.0 - *
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mta.origin.test>
Auto-Submitted: auto-replied
Subject: Warning: message 1abcDE-0001AB-CD delayed 24 hours

This message was created automatically by mail delivery software.

A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mta.origin.test.

The message identifier is:     1abcDE-0001AB-CD
The subject of the message is: Hello
The date of the message is:    Mon, 10 Jan 2022 10:00:00 +0100

The address to which the message has not yet been delivered is:

  joe@dest.test
    Delay reason: SMTP error from remote mail server after RCPT TO:<joe@dest.test>:
    451 4.7.1 Greylisted, please try again
  ann@two.test
    Delay reason: connection timed out

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered. Eventually the mail delivery software will give up,
and when that happens, the message will be returned to you.
=== sendmail V5
> failed joe@dest.test 5.0.0 550 userunknown
> failed ann@two.test 5.0.0 550 hostunknown
From: MAILER-DAEMON@mta.origin.test (Mail Delivery Subsystem)
Subject: Returned mail: User unknown

   ----- Transcript of session follows -----
While talking to mx.dest.test:
>>> RCPT To:<joe@dest.test>
<<< 550 <joe@dest.test>... User unknown
550 <joe@dest.test>... User unknown
550 <ann@two.test>... Host unknown

   ----- Unsent message follows -----
Received: by mta.origin.test (5.61/1.34)
From: author@origin.test
To: joe@dest.test, ann@two.test
Subject: Hello

Hi
=== qmail several
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@two.test 5.1.2 - hostunknown
> failed bob@local.test 5.1.1 - userunknown
Return-Path: <>
From: MAILER-DAEMON@mta.origin.test
Subject: failure notice

Hi. This is the qmail-send program at mta.origin.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<joe@dest.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <joe@dest.test>: Recipient address rejected: User unknown
Giving up on 192.0.2.1.

<ann@two.test>:
Sorry, I couldn't find any host named two.test. (#5.1.2)

<bob@local.test>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <author@origin.test>
From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== qmail too long in queue
> failed joe@dest.test 4.4.1 - expired
From: MAILER-DAEMON@mta.origin.test
Subject: failure notice

Hi. This is the qmail-send program at mta.origin.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<joe@dest.test>:
Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)
I'm not going to try again; this message has been in the queue too long.

--- Below this line is a copy of the message.

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== exchange 2010 french text only
> failed joe@dest.test 5.1.1 550 userunknown
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>
Subject: =?utf-8?Q?Non_remis=C2=A0:_Hello?=

Échec de la remise pour les destinataires ou groupes suivants :

joe@dest.test<mailto:joe@dest.test>
L’adresse de messagerie que vous avez entrée est introuvable. Vérifiez l’adresse de messagerie du destinataire et essayez de renvoyer le message.

Informations de diagnostic pour les administrateurs :

Serveur de génération : ex.dest.test

joe@dest.test
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

En-têtes de message d'origine :

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello
=== exchange 2010 japanese text only
> failed joe@dest.test 5.1.1 550 userunknown
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>
Subject: =?utf-8?B?6YWN5L+h5LiN6IO9OiBIZWxsbw==?=

次の受信者またはグループへの配信に失敗しました:

joe@dest.test<mailto:joe@dest.test>
入力された電子メール アドレスが見つかりませんでした。受信者の電子メール アドレスを確認してから、メッセージを再送信してください。

管理者用の診断情報:

生成サーバー: ex.dest.test

joe@dest.test
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

元のメッセージ ヘッダー:

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello
=== office 365 text alone (forward of the text)
> failed joe@dest.test 5.1.10 550 userunknown
From: Microsoft Outlook
	<MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@origin.onmicrosoft.test>
Subject: Undeliverable: Hello

Your message to joe@dest.test couldn't be delivered.
joe wasn't found at dest.test.

author          Office 365      joe
Action Required                 Recipient

Unknown To address

More Info for Email Admins
Status code: 550 5.1.10

Original Message Details
Created Date:   1/10/2022 10:00:00 AM
Sender Address: author@origin.test
Recipient Address:      joe@dest.test
Subject:        Hello

Error Details
Reported error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient joe@dest.test not found by SMTP address lookup
DSN generated by:       AM0PR01MB1234.eurprd01.prod.exchangelabs.test
=== sun iMS text only two recipients
> failed joe@dest.test 5.1.1 550 userunknown
> failed ann@dest.test 5.0.0 - mailboxfull
From: Internet Mail Delivery <postmaster@ims.origin.test>
Subject: Delivery Notification: Delivery has failed
Content-type: text/plain; charset=us-ascii

This report relates to a message you sent with the following header fields:

  Message-id: <x@origin.test>
  From: author@origin.test
  To: joe@dest.test
  Subject: Hello

Your message cannot be delivered to the following recipients:

  Recipient address: joe@dest.test
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 <joe@dest.test>: User unknown
  Remote system: dns;mx.dest.test

  Recipient address: ann@dest.test
  Reason: Over quota

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== MDaemon retry warning
> delayed joe@dest.test 4.0.0 - *
From: MDaemon at md.origin.test <MDaemon@md.origin.test>
Subject: Delivery Delayed (Temporary)

The following message had TEMPORARY non-fatal delivery errors and will be retried:

Your message has not yet been delivered to the following address: joe@dest.test
Delivery attempts will continue for 60 more hours.

--- Session Transcript ---
 Mon 2022-01-10 10:00:00: Attempting SMTP connection to [mx.dest.test:25]
 Mon 2022-01-10 10:00:21: *  Winsock Error 10060 The connection timed out.
--- End Transcript ---
=== hMailServer
> failed joe@dest.test 5.0.0 550 userunknown
> failed ann@dest.test 5.0.0 550 userunknown
Return-Path: <>
From: mailer-daemon@hm.origin.test
Subject: Message undeliverable: Hello
X-hMailServer-LoopCount: 1

Your message did not reach some or all of the intended recipients.

   Sent: Mon, 10 Jan 2022 10:00:00 +0100
   Subject: Hello

The following recipient(s) could not be reached:

joe@dest.test
   Error Type: SMTP
   Remote server (192.0.2.1) issued an error.
   hMailServer sent: RCPT TO:<joe@dest.test>
   Remote server replied: 550 No such user here

ann@dest.test
   Error Type: SMTP
   Remote server (192.0.2.1) issued an error.
   hMailServer sent: RCPT TO:<ann@dest.test>
   Remote server replied: 550 Unknown user

hMailServer
=== SmarterMail
> failed joe@dest.test 5.1.1 550 userunknown
From: "System Administrator" <postmaster@sm.origin.test>
Subject: Delivery Failure
Content-Type: text/plain

Could not deliver message to the following recipient(s):

Failed Recipient: joe@dest.test
Reason: Remote host said: 550 5.1.1 The email account that you tried to reach does not exist.

   -- The header and top 20 lines of the message follows --

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== MailMarshal
> failed joe@dest.test 5.1.1 550 userunknown
From: postmaster@mm.origin.test
Subject: Undeliverable Mail: "Hello"

Your message:
   From:    author@origin.test
   Subject: Hello
Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    joe@dest.test

Additional Information
======================
Original Sender:    <author@origin.test>
Sender-MTA:         <192.0.2.7>
Remote-MTA:         <192.0.2.1>
Reporting-MTA:      <mm.origin.test>
MessageName:        <B00001.mml>
Last-Attempt-Date:  <10:00:00 Mon, 10 January 2022>

Original Message Headers
========================
From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello
=== OpenSMTPD warning
> delayed joe@dest.test 4.0.0 421 *
Subject: Delivery status notification: warning
From: Mailer Daemon <MAILER-DAEMON@osd.origin.test>
Content-Type: multipart/mixed;boundary="123/osd.origin.test"

--123/osd.origin.test

    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    A message is delayed for more than 4 hours for the following
    list of recipients:

joe@dest.test: 421 mx.dest.test Too busy

    Please note that this is only a temporary failure report.
    The message is kept in the queue for up to 4 days.
    You DO NOT NEED to re-send the message to these recipients.

    Below is a copy of the original message:

--123/osd.origin.test
Content-Type: message/rfc822

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
--123/osd.origin.test--
=== Mimecast
> failed joe@dest.test 5.1.1 550 userunknown
From: <postmaster@mimecast.test>
Subject: [Postmaster] Email Delivery Failure
Auto-Submitted: auto-replied
Content-Type: text/plain

This is a delivery failure notification message concerning an email you sent.

This email address was not delivered: joe@dest.test

This is the reason for the failure:

550 5.1.1 Recipient unknown - https://community.mimecast.test/docs#550 [abc.de1]
=== InterScan MSS
> failed joe@dest.test 5.1.1 550 userunknown
From: InterScan MSS <postmaster@imss.origin.test>
Subject: Mail could not be delivered
Content-Type: multipart/mixed; boundary="i"

--i

****** Message from InterScan Messaging Security Suite ******

Sent >>> RCPT TO:<joe@dest.test>
Received <<< 550 5.1.1 <joe@dest.test>... User unknown

Unable to deliver message to <joe@dest.test>

************************     End of message     **********************

--i
Content-Type: message/rfc822

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
--i--
`;
