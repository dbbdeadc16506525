import type {
  ArcOutcome,
  Authentication,
  DkimOutcome,
  DmarcOutcome,
  SpfOutcome,
} from '../../message/authentication/authentication.ts';

/** The object type `spfResult` of expressions. */
export class CelSpf {
  readonly result: string;
  readonly domain: string;

  constructor({ result, domain }: SpfOutcome) {
    this.result = result;
    this.domain = domain;
  }

  toDocument(): SpfOutcome {
    return { ...this };
  }
}

/** The object type `dkimResult` of expressions: one signature. */
export class CelDkim {
  readonly result: string;
  readonly domain: string;
  readonly selector: string;
  readonly unsignedBytes: bigint;

  constructor({ result, domain, selector, unsignedBytes }: DkimOutcome) {
    this.result = result;
    this.domain = domain;
    this.selector = selector;
    this.unsignedBytes = BigInt(unsignedBytes);
  }

  toDocument(): DkimOutcome {
    return { ...this, unsignedBytes: Number(this.unsignedBytes) };
  }
}

/** The object type `dmarcAlignment` of expressions. */
export class CelAlignment {
  readonly spf: string;
  readonly dkim: string;

  constructor({ spf, dkim }: DmarcOutcome['alignment']) {
    this.spf = spf;
    this.dkim = dkim;
  }

  toDocument(): DmarcOutcome['alignment'] {
    return { ...this };
  }
}

/** The object type `dmarcResult` of expressions. */
export class CelDmarc {
  readonly result: string;
  readonly policy: string;
  readonly domain: string;
  readonly alignment: CelAlignment;

  constructor({ result, policy, domain, alignment }: DmarcOutcome) {
    this.result = result;
    this.policy = policy;
    this.domain = domain;
    this.alignment = new CelAlignment(alignment);
  }

  toDocument(): DmarcOutcome {
    return { ...this, alignment: this.alignment.toDocument() };
  }
}

/** The object type `arcResult` of expressions. */
export class CelArc {
  readonly result: string;
  readonly instance: bigint;
  readonly domain: string;

  constructor({ result, instance, domain }: ArcOutcome) {
    this.result = result;
    this.instance = BigInt(instance);
    this.domain = domain;
  }

  toDocument(): ArcOutcome {
    return { ...this, instance: Number(this.instance) };
  }
}

/** The object type `authentication` of expressions: what the step `authenticate` found. Its texts are bounded by whoever made it. */
export class CelAuthentication {
  readonly source: Authentication['source'];
  readonly server: string;
  readonly reason: Authentication['reason'];
  readonly spf: CelSpf;
  readonly dkim: readonly CelDkim[];
  readonly dmarc: CelDmarc;
  readonly arc: CelArc;

  constructor(found: Authentication) {
    this.source = found.source;
    this.server = found.server;
    this.reason = found.reason;
    this.spf = new CelSpf(found.spf);
    this.dkim = found.dkim.map((one) => new CelDkim(one));
    this.dmarc = new CelDmarc(found.dmarc);
    this.arc = new CelArc(found.arc);
  }

  toDocument(): Authentication {
    const { source, server, reason, spf, dkim, dmarc, arc } = this;
    return {
      source,
      server,
      reason,
      spf: spf.toDocument(),
      dkim: dkim.map((one) => one.toDocument()),
      dmarc: dmarc.toDocument(),
      arc: arc.toDocument(),
    };
  }
}

/** The types' fields by name and CEL type; a type stands behind those that it is made of. */
export const authenticationTypes = {
  spfResult: { ctor: CelSpf, fields: { result: 'string', domain: 'string' } },
  dkimResult: {
    ctor: CelDkim,
    fields: { result: 'string', domain: 'string', selector: 'string', unsignedBytes: 'int' },
  },
  dmarcAlignment: { ctor: CelAlignment, fields: { spf: 'string', dkim: 'string' } },
  dmarcResult: {
    ctor: CelDmarc,
    fields: { result: 'string', policy: 'string', domain: 'string', alignment: 'dmarcAlignment' },
  },
  arcResult: { ctor: CelArc, fields: { result: 'string', instance: 'int', domain: 'string' } },
  authentication: {
    ctor: CelAuthentication,
    fields: {
      source: 'string',
      server: 'string',
      reason: 'string',
      spf: 'spfResult',
      dkim: 'list<dkimResult>',
      dmarc: 'dmarcResult',
      arc: 'arcResult',
    },
  },
} as const;

/** Whether a value is of one of these types. */
export const isAuthenticationPart = (
  value: unknown,
): value is CelSpf | CelDkim | CelAlignment | CelDmarc | CelArc | CelAuthentication =>
  Object.values(authenticationTypes).some(({ ctor }) => value instanceof ctor);
