import type { ArchivePlace } from '../api/kinds/archive.ts';
import { resolveSource } from '../api/resolve.ts';
import type { CredentialStore } from '../store/credentials.ts';
import type { Database } from '../store/database.ts';
import { stalled } from '../telemetry/errors.ts';
import type { Source } from './source.ts';
import type { UidAllocator } from './uid-allocator.ts';

/** A source of a revision (`RevisionSource`), with or without defaults. */
export interface SourceSpec {
  readonly name: string;
  readonly imap?: Parameters<typeof resolveSource>[0]['spec']['imap'];
  readonly maildir?: Parameters<typeof resolveSource>[0]['spec']['maildir'];
  readonly mbox?: Parameters<typeof resolveSource>[0]['spec']['mbox'];
  readonly s3?: Parameters<typeof resolveSource>[0]['spec']['s3'];
  readonly archived?: ArchivePlace;
  readonly pushed?: { readonly by: 'smtp' | 'http' };
  readonly encryption?: Parameters<typeof resolveSource>[0]['spec']['encryption'];
}

export interface SourceDependencies {
  /** Reads a key of a Secret in the pipeline's namespace; throws Stalled when there is none. */
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly uids: UidAllocator;
  /** Where refresh tokens are kept that a provider replaces; absent where there is no store. */
  readonly credentials?: CredentialStore;
  readonly namespace: string;
  /** The store, which holds the mail of sources that it is pushed to; absent where there is none. */
  readonly database?: Database;
  /** Where the Maildir or the mbox files of a source are; default: its `path`, else where workers have them mounted. */
  readonly maildirPath?: (source: string) => string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** The code of each kind, one line each; loaded when a source is of the kind. */
const imap = () => import('./imap/source.ts');
const maildir = () => import('./maildir/source.ts');
const mbox = () => import('./mbox/source.ts');
const s3 = () => import('./s3/source.ts');
const archived = () => import('./archive/source.ts');
const kept = () => import('./kept/source.ts');

/** Loads what `createSource` will need, ahead of time. */
export async function loadKind(source: SourceSpec): Promise<void> {
  if (source.imap) await imap();
  if (source.maildir) await maildir();
  if (source.mbox) await mbox();
  if (source.s3) await s3();
  if (source.archived) await archived();
  if (source.pushed) await kept();
}

/** What reads a source. One line a kind. */
export async function createSource(source: SourceSpec, dependencies: SourceDependencies): Promise<Source> {
  const { name } = source;
  if (source.archived && dependencies.database) {
    const { namespace, database, secret } = dependencies;
    return (await archived()).createArchivedSource({ namespace, name, spec: source.archived, database, secret });
  }
  if (source.pushed && dependencies.database) {
    const { namespace, database } = dependencies;
    return (await kept()).createPushedSource({ namespace, name, kind: source.pushed.by, database });
  }
  const { spec } = resolveSource({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name, namespace: dependencies.namespace },
    spec: {
      imap: source.imap,
      maildir: source.maildir,
      mbox: source.mbox,
      s3: source.s3,
      encryption: source.encryption,
    },
  });
  if (spec.imap) {
    const { namespace, secret, credentials } = dependencies;
    const keyRef = spec.encryption?.keyRef;
    const store = { ...(keyRef && { keyRef }), ...(credentials && { credentials }) };
    return (await imap()).createImapSource({ name, namespace, spec: spec.imap, secret, ...store });
  }
  if (spec.maildir) {
    const { uids, clock, maildirPath } = dependencies;
    const dir = maildirPath?.(name) ?? spec.maildir.path ?? `/var/lib/mailmill/maildir/${name}`;
    return (await maildir()).createMaildirSource({ name, spec: spec.maildir, dir, uids, clock });
  }
  if (spec.mbox) {
    const { uids, clock, maildirPath } = dependencies;
    const root = maildirPath?.(name) ?? spec.mbox.path ?? `/var/lib/mailmill/maildir/${name}`;
    return (await mbox()).createMboxSource({ name, spec: spec.mbox, root, uids, clock });
  }
  if (spec.s3) {
    const { uids, secret } = dependencies;
    return (await s3()).createS3Source({ name, spec: spec.s3, secret, uids });
  }
  throw stalled('SOURCE_KIND_UNKNOWN', `source ${name} is of a kind that this version does not know; update mailmill`);
}
