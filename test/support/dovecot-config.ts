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
}

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
mailbox_idle_check_interval = 2 secs
mail_fsync = never
passdb {
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
}
`;
