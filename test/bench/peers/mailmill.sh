#!/bin/sh
# One pass as the extra peer of run.sh: a run that ends when it has caught up. $STATE is empty before the first of two passes.
set -eu
pass=full
[ ! -e "$STATE/passed" ] || pass=again
: > "$STATE/passed"
MAILMILL_SECRETS=$STATE/secrets MAILMILL_HTTP_PORT=0 MAILMILL_TERMINATION_LOG=$STATE/termination-log \
MAILMILL_BENCH_TIMES=$MAILMILL_TIMES/$IMAP_USER.$pass.$$.json \
  exec "$MAILMILL_NODE" "$MAILMILL_PROGRAM" worker --revision "$STATE/revision.json" --once --run "$pass"
