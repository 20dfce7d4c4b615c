#!/bin/bash
# A service that works on more memory than its limit leaves it, its swap_limit letting it swap: pages go out and come back for seconds. That
# is told, with its name and not with that of another, which has more in swap and leaves it there; and that it is over. On a slow disk
# far fewer pages tell the same.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

message() { journal_events "$1" "${2-}" | jq -r .MESSAGE | tail -1; }
field() { journal_events swap_thrash | jq -r ".$1" | tail -1; }
swapped() { stat_of /proc/vmstat "$1"; }

ok 'guardiand starts' start_guardiand - <<'YAML'
host: {reserve: 100m}
swap: {size: 640m, reserve: 100m}
services:
  quiet: {mem_limit: 512m, swap_limit: 400m}
  hungry: {mem_limit: 64m, swap_limit: 400m}
YAML
eventually 'swap is in use' 60 '[ "$(area /swapfile Type)" = file ]'
killed=$(stat_of /proc/vmstat oom_kill)
ok 'a service takes memory' 'start_hog quiet 300 --memory 512m --memory-swap 912m && wait_for 90 "docker logs quiet | grep -q taken"'
echo 280M >"/sys/fs/cgroup/$(cgroup_of quiet)/memory.reclaim" 2>/dev/null
within 'most of which goes to swap, at once' $((200 << 20)) $((310 << 20)) "$(cg quiet memory.swap.current)"
sleep 8
is 'which is what swap is for' 0 "$(count_events swap_thrash)"

in=$(swapped pswpin) out=$(swapped pswpout) began=$SECONDS
ok 'another works on 160 MiB under a limit of 64' 'run-container hungry --memory 64m --memory-swap 464m -- hog again 160'
eventually 'it thrashes: that is told' 300 '[ "$(count_events swap_thrash)" = 1 ]'
took=$((SECONDS - began))
note "after $took s; in these, a second: $((($(swapped pswpin) - in) / (took + 1))) pages in, $((($(swapped pswpout) - out) / (took + 1))) out; $(
	head -2 /proc/pressure/memory | tr '\n' ' ')"
note "$(message swap_thrash)"
is 'with the service that causes it' hungry "$(field GUARDIAN_SERVICE)"
ok 'although another has more in swap' '[ "$(cg quiet memory.swap.current)" -gt "$(cg hungry memory.swap.current)" ]'
ok 'and how fast, both ways' '[ "$(field GUARDIAN_SWAP_IN_BYTES_PER_S)" -ge 1048576 ] && [ "$(field GUARDIAN_SWAP_OUT_BYTES_PER_S)" -ge 1048576 ]'
ok 'guardianctl shows it' "guardianctl swap | grep -q '^thrashing: yes, in .*/s, out .*/s'"
is 'and status.json' thrashing "$(swap_status .thrash)"
sleep 15
is 'it is told once' '1 0' "$(count_events swap_thrash) $(count_events swap_calm)"

docker rm -f hungry >/dev/null
eventually 'when it has ended, that is told' 90 '[ "$(count_events swap_calm)" = 1 ]'
note "$(message swap_calm)"
eventually 'and shown' 10 "guardianctl swap | grep -q '^thrashing: no'"
is 'once each' '1 1' "$(count_events swap_thrash) $(count_events swap_calm)"

# As a hard disk does, or a small volume in the cloud that has used up its credit: some tens of pages a second is all.
disk=$(findmnt -fno SOURCE /)
in=$(swapped pswpin) out=$(swapped pswpout) began=$SECONDS
ok 'the same, on a disk of 100 operations a second' "run-container hungry --memory 64m --memory-swap 464m \
	--device-read-iops $disk:100 --device-write-iops $disk:100 -- hog again 160"
eventually 'few pages move, and everybody waits for them: that is told too' 300 '[ "$(count_events swap_thrash)" = 2 ]'
took=$((SECONDS - began))
note "after $took s; in these, a second: $((($(swapped pswpin) - in) / (took + 1))) pages in, $((($(swapped pswpout) - out) / (took + 1))) out"
note "$(message swap_thrash)"
is 'and of whom' hungry "$(field GUARDIAN_SERVICE)"
ok 'with rates that a disk that is well would not notice' '[ "$(field GUARDIAN_SWAP_IN_BYTES_PER_S)" -lt 1048576 ]'
docker rm -f hungry >/dev/null
is 'nobody was killed' "$killed" "$(stat_of /proc/vmstat oom_kill)"
is 'the other lives' true "$(inspect quiet .State.Running)"
