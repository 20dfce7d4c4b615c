# shellcheck shell=bash
# What a guest case is written with; sourced by each case, inside the guest. Sourcing it cleans the machine and takes the journal's
# position, leaving it cleans again, so a case neither sees nor leaves a trace. A case says what it found in lines `ok N - text`,
# `not ok N - text` and `# detail`, and waits on conditions, never on times: the guest is emulated and slow.
set -u

LIB_DATA=/var/lib/guardian-guest
LIB_NUMBER=0
LIB_FAILED=0
LIB_BEGAN=0

note() { printf '# %s\n' "$*"; }

# ok DESCRIPTION COMMAND...: passes when the command (a single word: a shell expression) is true.
ok() {
	local what=$1
	shift
	if lib_true "$@"; then lib_pass "$what"; else lib_fail "$what" "false: $*"; fi
}

# is DESCRIPTION EXPECTED ACTUAL
is() { if [ "$2" = "$3" ]; then lib_pass "$1"; else lib_fail "$1" "expected: $2" "     got: $3"; fi; }

# within DESCRIPTION LOW HIGH ACTUAL: a number between two others, both included.
within() {
	if [ "$4" -ge "$2" ] 2>/dev/null && [ "$4" -le "$3" ]; then
		lib_pass "$1"
	else
		lib_fail "$1" "expected: $2..$3" "     got: $4"
	fi
}

# eventually DESCRIPTION SECONDS CONDITION: passes as soon as the condition holds, fails when it does not in time.
eventually() { if wait_for "$2" "$3"; then lib_pass "$1"; else lib_fail "$1"; fi; }

# skip REASON: the case cannot run here; ends it.
skip() {
	LIB_NUMBER=$((LIB_NUMBER + 1))
	printf 'ok %d - # SKIP %s\n' "$LIB_NUMBER" "$*"
	exit 0
}

lib_true() { if [ $# -eq 1 ]; then eval "$1"; else "$@"; fi; }

lib_pass() {
	LIB_NUMBER=$((LIB_NUMBER + 1))
	printf 'ok %d - %s\n' "$LIB_NUMBER" "$1"
}

lib_fail() {
	LIB_NUMBER=$((LIB_NUMBER + 1))
	LIB_FAILED=$((LIB_FAILED + 1))
	printf 'not ok %d - %s\n' "$LIB_NUMBER" "$1"
	shift
	[ $# -eq 0 ] || printf '#   %s\n' "$@"
	[ "$LIB_FAILED" -gt 1 ] || lib_journal_tail
}

lib_journal_tail() {
	journalctl -q -t guardiand -t systemd-coredump --no-pager -n 40 -b -o short-monotonic 2>/dev/null |
		awk -v began="$LIB_BEGAN" '{ at = $0; sub(/^\[ */, "", at); if (at * 1000000 > began) print }' |
		sed 's/^/#   journal: /'
}

# wait_for SECONDS CONDITION [STEP]: polls a shell expression until it is true; says what it waited for when it never was.
wait_for() {
	local end=$((SECONDS + $1))
	until eval "$2"; do
		if [ "$SECONDS" -ge "$end" ]; then
			note "waited $1 s for: $2"
			return 1
		fi
		sleep "${3:-0.5}"
	done 2>/dev/null
}

# --- files and cgroups ---------------------------------------------------------------------------------------------------------

# val FILE: its text without the newline, "absent" when it cannot be read.
val() { cat "$1" 2>/dev/null || echo absent; }

# stat_of FILE KEY: the number beside a key, as in memory.stat, memory.events, /proc/vmstat.
stat_of() { awk -v key="$2" '$1 == key || $1 == key ":" { print $2; exit }' "$1"; }

# inspect CONTAINER JQ: what Docker says of it, as `inspect hog .State.OOMKilled`. Not by the docker command: under emulation
# that takes twice as long to start as curl.
inspect() { curl -sf -m 30 --unix-socket /run/docker.sock "http://docker/containers/$1/json" | jq -r "$2"; }

# The host's pid of a container's first process.
pid_of() { inspect "$1" .State.Pid; }

# cgroup_of CONTAINER: the path of its cgroup below /sys/fs/cgroup.
cgroup_of() { sed -n 's,^0::/,,p' "/proc/$(pid_of "$1")/cgroup"; }

# cg CONTAINER FILE: the value of a file in its cgroup, as `cg backend memory.max`.
cg() { val "/sys/fs/cgroup/$(cgroup_of "$1")/$2"; }

# --- containers ----------------------------------------------------------------------------------------------------------------

ip_of() { inspect "$1" .NetworkSettings.IPAddress; }

# http CONTAINER PATH [SECONDS]: asks the backend, prints its answer.
http() { curl -sf -m "${3:-20}" "http://$(ip_of "$1"):3000$2"; }

# start_backend [DOCKER-OPTION...]: the container `backend` (another name: NAME=other start_backend), ready when it answers.
start_backend() {
	local name=${NAME:-backend}
	run-container "$name" "$@" -- node --expose-gc /usr/local/share/guardian-guest/backend.js
	wait_for 90 "http '$name' /health 5 >/dev/null"
}

# start_postgres [DOCKER-OPTION...]: `postgres`, on a fresh copy of a data directory that the image build initialised.
start_postgres() {
	local name=${NAME:-postgres}
	mkdir -p "$LIB_DATA/run"
	rm -rf "$LIB_DATA/run/$name"
	cp -a "$LIB_DATA/pgdata" "$LIB_DATA/run/$name"
	run-container "$name" --user "$(id -u postgres):$(id -g postgres)" -v "$LIB_DATA/run/$name:/data" "$@" -- \
		/usr/lib/postgresql/15/bin/postgres -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp
	wait_for 90 "sql '$name' 'select 1' >/dev/null"
}

# sql CONTAINER QUERY
sql() { PGCONNECT_TIMEOUT=5 timeout 30 psql -h "$(ip_of "$1")" -U postgres -XAtc "$2"; }

# start_redis [DOCKER-OPTION...]
start_redis() {
	local name=${NAME:-redis}
	run-container "$name" --user "$(id -u redis):$(id -g redis)" "$@" -- \
		redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir /tmp
	wait_for 90 "[ \"\$(redis '$name' ping)\" = PONG ]"
}

# redis CONTAINER COMMAND...
redis() {
	local ip
	ip=$(ip_of "$1")
	shift
	timeout 30 redis-cli -h "$ip" "$@"
}

# start_hog NAME MIB[@MIB_PER_S] [DOCKER-OPTION...]: a container that takes so much anonymous memory and keeps it.
start_hog() {
	local name=$1 mib=${2%@*} rate=''
	[ "$mib" = "$2" ] || rate=${2#*@}
	shift 2
	run-container "$name" "$@" -- hog "$mib" ${rate:+"$rate"}
}

# --- guardiand -----------------------------------------------------------------------------------------------------------------

# start_guardiand [CONFIG|-]: installs the policy (a file, - for stdin) and starts the service; true when it is active.
start_guardiand() {
	case ${1-} in
	'') ;;
	-) cat >/etc/guardian.yaml ;;
	*) cp "$1" /etc/guardian.yaml ;;
	esac
	systemctl reset-failed guardiand.service 2>/dev/null
	timeout 60 systemctl restart guardiand.service || return 1
	wait_for 30 'systemctl is-active -q guardiand.service'
}

stop_guardiand() { timeout 60 systemctl stop guardiand.service 2>/dev/null; }

# journal_events EVENT [SERVICE]: guardiand's journal entries of that kind since the case began, one JSON object a line. By time: with
# a match besides, journalctl --after-cursor leaves out the first entry that matches.
journal_events() {
	journalctl -q --no-pager -b -o json -t guardiand "GUARDIAN_EVENT=$1" ${2:+"GUARDIAN_SERVICE=$2"} |
		jq -c --argjson began "$LIB_BEGAN" 'select((.__MONOTONIC_TIMESTAMP | tonumber) > $began)'
}

count_events() { journal_events "$@" | wc -l; }

# --- swap ----------------------------------------------------------------------------------------------------------------------

# area PATH COLUMN: of the swap area at PATH, as `area /swapfile Size` (KiB); nothing when it is not in use.
area() {
	awk -v path="$1" -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i } $1 == path { print $at }' /proc/swaps
}

# swap_status JQ: of the status file's part about swap, as `swap_status .progress.done_bytes`.
swap_status() { jq -r ".swap$1" /run/guardian/status.json; }

# disk NAME MIB MKFS...: a file system of its own, empty, at /mnt/NAME, as `disk small 200 mkfs.xfs -q`.
disk() {
	local name=$1 mib=$2
	shift 2
	mkdir -p "$LIB_DATA/disks" "/mnt/$name"
	truncate -s "${mib}M" "$LIB_DATA/disks/$name"
	"$@" "$LIB_DATA/disks/$name" >/dev/null && mount -o loop "$LIB_DATA/disks/$name" "/mnt/$name"
}

# free_kib FOLDER: of its file system, to those who are not root.
free_kib() { stat -fc '%a %S' "$1" | awk '{ printf "%d\n", $1 * $2 / 1024 }'; }

# slow_disk NAME MIB_PER_S|'': so fast, or without a bound, guardiand may write to that disk; others are not bound.
slow_disk() {
	systemctl set-property --runtime guardiand.service \
		"IOWriteBandwidthMax=${2:+$(findmnt -fno SOURCE "/mnt/$1") ${2}M}"
}

# slow_reads NAME MIB_PER_S|'': the same for what it reads from there, its children with it.
slow_reads() {
	systemctl set-property --runtime guardiand.service \
		"IOReadBandwidthMax=${2:+$(findmnt -fno SOURCE "/mnt/$1") ${2}M}"
}

lib_clean_swap() {
	local path
	awk 'NR > 1 { print $1 }' /proc/swaps | while read -r path; do swapoff "$path"; done
	find /mnt -mindepth 1 -maxdepth 1 | while read -r path; do
		umount -q "$path"
		rm -rf --one-file-system "$path"
	done
	rm -rf "$LIB_DATA/disks" /swapfile /swapfile.2
}

# make_swap FILE MIB: by hand, as another program would, and switched on.
make_swap() {
	fallocate -l "$2M" "$1" && chmod 600 "$1" && mkswap -q "$1" && swapon "$1"
}

# --- streams -------------------------------------------------------------------------------------------------------------------

SEMAPHORE=/run/guardian/streams.sem
# A small live picture, as fast as a camera sends it.
FFMPEG=(ffmpeg -v error -nostdin -threads 1 -re -f lavfi -i testsrc=size=160x120:rate=2 -threads 1 -f mjpeg -y /dev/null)

# start_stream NAME [DOCKER-OPTION...]: FFmpeg in a slot, in a container of its own.
start_stream() {
	local name=$1
	shift
	run-container "$name" -v /run/guardian:/run/guardian "$@" -- guardian-stream --name "$name" -- "${FFMPEG[@]}"
}

# ffmpegs CONTAINER: the host's pids of its FFmpeg processes, the oldest first.
ffmpegs() {
	local pid
	sort -n "/sys/fs/cgroup/$(cgroup_of "$1")/cgroup.procs" | while read -r pid; do
		[ "$(val "/proc/$pid/comm")" != ffmpeg ] || echo "$pid"
	done
}

# sem_locks FIRST END: how many bytes of the semaphore file, from FIRST to before END, are locked, by the kernel's own list.
sem_locks() {
	awk -v inode=":$(stat -c %i $SEMAPHORE)$" -v first="$1" -v end="$2" '
		$2 == "OFDLCK" && $4 == "WRITE" && $6 ~ inode && $7 >= first && $7 < end { n += $8 - $7 + 1 } END { print n + 0 }' /proc/locks
}
slots_held() { sem_locks 0 64; }
slots_waiting() { sem_locks 2048 2112; }

# slot_caps: the cap, the effective cap and its reason (0 full, 1 memory, 2 warning) as the file says them.
slot_caps() { od -An -tu4 -j16 -N12 "$SEMAPHORE" | xargs; }

# refused [GUARDIAN-STREAM-OPTION...]: true when there is no slot; why, in $WHY.
# shellcheck disable=SC2034 # for the cases
refused() {
	WHY=$(guardian-stream "$@" -- true 2>&1)
	[ $? -eq 75 ]
}

# --- a case's beginning and end ------------------------------------------------------------------------------------------------

lib_clean() {
	local containers
	stop_guardiand
	containers=$(docker ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$containers" ] || timeout 120 docker rm -f $containers >/dev/null
	lib_clean_swap
	rm -rf "$LIB_DATA/run" /run/guardian/state "$SEMAPHORE"
}

# lib_end [CODE]: what a case's own trap on EXIT ends with: `trap 'code=$?; ...; lib_end $code' EXIT`.
lib_end() {
	local code=${1:-$?}
	trap - EXIT
	[ "$code" -eq 0 ] || lib_fail "the case ran to its end" "it stopped with code $code"
	lib_clean
	[ "$LIB_FAILED" -eq 0 ] || code=1
	printf '1..%d\n' "$LIB_NUMBER"
	exit "$code"
}

# begin: what every case starts with.
begin() {
	trap lib_end EXIT
	trap 'exit 124' TERM INT HUP
	lib_clean
	LIB_BEGAN=$(awk '{ printf "%.0f", $1 * 1000000 }' /proc/uptime)
}

begin
