#!/bin/bash
# guardiand --check: its four exits, with the daemon alive and dead, and the risks that killed the host, by name.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

check() { # [ARGUMENT...]: sets `text` and `code`
	local begun=$SECONDS
	text=$(guardiand --check "$@" 2>&1)
	code=$?
	took=$((SECONDS - begun))
}

policy() { cat >/etc/guardian.yaml; }

ok 'the services run' 'start_backend && start_redis'
policy <<'YAML'
services:
  backend: {mem_limit: 256m}
  redis: {mem_limit: 128m}
YAML
check
is 'daemon dead: critical' 2 "$code"
ok 'the first line is a plugin line' "head -1 <<<'$text' | grep -qE '^GUARDIAN CRITICAL - .*\|.*mem_used'"
ok 'it names that nobody is watching' "grep -qi 'watch' <<<\"\$text\""
ok 'and the containers without a limit' "grep -q backend <<<\"\$text\""
ok 'and that there is no swap' "grep -qi 'no swap' <<<\"\$text\""
ok 'within ten seconds' "[ $took -le 10 ]"

ok 'guardiand starts' start_guardiand
wait_for 10 "[ \"\$(cg redis memory.max)\" = $((128 << 20)) ]"
check
is 'alive, limits set, but no swap: warning' 1 "$code"
ok 'the swap is what it warns of' "grep -qi 'no swap' <<<\"\$text\""

truncate -s 64M /swap-of-case && dd if=/dev/zero of=/swap-of-case bs=1M count=64 2>/dev/null
chmod 600 /swap-of-case && mkswap -q /swap-of-case >/dev/null && swapon /swap-of-case
wait_for 30 "guardiand --check >/dev/null"
check
is 'with swap: ok' 0 "$code"
note "$text"
check --quiet
is 'quiet says nothing' '' "$text"
check --json
ok 'json is json' "jq -e . <<<\"\$text\" >/dev/null"

docker run -d --name stray -v /usr:/usr:ro -v /etc:/etc:ro guardian/base sleep 1000 >/dev/null
check
is 'a stray container without a limit: warning' 1 "$code"
ok 'by its name' "grep -q stray <<<\"\$text\""
docker rm -f stray >/dev/null

systemctl kill -s STOP --kill-whom=main guardiand
if wait_for 60 'guardiand --check >/dev/null; [ $? = 2 ]' 2; then lib_pass 'a daemon that hangs: critical'; else lib_fail 'a daemon that hangs: critical'; fi
systemctl kill -s CONT --kill-whom=main guardiand
swapoff /swap-of-case && rm -f /swap-of-case

policy <<'YAML'
services:
  backend: {mem_limit: 1.5x}
YAML
check
is 'a bad policy: unknown' 3 "$code"
ok 'with file, line and column' "grep -qE 'guardian.yaml:2:[0-9]+: ' <<<\"\$text\""
stop_guardiand
check
is 'with the daemon dead too' 3 "$code"
ok 'and as another user' "chmod 644 /etc/guardian.yaml; setpriv --reuid=65534 --regid=65534 --clear-groups guardiand --check >/dev/null 2>&1; [ \$? = 3 ]"
