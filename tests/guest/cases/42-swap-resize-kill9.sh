#!/bin/bash
# kill -9 of guardiand at nine moments of growing and shrinking a swap file: the host is left with the one file and no more of the disk taken
# than the larger size; the next start switches it on and gives it the size that the policy wants.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

FILE=/mnt/disk/swap.file
SMALL=48
LARGE=144
SLOW=/sys/fs/cgroup/slow-of-case
USER_OF_SWAP=/sys/fs/cgroup/user-of-case

trap 'code=$?; kill -9 "$pid" "$hog" 2>/dev/null; wait_for 10 "rmdir $SLOW $USER_OF_SWAP"; lib_end $code' EXIT
pid='' hog=''

policy() { printf 'host: {reserve: 100m}\nswap: {file: %s, size: %sm, reserve: 0b}\nservices: {}\n' "$FILE" "$1" >/etc/guardian.yaml; }

# By itself and not as a unit, which systemd would start again before anybody could look. RATE: bytes a second, both ways, or max.
start() { # RATE
	rm -f /run/guardian/status.json
	echo "$(findmnt -fno MAJ:MIN /mnt/disk) wbps=$1 rbps=$1" >"$SLOW/io.max"
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

kib() { echo $(($1 * 1024 - 4)); } # MIB: as /proc/swaps counts it
is_on() { [ "$(area "$FILE" Size)" = "$(kib "$1")" ]; }
is_off() { ! grep -q "^$FILE " /proc/swaps; }
whole() { [ "$(stat -c '%s %a %u' "$FILE")" = "$(($1 << 20)) 600 0" ] && swaplabel "$FILE" | grep -q '^LABEL: *guardiand$'; }
phase() { swap_status .progress.phase; }
done_mib() { swap_status '.progress.done_bytes / 1048576 | floor'; }
files() { find /mnt/disk -mindepth 1 -maxdepth 1 ! -name lost+found -printf '%f\n'; }

# What the disk has free: to 2 MiB, since its own blocks move by some kB.
is_free() { # KIB
	local off=$(($(free_kib /mnt/disk) - $1))
	[ "${off#-}" -le 2048 ]
}

# Somebody's pages go to swap, as far as it is there.
use_swap() { echo 40M >"$USER_OF_SWAP/memory.reclaim" 2>/dev/null; }

round() { # NAME MIB WHEN
	local name="$1, to $2 MiB" moment
	use_swap
	policy "$2"
	start $((12 << 20))
	# A moment may be too short to be seen; that most were different ones is asked for below.
	wait_for 60 "{ $3; } || is_on $2" 0.01 || ok "$name: the moment comes" false
	finish KILL
	moment="$(stat -c %s "$FILE") bytes, $(if is_off; then echo off; else echo "$(area "$FILE" Size) KiB on"; fi)"
	seen="$seen$moment/"
	is "$name ($moment): no other file is left" swap.file "$(files)"
	ok "$name: nor more of the disk taken than by the larger" "[ $(free_kib /mnt/disk) -ge $((all - LARGE * 1024 - 2048)) ]"
	ok "$name: no child goes on" "wait_for 10 '[ ! -s $SLOW/cgroup.procs ]'"
	start max
	eventually "$name: the next start brings it to its end" 90 "is_on $2 && whole $2 && is_free $((all - $2 * 1024))"
	is "$name: with the one file" swap.file "$(files)"
	finish TERM
	is_on "$2" || ok "$name: a stop leaves it on" false
}

# Without extents there is no fallocate(2), so that guardiand writes zeros, here 12 MB of them a second.
ok 'a disk on which zeros must be written, and slowly' \
	'disk disk 200 mkfs.ext2 -q -m 0 -b 4096 && mkdir "$SLOW" "$USER_OF_SWAP" && [ -e "$SLOW/io.max" ]'
mountpoint -q /mnt/disk || exit 1
all=$(free_kib /mnt/disk) seen=''
policy "$SMALL"
start max
eventually 'there is swap' 60 "is_on $SMALL"
finish TERM
(
	echo "$BASHPID" >"$USER_OF_SWAP/cgroup.procs"
	exec hog 60 >/tmp/hog.of.case
) &
hog=$!
eventually 'and somebody who uses it' 60 'grep -q taken /tmp/hog.of.case && use_swap; [ "$(area "$FILE" Used)" -gt 30000 ]'

round 'growing, as it is switched off' "$LARGE" is_off
round 'shrinking, while it is switched off' "$SMALL" '[ "$(phase)" = "switching off" ] && [ "$(done_mib)" -ge 4 ]'
round 'growing, a quarter done' "$LARGE" '[ "$(phase)" = zeroing ] && [ "$(done_mib)" -ge 36 ]'
round 'shrinking, as it is switched off' "$SMALL" is_off
round 'growing, three quarters done' "$LARGE" '[ "$(phase)" = zeroing ] && [ "$(done_mib)" -ge 108 ]'
round 'shrinking, as it is cut' "$SMALL" "[ \$(stat -c %s $FILE) = $((SMALL << 20)) ]"
round 'growing, as long as it is to be' "$LARGE" "[ \$(stat -c %s $FILE) = $((LARGE << 20)) ]"
round 'shrinking, as it is switched on' "$SMALL" "is_on $SMALL"
round 'growing, as it is switched on' "$LARGE" "is_on $LARGE"

ok 'the moments were different ones' '[ "$(tr / "\n" <<<"$seen" | sort -u | wc -l)" -ge 6 ]'
ok 'whose pages were in swap lives' 'kill -0 "$hog"'
is 'nobody was told of a failure' 0 "$(count_events swap_failed)"
is 'nor that somebody else switches swap off' 0 "$(count_events swap_off)"
rm -f /tmp/hog.of.case
