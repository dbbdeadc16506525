import type { Reason } from './reasons.ts';

/**
 * Codes of their own that large receivers put into replies and explain on their postmaster pages. The words beside them
 * change and are translated, the codes stay.
 */
interface Provider {
  /** Finds the code, its first group; looked for in the lower-case text. */
  readonly pattern: RegExp;
  readonly codes: Readonly<Record<string, Reason>>;
}

const providers: readonly Provider[] = [
  {
    // Google: the help page's name stands in its address.
    pattern: /support\.google\.com\/(?:a|mail)\/\?p=([a-z0-9]+)/,
    codes: {
      badrcptdomain: 'hostunknown',
      blockedmessage: 'policyviolation',
      customfromdenied: 'rejected',
      disableduser: 'suspend',
      dmarcrejection: 'authfailure',
      inactiveuser: 'suspend',
      ipv6autherror: 'requireptr',
      maxsizeerror: 'mesgtoobig',
      nosuchuser: 'userunknown',
      overquotaperm: 'mailboxfull',
      overquotatemp: 'mailboxfull',
      receivingrate: 'speeding',
      receivingrateperm: 'speeding',
      rfcmessagenoncompliant: 'notcompliantrfc',
      mailrelay: 'norelaying',
      tlsrequirederror: 'failedstarttls',
      unauthenticatedmail: 'authfailure',
      unsolicitedmessageerror: 'spamdetected',
      unsolicitedratelimiterror: 'speeding',
    },
  },
  {
    // Orange and Wanadoo: OFR_416, OFR006_102.
    pattern: /\bofr(?:\d{3})?_(\d{3})\b/,
    codes: {
      '102': 'blocked',
      '103': 'blocked',
      '104': 'toomanyconn',
      '105': 'toomanyconn',
      '108': 'blocked',
      '109': 'blocked',
      '403': 'rejected',
      '405': 'rejected',
      '415': 'rejected',
      '416': 'userunknown',
      '417': 'mailboxfull',
      '418': 'suspend',
      '505': 'systemerror',
      '506': 'spamdetected',
      '999': 'blocked',
    },
  },
  {
    // La Poste: LPN007_426.
    pattern: /\blpn(?:aaa|\d{3})_(\d{3})\b/,
    codes: { '416': 'userunknown', '417': 'mailboxfull', '426': 'suspend', '630': 'policyviolation' },
  },
  {
    // Facebook: RCP-P1.
    pattern: /\b((?:blk|con|dkm|dns|int|msg|pol|rcp)-[pt]\d)\b/,
    codes: {
      'blk-p1': 'blocked',
      'con-t1': 'toomanyconn',
      'con-t2': 'toomanyconn',
      'con-t3': 'toomanyconn',
      'con-t4': 'toomanyconn',
      'dkm-p1': 'authfailure',
      'dns-p1': 'hostunknown',
      'dns-p2': 'rejected',
      'dns-t1': 'requireptr',
      'int-p1': 'systemerror',
      'int-p2': 'systemerror',
      'int-p3': 'systemerror',
      'int-p4': 'rejected',
      'int-p5': 'systemerror',
      'int-p6': 'userunknown',
      'int-p7': 'rejected',
      'int-t1': 'systemerror',
      'int-t2': 'systemerror',
      'int-t3': 'systemerror',
      'int-t4': 'systemerror',
      'msg-p1': 'contenterror',
      'msg-p2': 'contenterror',
      'msg-t1': 'speeding',
      'pol-p1': 'blocked',
      'pol-p2': 'spamdetected',
      'pol-p3': 'blocked',
      'pol-p4': 'blocked',
      'pol-p5': 'blocked',
      'pol-p6': 'spamdetected',
      'pol-p7': 'spamdetected',
      'pol-t1': 'toomanyconn',
      'pol-t2': 'toomanyconn',
      'pol-t3': 'spamdetected',
      'rcp-p1': 'userunknown',
      'rcp-p2': 'filtered',
      'rcp-p3': 'filtered',
      'rcp-p4': 'filtered',
      'rcp-t1': 'systemerror',
      'rcp-t4': 'systemerror',
    },
  },
  {
    // Outlook.com: SC-001; the letters name the family.
    pattern: /\b(dy|ou|sc|rp)-00\d\b/,
    codes: { dy: 'blocked', ou: 'blocked', rp: 'blocked', sc: 'blocked' },
  },
  {
    // Outlook.com: (S3140).
    pattern: /\((s\d{4})\)/,
    codes: {
      s3113: 'badreputation',
      s3114: 'badreputation',
      s3115: 'badreputation',
      s3140: 'blocked',
      s3150: 'blocked',
    },
  },
  {
    // Yahoo and AOL: [TSS04], [BL21], (VS1-MF).
    pattern: /[[(]((?:tss?|bl|ph|dmarc|vs|ip)\d*(?:-[a-z]{2})?)[\])]/,
    codes: {
      bl21: 'blocked',
      bl22: 'blocked',
      bl23: 'blocked',
      ip: 'blocked',
      ph01: 'securityerror',
      tss02: 'badreputation',
      tss04: 'badreputation',
      tss05: 'badreputation',
      tss07: 'badreputation',
      tss09: 'blocked',
      tss11: 'blocked',
      ts01: 'blocked',
      ts02: 'blocked',
      ts03: 'blocked',
    },
  },
  {
    // iCloud: [CS01], [HM08].
    pattern: /\[((?:cs|hm)\d\d)\]/,
    codes: { cs01: 'policyviolation', cs02: 'policyviolation', hm07: 'policyviolation', hm08: 'policyviolation' },
  },
  {
    // Exchange's own words are names, not sentences.
    pattern: /\b((?:resolver|routing|queue|storedrv|smtpsend|agents?|dbeb)[.a-z]*\.[a-z]+)\b/,
    codes: {
      'resolver.adr.recipnotfound': 'userunknown',
      'resolver.adr.recipientnotfound': 'userunknown',
      'resolver.adr.exrecipnotfound': 'userunknown',
      'resolver.adr.badprimary': 'systemerror',
      'resolver.adr.ambiguous': 'systemerror',
      'resolver.adr.invalidinsmtp': 'userunknown',
      'resolver.fwd.loop': 'networkerror',
      'resolver.fwd.notfound': 'systemerror',
      'resolver.grp.notfound': 'systemerror',
      'resolver.grp.expanded': 'systemerror',
      'resolver.rst.authrequired': 'securityerror',
      'resolver.rst.dlneedsauth': 'securityerror',
      'resolver.rst.notauthorized': 'securityerror',
      'resolver.rst.rejectedbyrecipient': 'filtered',
      'resolver.rst.recipsizelimit': 'mesgtoobig',
      'resolver.rst.sendsizelimit.sender': 'mesgtoobig',
      'resolver.rst.sendsizelimit.org': 'mesgtoobig',
      'resolver.rst.restrictedtorecipientpermission': 'securityerror',
      'queue.expired': 'expired',
      'routing.loopdetected': 'networkerror',
      'routing.noroute': 'hostunknown',
      'routing.noconnectorforaddresstype': 'networkerror',
      'routing.nomdb': 'systemerror',
      'routing.sizelimit': 'mesgtoobig',
    },
  },
  {
    // Mimecast's policy rejections: the words behind its one sentence name a signature of viruses and spam alike.
    pattern: /rejected due to (security policies) - mc/,
    codes: { 'security policies': 'virusdetected' },
  },
];

/** What a receiver's own code in a lower-case text says, or null. */
export function reasonOfProvider(text: string): Reason | null {
  for (const { pattern, codes } of providers) {
    const code = pattern.exec(text)?.[1];
    if (code !== undefined && codes[code] !== undefined) return codes[code];
  }
  return null;
}
