/** What one Dovecot instance listens on and where it keeps things. */
export interface DovecotConfig {
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly uid: number;
  readonly gid: number;
  readonly tls: boolean;
  readonly maxUserIpConnections: number;
  readonly separator: string;
  /** Logins by access token, checked at this address (RFC 7662). */
  readonly introspectionUrl?: string | undefined;
  /** Whoever's mailbox a login by token names: the token is this application's, which may read them all, as app-only access does. */
  readonly application?: string | undefined;
  /** There are administrators, in `masters`, who log in for others. */
  readonly masters?: boolean | undefined;
  /** Only clients with a certificate of our authority may log in. */
  readonly clientCertificates?: boolean | undefined;
  /** Sessions at the same time, where they are more than a few hundred: processes show what they do, and mail is noticed by inotify alone. */
  readonly sessions?: number | undefined;
}

/** Settings of Dovecot's oauth2 passdb, which are a file of their own. */
export const oauth2Config = (introspectionUrl: string): string => `
introspection_url = ${introspectionUrl}
introspection_mode = post
username_attribute = username
username_format = %u
active_attribute = active
active_value = true
`;

const oauth2 = (c: DovecotConfig): string =>
  c.introspectionUrl === undefined
    ? ''
    : `
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${c.dir}/oauth2.conf
${c.application === undefined ? '' : '  override_fields = user=%{orig_user}\n'}}
${c.application === undefined ? '' : `auth_username_format = ${c.application}\n`}`;

const masters = (c: DovecotConfig): string =>
  c.masters
    ? `
auth_master_user_separator = *
auth_username_chars =
passdb {
  driver = passwd-file
  master = yes
  args = scheme=PLAIN ${c.dir}/masters
}
`
    : '';

const clientCertificates = (c: DovecotConfig): string =>
  c.clientCertificates
    ? `
ssl_ca = <${c.dir}/tls/ca.crt
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes
`
    : '';

const sessions = ({ sessions: most }: DovecotConfig): string =>
  most === undefined
    ? ''
    : `
verbose_proctitle = yes
default_client_limit = ${4 * most}
default_process_limit = ${2 * most}
service imap {
  process_limit = ${2 * most}
}
`;

/** dovecot.conf for version 2.3: everything under `dir`, any number of instances side by side. */
export const dovecotConfig = (c: DovecotConfig): string => `
base_dir = ${c.dir}/run
state_dir = ${c.dir}/state
log_path = ${c.dir}/log
instance_name = mailmill-${c.port}
protocols = imap
listen = ${c.host}
${c.tls ? `ssl = yes\nssl_cert = <${c.dir}/tls/server.crt\nssl_key = <${c.dir}/tls/server.key` : 'ssl = no'}
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = root
default_internal_group = root
default_login_user = nobody
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:${c.dir}/mail/%u
mail_max_userip_connections = ${c.maxUserIpConnections}
mailbox_idle_check_interval = ${c.sessions === undefined ? 2 : 30} secs
mail_fsync = never
${sessions(c)}${oauth2(c)}${masters(c)}${clientCertificates(c)}passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${c.dir}/passwd/%u
}
userdb {
  driver = static
  args = uid=${c.uid} gid=${c.gid} home=${c.dir}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = ${c.port}
  }
  inet_listener imaps {
    port = ${c.tls ? c.tlsPort : 0}
    ssl = ${c.tls ? 'yes' : 'no'}
  }
  chroot =
  service_count = 0
}
service anvil {
  chroot =
  # Failed logins are not slowed down.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
namespace inbox {
  inbox = yes
  separator = ${c.separator}
  mailbox Sent {
    special_use = \\Sent
  }
  mailbox Papierkorb {
    special_use = \\Trash
  }
}
`;
