#!/bin/bash
# kill -9 of guardiand at ten moments of the making of a swap file, from the first byte to swapon: each leaves either no file or a
# whole one, and no block that nobody owns; the next start brings the making to its end.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

FILE=/mnt/disk/swap.file
MIB=64
SLOW=/sys/fs/cgroup/slow-of-case

trap 'kill -9 "$pid" 2>/dev/null; wait_for 10 "rmdir $SLOW"; lib_end' EXIT
pid=''

# By itself and not as a unit, which systemd would start again before anybody could look.
start() { # BYTES_PER_S|max
	echo "$(findmnt -fno MAJ:MIN /mnt/disk) wbps=$1" >"$SLOW/io.max"
	(
		echo "$BASHPID" >"$SLOW/cgroup.procs"
		exec guardiand </dev/null >/dev/null 2>&1
	) &
	pid=$!
}

finish() { # SIGNAL
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null
}

whole() { [ "$(stat -c '%s %a %u' "$FILE")" = "$((MIB << 20)) 600 0" ] && swaplabel "$FILE" | grep -q '^LABEL: *guardiand$'; }

# What the disk has free: to 2 MiB, since its own blocks move by some kB.
is_free() { # KIB
	local off=$(($(free_kib /mnt/disk) - $1))
	[ "${off#-}" -le 2048 ]
}

progress() { grep -oE '"phase": *"[a-z ]+"|"done_bytes": *[0-9]+' /run/guardian/status.json | sed 's/.*: *//' | tr -d '"' | tr '\n' ' '; }

round() { # NAME WHEN
	local moment
	rm -rf /run/guardian/state /run/guardian/status.json # a host that has never seen guardiand
	start $((16 << 20))
	eval "$2"
	moment=$(progress)
	finish KILL
	if [ ! -e "$FILE" ]; then
		seen="$seen$moment none,"
		ok "$1 (${moment:-before or after it}): no file is left, and no block" "wait_for 20 'is_free $all'"
	else
		seen="$seen$moment whole,"
		ok "$1 (${moment:-before or after it}): the file is whole, and nothing else is left" "whole && wait_for 20 'is_free $((all - MIB * 1024))'"
	fi
	start max
	eventually 'the next start brings it to its end' 60 "[ \"\$(area $FILE Type)\" = file ] && whole"
	finish TERM
	swapoff "$FILE"
	rm -f "$FILE"
}

# Without extents there is no fallocate(2), so that guardiand writes zeros, here 16 MB of them a second.
ok 'a disk on which zeros must be written, and slowly' \
	'disk disk 200 mkfs.ext2 -q -m 0 && mkdir "$SLOW" && [ -e "$SLOW/io.max" ]'
mountpoint -q /mnt/disk || exit 1
printf 'swap: {file: %s, size: %sm, reserve: 0b}\nservices: {}\n' "$FILE" "$MIB" >/etc/guardian.yaml
all=$(free_kib /mnt/disk) seen=''

round 'killed at once' 'wait_for 20 "[ -n \"\$(progress)\" ]" 0.1'
for tenths in 4 9 15 22 29 36 43; do
	round "after $((tenths / 10)).$((tenths % 10)) s" "sleep $((tenths / 10)).$((tenths % 10))$((RANDOM % 10))"
done
round 'as it gets its name' "until [ -e $FILE ]; do :; done"
round 'as it is switched on' "until grep -q $FILE /proc/swaps; do :; done"

ok 'the moments were different ones' '[ "$(tr , "\n" <<<"$seen" | sort -u | wc -l)" -ge 5 ]'
ok 'with no file, and with a whole one' 'grep -q none <<<"$seen" && grep -q whole <<<"$seen"'
is 'nobody was told of a failure' 0 "$(count_events swap_failed)"
