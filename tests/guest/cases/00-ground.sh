#!/bin/bash
# The ground that every other case stands on, without guardiand: cgroup v2 with memory control, PSI, Docker with systemd's driver,
# the three services of the incident as containers, and a kernel that kills in the cgroup that is over its limit.
# limit: 900
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

is 'the cgroup tree is unified (v2)' cgroup2fs "$(stat -fc %T /sys/fs/cgroup)"
ok 'the memory controller is there' grep -qw memory /sys/fs/cgroup/cgroup.controllers
ok 'and enabled for slices' grep -qw memory /sys/fs/cgroup/cgroup.subtree_control
ok 'PSI can be read' grep -q '^full avg10=' /proc/pressure/memory
is 'Docker uses systemd for cgroups' 'systemd 2' "$(docker info -f '{{.CgroupDriver}} {{.CgroupVersion}}')"
is 'there is no swap' 1 "$(wc -l </proc/swaps)"
for unit in earlyoom nohang monit systemd-oomd postgresql redis-server; do
	ok "$unit does not run by itself" "! systemctl is-active -q $unit.service"
done

ok 'the backend starts and answers' start_backend --memory 256m --label com.docker.compose.project=demo
is 'its health is ok' true "$(http backend /health | jq -r .ok)"
ok 'its cgroup is a scope of systemd' "[[ $(cgroup_of backend) == system.slice/docker-*.scope ]]"
is 'its limit is the one given' $((256 << 20)) "$(cg backend memory.max)"
ok 'docker update is accepted' "docker update --memory 300m --memory-swap 300m backend >/dev/null"
is 'and changes memory.max at once' $((300 << 20)) "$(cg backend memory.max)"

before=$(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.stat" anon)
is 'the backend takes anonymous memory when told' 64 "$(http backend '/anon?mb=64' | jq -r .held_mib)"
after=$(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.stat" anon)
within 'which its cgroup shows' $((60 << 20)) $((90 << 20)) $((after - before))
is 'the backend fills the page cache when told' 32 "$(http backend '/file?mb=32' 60 | jq -r .read_mib)"
ok 'which is counted as file' "[ $(stat_of "/sys/fs/cgroup/$(cgroup_of backend)/memory.stat" file) -ge $((30 << 20)) ]"
ok 'the backend runs an FFmpeg stream' 'http backend /stream >/dev/null'
# shellcheck disable=SC2046 # a list of paths
in_cgroup() { grep -qsx "$2" $(sed 's,.*,/proc/&/comm,' "/sys/fs/cgroup/$(cgroup_of "$1")/cgroup.procs"); }
eventually 'as a process of its own cgroup' 30 'in_cgroup backend ffmpeg'

ok 'PostgreSQL starts' start_postgres
is 'and answers a query' 42 "$(sql postgres 'select 6 * 7')"
ok 'Redis starts' start_redis
is 'and answers' PONG "$(redis redis ping)"

ok 'a hog starts in a container of 64 MiB' start_hog hog 200 --memory 64m --memory-swap 64m
eventually 'and is stopped' 60 '[ "$(inspect hog .State.Running)" = false ]'
is 'by SIGKILL' 137 "$(inspect hog .State.ExitCode)"
is 'while the backend is still well' true "$(http backend /health | jq -r .ok)"
