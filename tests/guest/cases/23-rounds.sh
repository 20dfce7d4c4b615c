#!/bin/bash
# Real containers that start and are killed, over and over: guardiand holds no more descriptors, watches or memory than before, and
# the last one is under its limit like the first. By hand, in a guest that is up, for as many rounds as one likes:
#   tests/guest/guest ssh 'GUARDIAN_ROUNDS=1000 GUARDIAN_RUNTIME=runc bash /guardian/cases/23-rounds.sh'
# A round is one container. GUARDIAN_RUNTIME=runc starts it without Docker (2 s a round under emulation instead of 10): the same
# runtime, the same scope of systemd, of the name Docker gives; guardiand finds it by a glob, and asks Docker for its name in vain.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

rounds=${GUARDIAN_ROUNDS:-20} runtime=${GUARDIAN_RUNTIME:-docker} batch=4
limit=$((48 << 20))
bundle=$LIB_DATA/run/bundle
scopes=()

scope_of() { echo "/sys/fs/cgroup/system.slice/docker-$1.scope"; } # ID

# by_api VERB: of all containers at once, which the docker command would take one after the other.
by_api() {
	local i
	for i in $(seq "$batch"); do
		curl -sf -m 300 --unix-socket /run/docker.sock -X POST "http://docker/containers/round$i/$1" &
	done
	wait
}

docker_prepare() {
	local i id
	for i in $(seq "$batch"); do
		id=$(docker create --name "round$i" --network none -v /usr/local/bin/hog:/hog:ro guardian/base /hog 1) || return 1
		scopes+=("$(scope_of "$id")")
	done
}
docker_start() { by_api start; }
docker_kill() { by_api kill; }

# A folder a container, because runc reads config.json there; ids are as long as Docker's.
runc_prepare() {
	local i id
	for i in $(seq "$batch"); do
		id=$(printf '%064x' "$i")
		scopes+=("$(scope_of "$id")")
		mkdir -p "$bundle$i/rootfs"
		cp /usr/local/bin/hog "$bundle$i/rootfs/hog"
		(cd "$bundle$i" && runc spec && jq --arg path "system.slice:docker:$id" '.process.args = ["/hog", "1"] |
			.process.terminal = false | .root.readonly = true | .linux.cgroupsPath = $path | del(.hostname) |
			.linux.namespaces = [{"type": "pid"}, {"type": "mount"}] | del(.linux.maskedPaths, .linux.readonlyPaths) |
			.mounts = [{"destination": "/proc", "type": "proc", "source": "proc"}]' config.json >new && mv new config.json)
	done
}
runc_start() {
	local i
	for i in $(seq "$batch"); do
		runc --systemd-cgroup run -d --bundle "$bundle$i" "round$i" </dev/null >/dev/null 2>&1 &
	done
	wait
}
runc_kill() {
	local i
	for i in $(seq "$batch"); do runc --systemd-cgroup delete -f "round$i" & done
	wait
}

all_limited() {
	local scope
	for scope in "${scopes[@]}"; do [ "$(val "$scope/memory.max")" = "$limit" ] || return 1; done
}

all_gone() {
	local scope
	for scope in "${scopes[@]}"; do [ ! -e "$scope" ] || return 1; done
}

# one_batch [LAST]: every one gets its limit, then all are killed, the last ones not.
# shellcheck disable=SC2120 # called by name too
one_batch() {
	"${runtime}_start"
	wait_for 60 all_limited 0.1 || return 1
	[ -n "${1-}" ] || { "${runtime}_kill" && wait_for 60 all_gone 0.1; }
}

pid_of_guardiand() { systemctl show -p MainPID --value guardiand; }
open_files() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
watches() { cat "/proc/$pid/fdinfo/"* 2>/dev/null | grep -c '^inotify'; }
resident_kib() { stat_of "/proc/$pid/status" VmRSS; }
figures() { echo "$(open_files) descriptors, $(watches) watches, $(resident_kib) KiB resident"; }

policy=/tmp/rounds.yaml
echo services: >$policy
case $runtime in
docker) for i in $(seq "$batch"); do echo "  round$i: {mem_limit: 48m}"; done ;;
*) echo "  rounds: {cgroup: 'system.slice/docker-*.scope', mem_limit: 48m}" ;;
esac >>$policy
ok 'guardiand starts before anything runs' start_guardiand $policy
pid=$(pid_of_guardiand)
ok "$batch containers are prepared" "${runtime}_prepare"
ok 'they start, are limited and are killed' one_batch
sleep 5
files=$(open_files) before=$(watches) resident=$(resident_kib) began=$SECONDS done=0
note "before: $(figures)"
while [ $((done + batch)) -lt "$rounds" ] && one_batch; do
	done=$((done + batch))
	[ $((done % 100)) -ne 0 ] || note "after $done rounds and $((SECONDS - began)) s: $(figures)"
done
ok 'the last ones too are under their limits' one_batch last
done=$((done + batch))
within "$rounds rounds are done" "$rounds" $((rounds + batch)) "$done"
note "$done rounds with $runtime took $((SECONDS - began)) s"
"${runtime}_kill"
ok 'they are gone' wait_for 60 all_gone
sleep 2
eventually 'no descriptor stays' 30 "[ \"\$(open_files)\" -le $files ]"
eventually 'and no watch' 30 "[ \"\$(watches)\" -le $before ]"
within 'nor more than half a MiB of memory' 0 512 $(($(resident_kib) > resident ? $(resident_kib) - resident : 0))
note "after: $(figures)"
is 'guardiand is the same process' "$pid" "$(pid_of_guardiand)"
is 'nothing failed' 0 "$(($(count_events limit_failed) + $(count_events limit_surrendered)))"
