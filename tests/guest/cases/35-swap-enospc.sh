#!/bin/bash
# A disk that has too little space for the swap file: before anything is written, and half-way, because somebody else fills it
# meanwhile. Both leave no file and every block as it was, and say what is wanted and what is free; with space, the file is made.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

message() { journal_events "$1" | jq -r .MESSAGE | tail -1; }

# To 1 MiB: the file system's own blocks move by some kB.
free_mib() { echo $((($(free_kib /mnt/small) + 512) / 1024)); }

files() { find /mnt/small -mindepth 1 -maxdepth 1 ! -name lost+found -printf '%f\n'; }

# Without extents (ext2) there is no fallocate(2), so that guardiand writes zeros.
ok 'a disk on which zeros must be written' 'disk small 400 mkfs.ext2 -q -m 0'
mountpoint -q /mnt/small || exit 1
all=$(free_mib)
note "$all MiB are free on it"

ok 'guardiand starts, and must keep more free than there is' start_guardiand - <<YAML
swap: {file: /mnt/small/swap.file, size: 256m, reserve: $((all - 200))m}
services: {}
YAML
eventually 'it is refused' 20 '[ "$(count_events swap_refused)" = 1 ]'
ok 'with what is wanted, what is free, and what must stay so' \
	"grep -qE '\(256 MiB wanted, [0-9.]+ MiB free, $((all - 200)) MiB to stay free\)' <<<\"\$(message swap_refused)\""
note "$(message swap_refused)"
is 'as fields as well' "$((256 << 20)) $(((all - 200) << 20))" \
	"$(journal_events swap_refused | jq -r '.GUARDIAN_WANTED_BYTES + " " + .GUARDIAN_RESERVE_BYTES')"
is 'nothing was begun' 0 "$(count_events swap_making)"
ok '--check says it' "guardiand --check | grep -F '/mnt/small/swap.file' | grep -q 'too little free space'"
is 'no block is taken' "$all" "$(free_mib)"

stop_guardiand
slow_disk small 16
ok 'guardiand starts, with space enough, and writes slowly' start_guardiand - <<YAML
swap: {file: /mnt/small/swap.file, size: 256m, reserve: 32m}
services: {}
YAML
eventually 'it is half-way' 60 '[ "$(swap_status .progress.done_bytes)" -ge $((48 << 20)) ]'
is 'and the file has no name yet' '' "$(files)"
dd if=/dev/zero of=/mnt/small/filler bs=1M count=$((all - 256)) 2>/dev/null
full=$((all - (all - 256)))
eventually 'somebody else fills the disk: that is told' 60 '[ "$(count_events swap_failed)" = 1 ]'
ok 'with what is missing and what is free' \
	"grep -qE 'needs [0-9.]+ MiB more and 32 MiB must stay free, but only [0-9.]+ [MK]iB are free there' <<<\"\$(message swap_failed)\""
note "$(message swap_failed)"
is 'no file is left' filler "$(files)"
within 'and no block' $((full - 1)) $((full + 1)) "$(free_mib)"
is 'no swap is in use' 1 "$(wc -l </proc/swaps)"
ok 'guardiand lives' 'systemctl is-active -q guardiand.service'

rm -f /mnt/small/filler
slow_disk small ''
eventually 'as soon as there is space, the swap is made' 150 '[ "$(area /mnt/small/swap.file Type)" = file ]'
is 'the end is told once' 1 "$(count_events swap_made)"
