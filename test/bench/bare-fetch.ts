// usage: node bare-fetch.ts HOST PORT USER PASSWORD
// The yardstick: imapflow as it comes, fetching the sources of INBOX in one command and dropping them.
// Prints {"messages":…,"seconds":…}, from the FETCH to the last message.
import { ImapFlow } from 'imapflow';

const [host, port, user, pass] = process.argv.slice(2);
const client = new ImapFlow({
  host: host!,
  port: Number(port),
  secure: false,
  auth: { user: user!, pass: pass! },
  logger: false,
});
await client.connect();
await client.mailboxOpen('INBOX', { readOnly: true });
const started = performance.now();
let messages = 0;
for await (const message of client.fetch('1:*', { source: true }, { uid: true })) if (message.source) messages += 1;
const seconds = (performance.now() - started) / 1000;
await client.logout();
process.stdout.write(`${JSON.stringify({ messages, seconds })}\n`);
