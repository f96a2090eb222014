# Sourced: a LAN of the script's own, for the demo and the tests of the examples.
#
# enter_lab makes the script run again inside a new network namespace (by a user namespace when it is not root). Each
# host is a further namespace, held by a sleeping process and not by a name: nothing can clash with another run, and
# nothing stays behind when the script ends, however it ends.

: "${HAM_ROOT:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${HAM_BUILD:=$HAM_ROOT/build}"
[ -w "$HAM_BUILD" ] && : "${BIN:=$HAM_BUILD/examples}"
: "${BIN:=${TMPDIR:-/tmp}/ham-examples-$(id -u)}"
export HAM_ROOT HAM_BUILD BIN
declare -A HOST_PID

skip() { echo "$*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

enter_lab() {
    [ -z "${HAM_LAB:-}" ] || return 0
    export HAM_LAB=1
    local how=-Urn
    [ "$(id -u)" != 0 ] || how=-n
    unshare $how true 2>/dev/null || skip "no new network namespace can be made here (unshare $how)"
    exec unshare $how bash "$0"
}

# What the processes of a lab leave for one another.
open_lab() {
    LAB=$(mktemp -d)
    trap close_lab EXIT
    trap 'exit 1' INT TERM HUP
    ip link set lo up
    ip link add sw0 type bridge forward_delay 0 && ip link set sw0 up || fail "no bridge can be made here"
}

close_lab() {
    local pids
    pids="${HOST_PID[*]} $(jobs -p)"
    kill $pids 2>/dev/null
    wait $pids 2>/dev/null
    rm -rf "$LAB"
}

# host NAME N: a host on the switch with the device lan0, 10.46.0.N and fd46::N.
host() {
    local name=$1 n=$2 pid
    unshare -n sleep 300 &
    pid=$!
    HOST_PID[$name]=$pid
    for _ in $(seq 100); do
        [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/$$/ns/net)" ] || break
        sleep 0.02
    done
    ip link add "sw-$name" type veth peer name lan0 netns "$pid"
    ip link set "sw-$name" master sw0 up
    on "$name" sh -c "ip link set lo up && ip addr add 10.46.0.$n/24 dev lan0 &&
        ip -6 addr add fd46::$n/64 dev lan0 nodad && ip link set lan0 up" || fail "host $name cannot be made"
}

# hosts_ready: IPv6 sends fail until the link-local addresses are no longer tentative.
hosts_ready() {
    local name
    for name in "${!HOST_PID[@]}"; do
        wait_until 20 sh -c "nsenter -t ${HOST_PID[$name]} -n ip -6 addr show dev lan0 scope link -tentative | grep -q fe80" ||
            fail "host $name got no IPv6 link-local address"
    done
}

# on HOST COMMAND...: runs it there, for 30 seconds at most.
on() {
    local name=$1
    shift
    timeout 30 nsenter -t "${HOST_PID[$name]}" -n "$@"
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# start LABEL HOST COMMAND...: in the background; its output goes to $LAB/LABEL and $LAB/LABEL.err, its input comes from
# the file or pipe $INPUT.
start() {
    local label=$1 name=$2
    shift 2
    timeout 30 nsenter -t "${HOST_PID[$name]}" -n "$@" <"${INPUT:-/dev/null}" >"$LAB/$label" 2>"$LAB/$label.err" &
    PID=$!
}

# joined LABEL [TIMES]: waits until the program says that it is in the group.
joined() {
    wait_until 20 said_joined "$1" "${2:-1}" || fail "$1 has joined nothing: $(cat "$LAB/$1.err")"
}

said_joined() { [ "$(cat "$LAB/$1.err" 2>/dev/null | grep -c -e joined -e ' in ham:')" -ge "$2" ]; }

# heard LABEL LINE...: waits until exactly these lines, in this order, are the program's output.
heard() {
    local label=$1
    shift
    printf '%s\n' "$@" >"$LAB/expected"
    wait_until 20 cmp -s "$LAB/expected" "$LAB/$label" ||
        fail "$label should have heard: $*; it heard: $(tr '\n' ';' <"$LAB/$label") $(cat "$LAB/$label.err")"
}

# build_examples: once, also when several tests run side by side.
build_examples() {
    [ -z "${HAM_LAB:-}" ] || return 0
    mkdir -p "$BIN"
    (
        flock 9
        make -s -C "$HAM_ROOT/c-examples" HAM_BUILD="$HAM_BUILD" OUT="$BIN"
    ) 9>"$BIN/.lock" >"$BIN/.log" 2>&1 || fail "the examples do not build: $(cat "$BIN/.log")"
}
