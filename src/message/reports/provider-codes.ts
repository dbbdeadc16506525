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
    // “Gmail SMTP errors and codes”, support.google.com/a/answer/3726730: details of X.7 that the IANA registry gives other
    // meanings. 5.7.28 is a rate by both, and DKIM by the page alone.
    pattern: /\b[45]\.7\.(\d\d)\b.*\b(?:gsmtp|gmail)\b/,
    codes: {
      '23': 'requireptr',
      '24': 'authfailure',
      '25': 'requireptr',
      '26': 'authfailure',
      '27': 'authfailure',
      '29': 'failedstarttls',
      '30': 'authfailure',
      '32': 'authfailure',
      '40': 'authfailure',
    },
  },
  { pattern: /\b5\.7\.28 .*\b(dkim) does not pass\b/, codes: { dkim: 'authfailure' } },
  {
    // Google: the help page's name stands in its address, beside the texts of the same list.
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
    // Orange and Wanadoo: OFR_416, OFR006_102. The words of the replies with 102 to 104 and 415 to 417 say the same; those of the
    // others say nothing but “refused”.
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
    // La Poste: LPN007_416; bentonow.com/smtp-errors/laposte lists 405, 416, 503, 510 and 517.
    pattern: /\blpn(?:aaa|\d{3})_(\d{3})\b/,
    codes: {
      '405': 'rejected',
      '416': 'userunknown',
      '417': 'mailboxfull',
      '426': 'suspend',
      '503': 'blocked',
      '510': 'policyviolation',
      '517': 'authfailure',
      '630': 'policyviolation',
    },
  },
  {
    // Cox: AUP#CXBL; postmaster.cox.net, “Error Codes”. IPBL0110 names the block lists by its digits.
    pattern: /\baup#(?:in-)?(cxbl|cdrbl|ipbl(?=[01]{4}))/,
    codes: { cxbl: 'blocked', cdrbl: 'blocked', ipbl: 'blocked' },
  },
  {
    // AOL: (RLY:B1), (DNS:B2); its postmaster's “SMTP error messages”. The letters before the colon name the family.
    pattern: /\((con|dns|dyn|hvu|rly|rtr):[a-z]{1,2}\d?\)/,
    codes: { con: 'blocked', dns: 'requireptr', dyn: 'blocked', hvu: 'spamdetected', rly: 'blocked', rtr: 'blocked' },
  },
  {
    // Facebook: RCP-P1; postmaster.facebook.com/response_codes.
    pattern: /\b((?:con|dns|int|msg|pol|rcp)-[pt]\d)\b/,
    codes: {
      'con-t1': 'toomanyconn',
      'con-t2': 'toomanyconn',
      'con-t3': 'toomanyconn',
      'con-t4': 'toomanyconn',
      'dns-p1': 'rejected',
      'dns-p2': 'rejected',
      'dns-p3': 'requireptr',
      'dns-t1': 'rejected',
      'dns-t2': 'requireptr',
      'int-p1': 'userunknown',
      'int-p2': 'mesgtoobig',
      'int-p3': 'userunknown',
      'int-p4': 'userunknown',
      'msg-p1': 'mesgtoobig',
      'msg-p2': 'contenterror',
      'msg-t1': 'toomanyconn',
      'pol-p1': 'blocked',
      'pol-p2': 'blocked',
      'pol-p3': 'blocked',
      'pol-p4': 'blocked',
      'pol-t1': 'blocked',
      'pol-t2': 'blocked',
      'pol-t3': 'blocked',
      'rcp-p1': 'userunknown',
      'rcp-p2': 'filtered',
      'rcp-t1': 'systemerror',
    },
  },
  // The same page: INT-T1 to INT-T12 are troubles of its own.
  { pattern: /\b(int-t)\d\d?\b/, codes: { 'int-t': 'systemerror' } },
  {
    // NetEase (163.com, 126.com, yeah.net): “HL:ICC”; the list of its postmaster page, help.163.com. The letters before the colon
    // name the stage, those behind it what was found.
    pattern: /\b[45]\d\d[ -]?(?:hl|mi|rp|dt|wm):([a-z]{3})\b/,
    codes: {
      bli: 'blocked',
      blu: 'securityerror',
      ccl: 'toomanyconn',
      cel: 'syntaxerror',
      dma: 'authfailure',
      dmc: 'toomanyconn',
      drc: 'toomanyconn',
      frl: 'norelaying',
      icc: 'toomanyconn',
      ifc: 'speeding',
      imf: 'rejected',
      ipb: 'blocked',
      itc: 'speeding',
      mep: 'blocked',
      nhd: 'blocked',
      qrc: 'speeding',
      rbl: 'blocked',
      rcl: 'toomanyconn',
      rep: 'blocked',
      sfq: 'speeding',
      spf: 'authfailure',
      spm: 'spamdetected',
      stc: 'speeding',
      sum: 'rejected',
      trc: 'speeding',
    },
  },
  {
    // Outlook.com: SC-001; its postmaster's “Troubleshooting”. The letters name the family; RP limits the rate by reputation.
    pattern: /\b(dy|ou|sc|rp)-00\d\b/,
    codes: { dy: 'blocked', ou: 'blocked', rp: 'badreputation', sc: 'blocked' },
  },
  {
    // Outlook.com: (S3140), the numbers of the same families.
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
    // Yahoo and AOL: [TSS04], [BL21], [PH01]; senders.yahooinc.com, “SMTP Error Codes”.
    pattern: /[[(]((?:tss?|bl|ph|dmarc|vs|ip)\d*(?:-[a-z]{2})?)[\])]/,
    codes: {
      bl21: 'blocked',
      bl22: 'blocked',
      bl23: 'blocked',
      ip: 'blocked',
      ph01: 'policyviolation',
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
    // iCloud: [CS01], [HM08], always “rejected due to local policy”; smtpfieldmanual.com, “Apple”.
    pattern: /\[((?:cs|hm)\d\d)\]/,
    codes: { cs01: 'policyviolation', cs02: 'policyviolation', hm07: 'policyviolation', hm08: 'policyviolation' },
  },
  {
    // Exchange's own words are names, not sentences; Microsoft Learn, “NDRs and SMTP errors in Exchange Server” and “in
    // Exchange Online”.
    pattern: /\b((?:resolver|routing|queue|smtpsend|transport)\.[.a-z]*[a-z])\b/,
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
      'resolver.rst.restrictedtogrouppermission': 'rejected',
      'resolver.rst.restrictedtorecipientspermission': 'rejected',
      'resolver.rst.sendernotauthenticatedforgroup': 'rejected',
      'resolver.rst.sendernotauthenticatedformailbox': 'rejected',
      'smtpsend.dns.nonexistentdomain': 'hostunknown',
      'transport.rules.rejectmessage': 'policyviolation',
      'queue.expired': 'expired',
      'routing.loopdetected': 'networkerror',
      'routing.noroute': 'hostunknown',
      'routing.noconnectorforaddresstype': 'networkerror',
      'routing.nomdb': 'systemerror',
      'routing.sizelimit': 'mesgtoobig',
    },
  },
  {
    // Mimecast's policy rejections (“Mimecast SMTP error codes”, 554): the words behind its one sentence name a signature of viruses and spam alike.
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
