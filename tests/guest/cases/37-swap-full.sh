#!/bin/bash
# What lies in swap must fit into memory before swap is switched off. On a host whose memory is full a policy that shrinks swap is not
# carried out: guardiand says so once, with the number that is missing, and does it when there is memory, in a child that the kernel
# may kill; guardiand itself stays the last that it would.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

trap 'echo 0 >/proc/sys/vm/nr_hugepages; lib_end' EXIT

policy() { # SIZE
	printf 'host: {reserve: 100m}\nswap: {size: %s, reserve: 100m}\nservices: {}\n' "$1"
}

kib() { awk -v key="$1:" '$1 == key { print $2 }' "${2:-/proc/meminfo}"; }

# Reserved pages are gone for all others, and at once, where touching gigabytes takes minutes under emulation.
take_all_but() { # MIB
	echo $((($(kib MemAvailable) / 1024 - $1) / 2)) >/proc/sys/vm/nr_hugepages
}

# The oom_score_adj of all processes of guardiand but itself, as long as there are any.
watch_children() {
	local pid
	while [ ! -e /tmp/done.of.case ]; do
		while read -r pid; do
			[ "$pid" = "$main" ] || cat "/proc/$pid/oom_score_adj" 2>/dev/null
		done </sys/fs/cgroup/system.slice/guardiand.service/cgroup.procs
		sleep 0.05
	done >/tmp/children.of.case
}

waits() { journal_events swap_resize_waits | jq -r "$1" | tail -1; }

killed=$(stat_of /proc/vmstat oom_kill)
policy 512m >/etc/guardian.yaml
ok 'guardiand starts' start_guardiand
main=$(systemctl show -p MainPID --value guardiand.service)
eventually 'swap is in use' 60 '[ "$(area /swapfile Size)" -gt 500000 ]'
ok 'a service takes memory' 'start_hog worker 300 && wait_for 90 "docker logs worker | grep -q taken"'
hog=/sys/fs/cgroup/$(cgroup_of worker)
echo 256M >"$hog/memory.reclaim" 2>/dev/null
within 'most of it is in swap' $((180 << 20)) $((310 << 20)) "$(val "$hog/memory.swap.current")"
take_all_but 250
note "$(kib MemAvailable) KiB of memory are available, $(area /swapfile Used) KiB of swap in use"

policy 128m >/etc/guardian.yaml
systemctl reload guardiand.service
eventually 'memory is full: a smaller swap has to wait, which is told' 30 '[ "$(count_events swap_resize_waits)" = 1 ]'
note "$(waits .MESSAGE)"
is 'with what is wanted and what there is' "$((128 << 20)) $((512 << 20))" "$(waits '.GUARDIAN_WANTED_BYTES + " " + .GUARDIAN_SIZE_BYTES')"
used=$(waits .GUARDIAN_USED_BYTES)
within 'what is in use' $((180 << 20)) $((320 << 20)) "$used"
is 'and what it needs: 1.2 times that and what the host keeps' $((used + used / 5 + (100 << 20))) "$(waits .GUARDIAN_NEEDED_BYTES)"
ok 'guardianctl says it too' "guardianctl swap | grep -E '^next: .*128 MiB.* as soon as .* available'"
sleep 12
is 'it is told once' 1 "$(count_events swap_resize_waits)"
ok 'swap is as large as it was' '[ "$(area /swapfile Size)" -gt 500000 ]'
is 'guardiand is the same process' "$main" "$(systemctl show -p MainPID --value guardiand.service)"
is 'and the last that the kernel would kill' -900 "$(cat "/proc/$main/oom_score_adj")"

rm -f /tmp/done.of.case
watch_children &
echo 0 >/proc/sys/vm/nr_hugepages
eventually 'when there is memory, it is done' 90 '[ "$(count_events swap_resized)" = 1 ]'
touch /tmp/done.of.case
wait $!
within 'to the size of the policy' $((128 * 1024 - 64)) $((128 * 1024)) "$(area /swapfile Size)"
is 'in a child that gives way first, and never as precious as guardiand' 1000 "$(grep -vx 0 /tmp/children.of.case | sort -u)"
note "seen: $(sort /tmp/children.of.case | uniq -c | tr -s ' \n' ' ')"
is 'the service lives' true "$(inspect worker .State.Running)"
is 'nobody was killed' "$killed" "$(stat_of /proc/vmstat oom_kill)"
is 'guardiand is still the same process' "$main -900" \
	"$(systemctl show -p MainPID --value guardiand.service) $(cat "/proc/$main/oom_score_adj")"
is 'nothing failed' 0 "$(count_events swap_failed)"
is 'and swap that was being switched off was not called full' 0 "$(count_events swap_high)"
rm -f /tmp/done.of.case /tmp/children.of.case
