#!/bin/bash
# 200 processes fight for 5 slots, in two containers and on the host, through a bind mount and in PID namespaces of their own, and are
# killed at random: there are never six holders, and in the end none. GUARDIAN_STRESS_S: how long (20 s).
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

STRESS_S=${GUARDIAN_STRESS_S:-20}
SHARED=$LIB_DATA/run/stress

trap 'code=$?; touch "$SHARED/end"; wait; lib_end $code' EXIT
mkdir -p "$SHARED"
cp /usr/bin/sleep "$SHARED/holder"
mkfifo "$SHARED/never"

# fight COUNT FOLDER: one place's share. Each process asks again and again, every third of them in the queue.
cat >"$SHARED/fight" <<'SCRIPT'
#!/bin/bash
folder=$2
exec {never}<>"$folder/never"
one() {
	local options=()
	[ $(($1 % 3)) -ne 0 ] || options=(--wait 2s)
	while [ ! -e "$folder/end" ]; do
		guardian-stream "${options[@]}" -- "$folder/holder" "0.$((RANDOM % 9 + 1))" 2>/dev/null
		read -rt "$((RANDOM % 5 + 1)).$((RANDOM % 10))" -u "$never" # a pause without a process
	done
}
for ((i = 0; i < $1; i++)); do one "$i" & done
wait
SCRIPT

# Who runs in a slot at one and the same instant: those met in a walk through /proc that still run after it all ran at its end. One
# that is exiting (PF_EXITING) has its descriptors closed, or soon. Kills some of all those met, waiting or holding.
cat >"$SHARED/watch" <<'SCRIPT'
use strict;
my ($seconds, $most, $looks, $killed) = (shift, 0, 0, 0);
sub stat_of { open my $f, '<', "/proc/$_[0]/stat" or return; local $/; my $s = <$f> // return; $s =~ /^\d+ \((holder|guardian-stream)\) (\S) (.*)/s or return;
	my @rest = split ' ', $3; return ($1, $2, $rest[5], $rest[18]) }
my $end = time + $seconds;
while (time < $end) {
	opendir my $proc, '/proc'; my (%holder, @met);
	for (grep /^\d+$/, readdir $proc) {
		my ($comm, undef, undef, $start) = stat_of($_) or next;
		push @met, $_; $holder{$_} = $start if $comm eq 'holder';
	}
	my $now = grep { my ($comm, $state, $flags, $start) = stat_of($_);
		defined $comm && $comm eq 'holder' && $state !~ /[ZX]/ && !($flags & 4) && $start == $holder{$_} } keys %holder;
	$most = $now if $now > $most; $looks++;
	$killed += kill 9, $met[rand @met] for 1 .. (@met ? 4 : 0);
	select undef, undef, undef, 0.1;
}
print "$most $looks $killed\n";
SCRIPT

ok 'guardiand starts' start_guardiand - <<'YAML'
streams: {max: 5, per_stream: 16m, command: holder}
services:
  one: {mem_limit: 1g}
  two: {mem_limit: 1g}
YAML
eventually 'the semaphore file is there' 20 '[ "$(slot_caps)" = "5 5 0" ]'
for name in one two; do
	ok "a container: $name" run-container "$name" -v /run/guardian:/run/guardian -v "$SHARED:/stress" -- bash /stress/fight 67 /stress
done
bash "$SHARED/fight" 66 "$SHARED" 2>/dev/null &
eventually 'they fight' 60 '[ "$(slots_held)" = 5 ]'

read -r most looks killed < <(chrt -f 1 perl "$SHARED/watch" "$STRESS_S")
note "in $STRESS_S s: $looks looks, $killed killed by SIGKILL"
is 'there were five holders, and never six' 5 "$most"
within 'there was enough to see' 20 100000 "$looks"
within 'and to kill' 40 100000 "$killed"
touch "$SHARED/end"
wait
eventually 'the containers have ended too' 90 '[ "$(inspect one .State.Running) $(inspect two .State.Running)" = "false false" ]'
is 'nobody holds a slot in the end' '0 0' "$(slots_held) $(slots_waiting)"
eventually 'guardiand sees that' 30 '! guardianctl slots | grep -q holder'
taken=$(od -An -tu8 -j512 -N32 $SEMAPHORE | xargs)
note "taken, refused, waited, gave up: $taken"
ok 'slots were taken, waited for and refused meanwhile' "set -- $taken; [ \$1 -gt 20 ] && [ \$2 -gt 20 ] && [ \$3 -gt 0 ]"
is 'the cap is what it was' '5 5 0' "$(slot_caps)"
is 'guardiand is the same' 1 "$(count_events started)"
