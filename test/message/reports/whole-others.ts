/** Whole messages that look like notices and are none, and answers of programs. Behind `=== name`, a line a recipient: action, address, status, reply code, reason. */
export const messages = `
=== mailman moderation
> none
From: list-bounces@lists.test
Subject: Your message to List awaits moderator approval
Precedence: bulk
X-List-Administrivia: yes
Sender: "List" <list-bounces@lists.test>

Your mail to 'List' with the subject

    Hello

Is being held until the list moderator can review it for approval.

The reason it is being held:

    Post by non-member to a members-only list
=== mailman uncaught bounce
> none
From: list-bounces@lists.test
To: list-owner@lists.test
Subject: Uncaught bounce notification
Content-Type: multipart/mixed; boundary="B"
List-Id: <list.lists.test>
X-List-Administrivia: yes

--B
Content-Type: text/plain

The attached message was received as a bounce, but either the bounce
format was not recognized, or no member addresses could be extracted
from it.
--B
Content-Type: message/rfc822

From: MAILER-DAEMON@x.test
Subject: failure

user joe does not exist
--B--
=== ezmlm probe warning
> none
From: list-help@lists.test
To: joe@dest.test
Subject: ezmlm warning
Mailing-List: contact list-help@lists.test; run by ezmlm

Hi! This is the ezmlm program. I'm managing the
list@lists.test mailing list.

Messages to you from the list mailing list seem to
have been bouncing. I've attached a copy of the first bounce
message I received.

--- Enclosed is a copy of the bounce message I received.

Return-Path: <>
From: MAILER-DAEMON@dest.test
Subject: failure notice

Hi. This is the qmail-send program at dest.test.

<joe@dest.test>:
Sorry, no mailbox here by that name. (#5.1.1)
=== forwarded DSN in ordinary mail
> none
From: Ann <ann@origin.test>
To: helpdesk@origin.test
Subject: Fwd: Undelivered Mail Returned to Sender
Message-ID: <fwd@origin.test>
Content-Type: multipart/mixed; boundary="F"

--F
Content-Type: text/plain

What does this mean?
--F
Content-Type: message/rfc822

From: MAILER-DAEMON@mta.origin.test
To: ann@origin.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

failed
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.origin.test

Final-Recipient: rfc822; joe@dest.test
Action: failed
Status: 5.1.1

--B--
--F--
=== forwarded bounce inline
> none
From: Ann <ann@origin.test>
To: helpdesk@origin.test
Subject: FW: Undeliverable: Hello
Message-ID: <fwd@origin.test>

Hi, please look at this.

-----Original Message-----
From: Microsoft Outlook
Subject: Undeliverable: Hello

Delivery has failed to these recipients or groups:

joe@dest.test
The email address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: dest.test

joe@dest.test
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
=== TMDA challenge
> autoReply
From: joe@dest.test
Subject: Please confirm your message
Auto-Submitted: auto-replied
Precedence: bulk
X-Delivery-Agent: TMDA/1.0.3 (Seattle Slew)
References: <x@origin.test>

This message was created automatically by mail delivery software (TMDA).

Your message attached below is being held because the address
<author@origin.test> has not been verified.

To release your message for delivery, please send an empty message
to the following address, or use your mailer's "Reply" feature.

   joe-confirm-1.2.3@dest.test

--- Enclosed is a copy of your message.

From: Author <author@origin.test>
To: Joe <joe@dest.test>
Subject: Hello

Hi
=== outlook german, no header
> autoReply
From: Joe <joe@dest.test>
Subject: Automatische Antwort: Hallo
X-MS-Has-Attach:
X-Auto-Response-Suppress: All

Ich bin nicht im Büro.
=== cron job mail from a daemon
> none
From: root@host.test (Cron Daemon)
To: root@host.test
Subject: Cron <root@host> /usr/local/bin/backup
Auto-Submitted: auto-generated
X-Cron-Env: <SHELL=/bin/sh>

rsync error: some files could not be transferred (code 23)
delivery of backup@host.test failed
=== logwatch
> none
From: logwatch@host.test
To: root@host.test
Subject: Logwatch for host (Linux)
Auto-Submitted: auto-generated

 --------------------- Postfix Begin ------------------------
   12   Bounced (remote)
   550 5.1.1 joe@dest.test  User unknown
=== quota warning, mailer-daemon style
> none
From: Mail System <mailer-daemon@host.test>
To: joe@host.test
Subject: Quota warning

Your mailbox is at 95 percent of its quota of 2 GB.
=== newsletter with delivery
> none
From: Shop <noreply@shop.test>
To: ann@x.test
Subject: Delivery failed: we missed you

Your parcel could not be delivered. Reschedule at https://shop.test/ or write to help@shop.test. Code 550.
=== challenge response BoxTrapper
> autoReply
From: joe@dest.test
Subject: Your email requires verification verify#abcdef
X-Precedence: auto_reply
Precedence: auto_reply
In-Reply-To: <x@origin.test>

The message you sent requires that you verify that you are a real live human being and not a spam source.
=== lotus out of office
> autoReply
From: Joe <joe@dest.test>
Subject: Joe Smith is out of the office.
Auto-Submitted: auto-generated
X-Mailer: Lotus Notes Release 8.5

I will be out of the office starting 10.01.2022 and will not return until 17.01.2022.
=== mailman disabled notification
> none
From: list-request@lists.test
To: joe@dest.test
Subject: List subscription has been disabled because of bounces
Precedence: bulk
List-Id: <list.lists.test>
X-List-Administrivia: yes

Your membership in the mailing list list has been disabled due to
excessive bounces. The last bounce received from you was dated 10-Jan-2022.
=== job log by system@
> none
From: system@app.test
To: ops@origin.test
Subject: Import finished

Import of 20 rows finished. Row 12 failed: user joe@dest.test not found.
=== app about mail addresses by noreply
> none
From: noreply@app.test
To: ann@origin.test
Subject: Problem with your invited user

We could not send the invitation to joe@dest.test because they declined.
Log in to see more.
=== order notification
> none
From: noreply@shop.test
To: ann@x.test
Subject: Delivery status notification for your order 4711

Your parcel is delayed. Our mail: service@shop.test
=== person asks with pasted notice from exchange, no Re
> none
From: Ann <ann@x.test>
To: helpdesk@x.test
Subject: mail returned
Message-ID: <1@x.test>

Hi, I get this:

Delivery has failed to these recipients or groups:
joe@dest.test
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
=== Exchange quota message
> none
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>
To: joe@dest.test
Subject: Your mailbox is almost full.

Your mailbox is almost full.
1.9 GB 2 GB
Please reduce your mailbox size. Delete any items you don't need from your mailbox.
=== Exchange meeting forward notification
> none
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>
To: joe@dest.test
Subject: Meeting Forward Notification: Review

Ann has forwarded your meeting request to additional recipients.

Recipients
bob@dest.test
=== fetchmail
> none
From: FETCHMAIL-DAEMON@host.test
To: joe@host.test
Subject: fetchmail authentication failed on joe@pop.test

Fetchmail could not get mail from joe@pop.test.
The attempt to get authorization failed.
`;
