#!/bin/bash
# A swap file on ext4, xfs and btrfs: made as the kernel wants it there, and in use. A file system that cannot carry one is refused
# before a byte is written, by its name and with the reason, in the journal and by --check.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

policy() { printf 'swap: {file: %s, size: 96m, reserve: 0b}\nservices: {}\n' "$1" >/etc/guardian.yaml; }

told() { journal_events "$1" | jq -r .MESSAGE | grep -F " $2" | tail -1; }

swap_on() { # FS MKFS...
	local fs=$1 file=/mnt/$1/swap.file
	shift
	ok "$fs: a disk" "disk $fs 320 $*"
	policy "$file"
	ok "$fs: guardiand starts" start_guardiand
	eventually "$fs: the file is in use" 60 "[ \"\$(area $file Type)\" = file ]"
	within "$fs: with the size of the policy" $((96 * 1024 - 64)) $((96 * 1024)) "$(area "$file" Size)"
	is "$fs: root's alone" '600 0 0' "$(stat -c '%a %u %g' "$file")"
	within "$fs: every block is there" $((96 << 11)) $((97 << 11)) "$(stat -c %b "$file")"
	is "$fs: it says whose it is" guardiand "$(swaplabel "$file" | sed -n 's/^LABEL: *//p')"
	ok "$fs: the beginning and the end are told" "[ -n \"\$(told swap_making $file)\" ] && [ -n \"\$(told swap_made $file)\" ]"
	[ "$fs" != btrfs ] || ok 'btrfs: without copy on write' "lsattr $file | grep -q '^[^ ]*C'"
	stop_guardiand
	swapoff "$file"
}

refused() { # FS REASON FOLDER
	local fs=$1 file=$3/swap.file
	policy "$file"
	ok "$fs: guardiand starts" start_guardiand
	eventually "$fs: it is refused" 20 "[ -n \"\$(told swap_refused $file)\" ]"
	ok "$fs: by its name and with the reason" "grep -qF '$fs' <<<\"\$(told swap_refused $file)\" && grep -qF '$2' <<<\"\$(told swap_refused $file)\""
	note "$(told swap_refused "$file")"
	is "$fs: nothing is there" '' "$(ls "$3")"
	guardiand --check >/tmp/check.of.case
	ok "$fs: --check says the same" "grep -F $file /tmp/check.of.case | grep -F '$fs' | grep -qF '$2'"
	sleep 3
	is "$fs: it is told once" 1 "$(journal_events swap_refused | jq -r .MESSAGE | grep -cF "$file")"
	is "$fs: and nothing was tried" 0 "$(journal_events swap_failed | jq -r .MESSAGE | grep -cF "$file")"
}

swap_on ext4 mkfs.ext4 -q
swap_on xfs mkfs.xfs -q
swap_on btrfs mkfs.btrfs -q

mkdir -p /mnt/a /mnt/b "$LIB_DATA/disks/upper" "$LIB_DATA/disks/work"
mount -t tmpfs -o size=200m none /mnt/a
mount -t overlay -o "lowerdir=/srv,upperdir=$LIB_DATA/disks/upper,workdir=$LIB_DATA/disks/work" none /mnt/b
refused tmpfs 'keeps its files in memory' /mnt/a
refused overlayfs 'is a layer above another file system' /mnt/b
rm -f /tmp/check.of.case
