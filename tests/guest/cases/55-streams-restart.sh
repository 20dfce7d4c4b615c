#!/bin/bash
# guardiand is restarted, stopped, killed and upgraded while slots are held: the file stays the same inode, the cap holds without it,
# and guardianctl shows who holds what.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# The two who hold slots, the cap, and the file they are in.
all_is_well() { [ "$(stat -c %i $SEMAPHORE) $(slots_held) $(slot_caps)" = "$inode 2 2 2 0" ]; }
shows_both() { guardianctl slots | grep -q camera && guardianctl slots | grep -q by-hand; }

# What `make install` does to a program: another file by the same name.
upgrade() {
	local program
	for program in "$@"; do
		install -m 0755 "$program" "$program.new" && mv "$program.new" "$program"
	done
}

trap 'code=$?; kill $hand; lib_end $code' EXIT
ok 'guardiand starts' start_guardiand - <<'YAML'
streams: {max: 2, per_stream: 32m}
services:
  camera: {mem_limit: 512m}
YAML
eventually 'the semaphore file is there' 20 '[ "$(slot_caps)" = "2 2 0" ]'
inode=$(stat -c %i $SEMAPHORE)
ok 'a stream in a container' start_stream camera
guardian-stream --name by-hand -- sleep 900 &
hand=$!
eventually 'and one by hand hold slots' 60 all_is_well

systemctl restart guardiand.service
eventually 'restarted' 30 '[ "$(count_events started)" = 2 ]'
sleep 3
ok 'the file is the same, and all is as it was' all_is_well
eventually 'guardianctl shows both' 20 shows_both
ok 'no third one gets in' refused

stop_guardiand
ok 'stopped: the file is the same, and all is as it was' all_is_well
ok 'the cap is kept by the file' refused
is 'in the same words' 'guardian-stream: no free slot: 2 of 2 in use' "$WHY"
ok 'guardianctl shows both all the same' shows_both
guardianctl slots | sed 's/^/# /'
kill $hand
eventually 'one ends, and its slot is free' 10 '[ "$(slots_held)" = 1 ]'
ok 'it can be had without guardiand' guardian-stream -- true
guardian-stream --name by-hand -- sleep 900 &
hand=$!
eventually 'and is held again' 20 all_is_well

ok 'guardiand starts' 'systemctl start guardiand.service'
systemctl kill -s KILL --kill-whom=main guardiand.service
eventually 'killed: systemd starts it again' 60 '[ "$(count_events started)" = 4 ] && systemctl is-active -q guardiand.service'
sleep 3
ok 'all is as it was' all_is_well

ok 'the programs are replaced, as by make install' 'upgrade /usr/sbin/guardiand /usr/bin/guardianctl /usr/bin/guardian-stream && systemctl daemon-reload'
ok 'and guardiand restarted' 'systemctl restart guardiand.service'
eventually 'it has started' 30 '[ "$(count_events started)" = 5 ]'
sleep 3
ok 'all is as it was' all_is_well
ok 'the new guardian-stream knows the cap' refused
eventually 'guardianctl shows both' 20 shows_both
is 'nothing was mended, replaced or called unaccounted' 0 \
	$(($(count_events semaphore_mended) + $(count_events semaphore_replaced) + $(count_events stream_unaccounted)))

sed -i 's/max: 2/max: 1/' /etc/guardian.yaml
systemctl reload guardiand.service
eventually 'a lower cap reaches the file' 20 '[ "$(slot_caps)" = "1 1 0" ]'
is 'and nobody who runs loses a slot' "$inode 2" "$(stat -c %i $SEMAPHORE) $(slots_held)"
ok 'they are two of one' refused
is 'which is what a third is told' 'guardian-stream: no free slot: 2 of 1 in use' "$WHY"
