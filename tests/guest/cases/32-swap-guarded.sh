#!/bin/bash
# A swap file that others may read is mended. What stands at the path and is not guardiand's is never followed, written or
# switched on against its owner's wish: a link, somebody's data, a sparse swap file. One of guardiand's own with holes is
# made whole.
# limit: 300
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

trap 'rm -rf /srv/trap; lib_end' EXIT
refused() { journal_events swap_refused | jq -r .GUARDIAN_REASON | tail -n 1; }
# A stop, another thing at the path, a start.
with() { # COMMAND...
	stop_guardiand
	swapoff -a
	rm -rf /swapfile /run/guardian/state
	"$@"
	start_guardiand
}

ok 'guardiand starts' start_guardiand - <<'YAML'
swap: {size: 64m, reserve: 100m}
services: {}
YAML
eventually 'swap is in use' 60 '[ -n "$(area /swapfile Size)" ]'
sleep 3
chmod 644 /swapfile
eventually 'opened to others, it is shut within half a minute' 50 '[ "$(stat -c %a /swapfile)" = 600 ]'
eventually 'which is told' 10 '[ "$(count_events swap_mended)" = 1 ]'
sleep 3
chown nobody:nogroup /swapfile
systemctl reload guardiand.service
eventually 'given to a user, it is root'"'"'s again' 50 '[ "$(stat -c "%U %G %a" /swapfile)" = "root root 600" ]'
ok 'all the time it was in use' '[ -n "$(area /swapfile Size)" ]'

mkdir -p /srv/trap
echo precious >/srv/trap/data
ok 'a link stands at the path' with ln -s /srv/trap/data /swapfile
eventually 'it is refused' 20 '[ "$(refused)" = not_regular ]'
is 'and not followed' 'precious 644' "$(cat /srv/trap/data) $(stat -c %a /srv/trap/data)"
is 'nothing is in use' '' "$(tail -n +2 /proc/swaps)"
rm -f /srv/trap/data
ok 'a link to nothing' with ln -s /srv/trap/data /swapfile
sleep 4
ok 'is not followed either' '[ ! -e /srv/trap/data ] && [ -L /swapfile ]'

letters() { yes dear | head -c 70000000 >/swapfile; }
ok 'data stand at the path' with letters
eventually 'they are refused' 20 '[ "$(refused)" = no_header ]'
sleep 2
ok 'and as they were' '[ "$(stat -c "%s %a" /swapfile)" = "70000000 644" ] && [ "$(head -c 5 /swapfile)" = dear ]'

sparse() { truncate -s 64M /swapfile && chmod 600 /swapfile && mkswap -q "$@" /swapfile 2>/dev/null; }
ok 'a sparse swap file of somebody stands there' with sparse -L mine
eventually 'it is refused' 20 '[ "$(refused)" = holes ]'
ok 'and left as it is' '[ "$(stat -c %b /swapfile)" -lt 1000 ]'
ok 'a sparse one with the label of guardiand' with sparse -L guardiand
eventually 'is made whole and used' 60 '[ -n "$(area /swapfile Size)" ]'
ok 'really' "[ \$((\$(stat -c %b /swapfile) * 512)) -ge $((64 << 20)) ]"
