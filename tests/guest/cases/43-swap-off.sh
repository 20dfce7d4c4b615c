#!/bin/bash
# swapoff takes long, and meanwhile the host may run short of memory: it is done in a child that is the first to be killed, it is seen how far
# it is and of which file, and it is given up when memory falls below what the host keeps, or guardiand is stopped; then swap is as it was.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

trap 'code=$?; echo 0 >/proc/sys/vm/nr_hugepages; slow_reads disk ""; slow_disk disk ""; lib_end $code' EXIT

FILE=/mnt/disk/swap.file

policy() { # SIZE HOST-RESERVE
	printf 'host: {reserve: %s}\nswap: {file: %s, size: %s, reserve: 0b}\nservices: {}\n' "$2" "$FILE" "$1" >/etc/guardian.yaml
}
reload() {
	policy "$@"
	systemctl reload guardiand.service
}
kib() { echo $(($1 * 1024 - 4)); } # MIB: as /proc/swaps counts it
available_mib() { awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo; }

# Reserved pages are gone for all others, and at once.
take_all_but() { echo $((($(available_mib) - $1) / 2)) >/proc/sys/vm/nr_hugepages; } # MIB

main() { systemctl show -p MainPID --value guardiand.service; }
children() { grep -vx "$main" /sys/fs/cgroup/system.slice/guardiand.service/cgroup.procs; }
is_off_under_way() { [ "$(swap_status .progress.phase)" = 'switching off' ] && [ -n "$(children)" ]; }

# Without extents there is no fallocate(2), so that guardiand writes zeros.
ok 'a disk on which zeros must be written' 'disk disk 500 mkfs.ext2 -q -m 0 -b 4096'
mountpoint -q /mnt/disk || exit 1
killed=$(stat_of /proc/vmstat oom_kill)
policy 300m 300m
ok 'guardiand starts' start_guardiand
main=$(main)
eventually 'swap is in use' 90 "[ \"\$(area $FILE Size)\" = $(kib 300) ]"
# The kernel lets swapoff be killed between two processes alone, so that there must be many.
ok 'a service takes memory' 'run-container worker -- sh -c "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do hog 20 & done; wait" &&
	wait_for 90 "[ \"\$(docker logs worker | grep -c taken)\" = 12 ]"'
echo 220M >"/sys/fs/cgroup/$(cgroup_of worker)/memory.reclaim" 2>/dev/null
within 'most of it is in swap' $((140 << 20)) $((250 << 20)) "$(cg worker memory.swap.current)"

slow_reads disk 4
reload 128m 300m
eventually 'a smaller size: it is being switched off' 40 is_off_under_way
is 'in a child that the kernel kills first' 1000 "$(cat "/proc/$(children)/oom_score_adj")"
is 'which guardiand is not' -900 "$(cat "/proc/$main/oom_score_adj")"
eventually 'it is seen how far it is' 40 '[ "$(swap_status .progress.done_bytes)" -gt 4000000 ]'
is 'and of which file' "$FILE" "$(swap_status .progress.path)"
guardianctl swap >/tmp/page.of.case
ok 'by guardianctl too' "grep -q '^preparing $FILE  .*, switching off\$' /tmp/page.of.case"
note "$(grep ^preparing /tmp/page.of.case)"

take_all_but 150
note "$(available_mib) MiB of memory are available, 300 are to be kept"
eventually 'memory falls below what the host keeps: it is given up' 40 '[ -z "$(children)" ]'
is 'and swap is as it was' "$(kib 300)" "$(area "$FILE" Size)"
eventually 'which is told, with what it waits for' 30 '[ "$(count_events swap_resize_waits)" = 1 ]'
note "$(journal_events swap_resize_waits | jq -r .MESSAGE)"
sleep 5
is 'it is not tried again meanwhile' '' "$(children)"
is 'guardiand is the same process' "$main -900" "$(main) $(cat "/proc/$main/oom_score_adj")"
ok 'and works' 'guardianctl swap | grep -q "^next: .*as soon as"'

echo 0 >/proc/sys/vm/nr_hugepages
eventually 'with memory, it is tried again' 60 is_off_under_way
began=$SECONDS
ok 'a stop meanwhile' stop_guardiand
within 'does not wait for it' 0 9 $((SECONDS - began))
is 'and leaves swap as it was' "$(kib 300)" "$(area "$FILE" Size)"

ok 'guardiand starts' start_guardiand
main=$(main)
slow_reads disk ''
eventually 'and brings it to its end' 90 "[ \"\$(area $FILE Size)\" = $(kib 128) ]"
eventually 'which is told' 10 '[ "$(count_events swap_resized)" = 1 ]'
sleep 3
slow_disk disk 8
reload 208m 3500m
eventually 'no room to switch it off, and more is wanted: of two files it is seen which is being made' 60 \
	"guardianctl swap | grep '^preparing $FILE.2  .*, zeroing\$' >/tmp/page.of.case"
note "$(cat /tmp/page.of.case)"
is 'while the first is in use' "$(kib 128)" "$(area "$FILE" Size)"
slow_disk disk ''
eventually 'then both are' 60 "[ \"\$(area $FILE.2 Size)\" = $(kib 80) ]"
is 'the service lives' true "$(inspect worker .State.Running)"
is 'nobody was killed' "$killed" "$(stat_of /proc/vmstat oom_kill)"
is 'nothing failed' 0 "$(count_events swap_failed)"
rm -f /tmp/page.of.case
