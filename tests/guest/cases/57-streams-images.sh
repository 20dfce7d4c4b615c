#!/bin/bash
# One static program and one folder, mounted into any image: here one with nothing in it at all. Who may not write the file, or has
# none, is told what to do.
# limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

IMAGE=guardian/empty
RUN=(docker run --rm -v /usr/bin/guardian-stream:/usr/local/bin/guardian-stream:ro -v /usr/local/bin/hog:/hog:ro)
FOLDER=(-v /run/guardian:/run/guardian)
STREAM=/usr/local/bin/guardian-stream

# in_empty [DOCKER-OPTION...] -- [WORD...]: guardian-stream with WORDs in an empty image; its exit status and words in $SAID.
in_empty() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	shift
	SAID=$(timeout 120 "${RUN[@]}" "${options[@]}" $IMAGE $STREAM "$@" 2>&1)
	SAID="$? $SAID"
}

trap 'code=$?; docker rm -f empty >/dev/null 2>&1; docker rmi $IMAGE >/dev/null 2>&1; lib_end $code' EXIT
ok 'an image with nothing in it' 'tar -cT /dev/null | docker import - $IMAGE >/dev/null'
ok 'guardiand starts' start_guardiand - <<'YAML'
streams: {max: 1, per_stream: 32m, group: video}
services:
  empty: {mem_limit: 256m}
YAML
eventually 'the semaphore file is there, of the group that the policy names' 20 '[ "$(stat -c "%a %G" $SEMAPHORE)" = "660 video" ]'
gid=$(getent group video | cut -d: -f3)
version=$(guardian-stream --version)

in_empty "${FOLDER[@]}" -- -- $STREAM --version
is 'it takes a slot there and becomes the command' "0 $version" "$SAID"
is 'as the counters say' 1 "$(od -An -tu8 -j512 -N8 $SEMAPHORE | xargs)"
in_empty "${FOLDER[@]}" -- -- /no-such-program
is 'a command that is not there is told' 127 "${SAID%% *}"

ok 'a static program in a slot' '"${RUN[@]}" -d --name empty "${FOLDER[@]}" $IMAGE $STREAM --name still -- /hog 1 >/dev/null'
eventually 'holds it' 60 '[ "$(slots_held)" = 1 ]'
eventually 'guardianctl shows it' 20 'guardianctl slots | grep -q still'
in_empty "${FOLDER[@]}" -- -- $STREAM --version
is 'the next container is refused' '75 guardian-stream: no free slot: 1 of 1 in use' "$SAID"
docker kill empty >/dev/null
eventually 'until that one ends' 20 '[ "$(slots_held)" = 0 ]'

in_empty "${FOLDER[@]}" --user 4242 -- -- $STREAM --version
is 'a user outside the group may not' "77 guardian-stream: cannot write $SEMAPHORE: it is for group $gid, to which this process does not belong (docker run --group-add $gid)" "$SAID"
in_empty "${FOLDER[@]}" --user 4242 --group-add "$gid" -- -- $STREAM --version
is 'with the group it may' "0 $version" "$SAID"
in_empty -v /run/guardian:/run/guardian:ro -- -- $STREAM --version
is 'a read-only folder is told' 77 "${SAID%% *}"
in_empty -- -- $STREAM --version
is 'and none' 69 "${SAID%% *}"
note "$SAID"
in_empty -- --missing-ok -- $STREAM --version
ok 'unless it may be missing, which is never silent' '[[ $SAID == "0 "* && $SAID == *"runs without a slot"* && $SAID == *"$version"* ]]'
in_empty "${FOLDER[@]}" --read-only --cap-drop ALL --security-opt no-new-privileges --network none -- -- $STREAM --version
is 'it needs no right but to that file' "0 $version" "$SAID"
