# shellcheck shell=bash
# How the guest's virtual machine is started and spoken to: the one place that knows qemu's command line. Sourced by `guest`.
# A saved memory state fits only the very machine it was saved on, so this file is part of that state's key.

# shellcheck disable=SC2034 # used by those who source this
VM_MEM=3840           # MiB, about a t3.medium
VM_WALL_LIMIT=80m     # no guest outlives this, whatever happens to its owner

vm_say() { echo "guest: $*" >&2; }

# KVM only when asked for: test machines offer devices that open and then do not work, and results must compare.
vm_accel() { echo "${GUARDIAN_ACCEL:-tcg}"; }

# Key of a saved memory state.
vm_key() {
	{
		cat "${BASH_SOURCE[0]}"
		vm_accel
		qemu-system-x86_64 --version
	} | sha256sum | cut -c1-12
}

# vm_start IMAGE DIR MEM [EXTRA...]: runs qemu in the background on DIR/overlay.qcow2; DIR/pid when it runs, DIR/qemu.log if not.
vm_start() {
	local image=$1 dir=$2 mem=$3 accel
	shift 3
	accel=$(vm_accel)
	[ "$accel" != tcg ] || accel=tcg,thread=multi,tb-size=512
	rm -f "$dir"/monitor.in "$dir"/monitor.out
	mkfifo "$dir/monitor.in" "$dir/monitor.out"
	setsid timeout --kill-after=10 "$VM_WALL_LIMIT" qemu-system-x86_64 \
		-M q35 -accel "$accel" -cpu max -smp 2 -m "$mem" \
		-kernel "$image/vmlinuz" -initrd "$image/initrd" \
		-append 'root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off nowatchdog tsc=reliable panic=5' \
		-drive "file=$dir/overlay.qcow2,if=virtio,cache=unsafe,discard=unmap" \
		-nic user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:0-:22 \
		-device virtio-rng-pci -display none -serial "file:$dir/console.log" \
		-chardev "pipe,id=monitor,path=$dir/monitor" -mon chardev=monitor -pidfile "$dir/pid" \
		"$@" </dev/null >"$dir/qemu.log" 2>&1 9>&- &
	disown
}

# vm_monitor DIR COMMAND: one command to qemu's monitor, its answer on stdout.
vm_monitor() {
	local dir=$1 line
	exec {to}<>"$dir/monitor.in" {from}<>"$dir/monitor.out"
	while IFS= read -r -t 0.05 -u "$from" line; do :; done
	printf '%s\n' "$2" >&"$to"
	while IFS= read -r -t 0.3 -u "$from" line; do printf '%s\n' "$line"; done
	exec {to}>&- {from}>&-
}

vm_alive() {
	local pid
	pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ] && grep -q '^qemu' "/proc/$pid/comm" 2>/dev/null
}

# The port on 127.0.0.1 that qemu itself chose for the guest's ssh: nobody else can have taken it.
vm_port() { vm_monitor "$1" 'info usernet' | awk '$1 ~ /^TCP\[HOST_FORWARD\]/ { print $4; exit }'; }

# vm_save DIR FILE: the running guest's memory and devices to FILE; the guest stands still from here on. It is not stopped first:
# the state would remember that, and a guest started from it would stand still too.
vm_save() {
	local dir=$1 file=$2 state tries
	vm_monitor "$dir" 'migrate_set_parameter max-bandwidth 10G' >/dev/null
	vm_monitor "$dir" "migrate -d \"exec:cat >'$file'\"" >/dev/null
	for ((tries = 0; tries < 400; tries++)); do
		state=$(vm_monitor "$dir" 'info migrate' | sed -n 's/^Migration status: \([a-z]*\).*/\1/p')
		case $state in
		completed) return 0 ;;
		failed | cancelled) return 1 ;;
		esac
	done
	return 1
}

vm_stop() {
	local pid tries
	pid=$(cat "$1/pid" 2>/dev/null) || return 0
	vm_alive "$1" && kill "$pid" 2>/dev/null
	for ((tries = 0; tries < 100; tries++)); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null || true
}
