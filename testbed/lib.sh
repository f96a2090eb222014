# Shared by the runner and the shell tests: what a test says about itself, the sandbox that it runs in, and networks of
# several hosts. A test sources it with: . "$HAM_ROOT/testbed/lib.sh"

HAM_ROOT=${HAM_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
HAM_BUILD=${HAM_BUILD:-$HAM_ROOT/build}
HAM_TESTS=$HAM_ROOT/capi-tests
CC=${CC:-cc}
export HAM_ROOT HAM_BUILD HAM_TESTS CC

fail() { echo "FAILED: $*"; exit 1; }
skip() { echo "$*"; exit 77; }

# needs PROGRAM...: skips the test when one is missing.
needs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

# ---- The sandbox -----------------------------------------------------------------------------------------------------

can_sandbox() { [ "$(id -u)" = 0 ] || unshare -Ur true 2>/dev/null; }

# sandbox NETWORK COMMAND...: runs COMMAND in mount, process and network namespaces of its own, with an empty /run (so that
# `ip netns` names are private). All of it vanishes, processes too, when COMMAND ends or the sandbox is killed.
# NETWORK: lo    loopback only, with the route that IPv6 multicast needs there;
#          pair  the same, and eth0 to the namespace `peer`, where its other end is eth0, too;
#          host  the network outside.
sandbox() {
    local network=$1 flags=(-m -p -f --kill-child --mount-proc)
    shift
    [ "$(id -u)" = 0 ] || flags+=(-U -r)
    [ "$network" = host ] || flags+=(-n)
    # The inner shell stays process 1: as such, the test itself would be immune to its own signals.
    unshare "${flags[@]}" bash -c '
        . "$1/testbed/lib.sh"; network=$2; shift 2
        mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/lock || exit 1
        [ "$network" = host ] || loopback_up || exit 1
        [ "$network" != pair ] || { pair_up || exit 1; }
        "$@"; exit $?' sandbox "$HAM_ROOT" "$network" "$@"
}

loopback_up() {
    # Duplicate address detection would only delay the tests.
    sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
    ip link set lo up
    ip -6 route add local ff00::/8 dev lo table local
}

pair_up() {
    host peer
    ip link add eth0 type veth peer name eth0 netns peer
    configure "" eth0 10.46.0.1/24 fd46::1/64
    configure peer eth0 10.46.0.2/24 fd46::2/64
    wait_until 20 usable "" eth0 && wait_until 20 usable peer eth0 || fail "the link does not become usable"
    ip route add 224.0.0.0/4 dev eth0
}

# usable HOST DEVICE: IPv6 multicast can be sent there.
usable() {
    on "$1" ip -6 route show table local | grep -q "^multicast ff00::/8 dev $2" &&
        on "$1" ip -6 addr show dev "$2" scope link | grep -v tentative | grep -q inet6
}

# ---- Hosts and links -------------------------------------------------------------------------------------------------

# host NAME...: a host each. on NAME COMMAND...: runs COMMAND there ("" is the sandbox's own namespace).
host() {
    local name
    for name in "$@"; do
        ip netns add "$name" || fail "no network namespace"
        on "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
            net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
        on "$name" ip link set lo up
    done
}

on() {
    local name=$1
    shift
    if [ -n "$name" ]; then ip netns exec "$name" "$@"; else "$@"; fi
}

# link HOST DEVICE HOST DEVICE: a cable.
link() { on "$1" ip link add "$2" type veth peer name "$4" netns "$3" || fail "no link $*"; }

# configure HOST DEVICE ADDRESS...: addresses, up.
configure() {
    local host=$1 device=$2 address
    shift 2
    for address in "$@"; do
        case $address in
            *:*) on "$host" ip -6 addr add "$address" dev "$device" nodad ;;
            *) on "$host" ip addr add "$address" dev "$device" ;;
        esac || fail "no address $address for $device"
    done
    on "$host" ip link set "$device" up || fail "$device does not go up"
}

# lan HOST...: hosts on a switch that snoops IGMPv3 and MLDv2 and is the querier. Host number i has eth0 with 10.0.0.i and
# fd00::i. The switch is the host `switch` with the bridge br0 (10.0.0.254); its port to HOST is named HOST.
lan() {
    local i=0 name
    host switch "$@"
    # The intervals first: the querier starts with those that it finds. In hundredths of a second.
    on switch ip link add br0 type bridge mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 \
        mcast_query_interval 200 mcast_query_response_interval 50 mcast_startup_query_interval 50 \
        mcast_last_member_interval 20 mcast_membership_interval 600 forward_delay 0
    configure switch br0 10.0.0.254/24 fd00::fe/64
    for name in "$@"; do
        i=$((i + 1))
        link switch "$name" "$name" eth0
        on switch ip link set "$name" master br0 up
        configure "$name" eth0 "10.0.0.$i/24" "fd00::$i/64"
        on "$name" ip route add default dev eth0
    done
    on switch ip link set br0 type bridge mcast_querier 1
    sleep 2
}

# wait_switched GROUP HOST...: until the switch of `lan` has learned that these hosts are members; before, it sends them nothing.
wait_switched() {
    local group=$1 port
    shift
    for port in "$@"; do
        wait_until 20 eval "on switch bridge mdb show dev br0 | grep 'port $port' | grep -q 'grp $group '" || {
            on switch bridge mdb show dev br0
            fail "the switch knows no member of $group at $port"
        }
    done
}

# wait_until SECONDS COMMAND...: until COMMAND succeeds.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# said TEXT FILE: FILE has a line that is TEXT. wait_said: waits for it.
said() { grep -qxF -- "$1" "$2"; }
wait_said() { wait_until "${3:-20}" said "$1" "$2" || { echo "no line \"$1\" in $2, which says:"; cat "$2"; fail "${4:-$1}"; }; }

# ---- Peers -----------------------------------------------------------------------------------------------------------

# build_peers: the programs ./ham (libham) and ./bsd (plain sockets) in the current folder.
build_peers() {
    local strict=(-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror)
    $CC "${strict[@]}" -I"$HAM_ROOT/include" "$HAM_TESTS/common/ham.c" -o ham -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" \
        -Wl,--no-as-needed -lham || fail "the libham peer does not compile"
    $CC "${strict[@]}" "$HAM_TESTS/common/bsd.c" -o bsd || fail "the BSD peer does not compile"
}

# ham_start NAME HOST [INTERFACE...]: a libham program on HOST that obeys commands (see common/ham.c).
# tell NAME COMMAND...: sends it one and waits until it is done. What it says is in NAME.out.
ham_start() {
    local name=$1 host=$2
    shift 2
    rm -f "$name.in"
    mkfifo "$name.in"
    : >"$name.out"
    on "$host" ./ham "$@" <"$name.in" >"$name.out" 2>"$name.err" &
    eval "pid_$name=$! ; exec {fd_$name}>$name.in "
    wait_until 20 said "ready" "$name.out" || { cat "$name.out" "$name.err"; fail "$name does not start"; }
}

# tell NAME COMMAND...: waits until it is done, TELL_SECONDS at most (20). The peer's own output says how many commands there were, so
# that it works in subshells, too. begin_tell does not wait for the end of the command, end_tell does.
begin_tell() {
    local name=$1 fd=fd_$1 next
    shift
    next=$(($(grep -c '^done ' "$name.out") + 1))
    eval "told_$name=$next"
    echo "$*" >&"${!fd}"
}
end_tell() {
    local name=$1 told=told_$1
    shift
    wait_until "${TELL_SECONDS:-20}" said "done ${!told}" "$name.out" ||
        { cat "$name.out" "$name.err"; fail "$name does not end ${*:-its command}"; }
}
tell() {
    begin_tell "$@"
    end_tell "$@"
}

# must NAME COMMAND...: tell, and COMMAND has to succeed.
must() {
    local name=$1 told
    tell "$@"
    told=told_$1
    ! grep -q "^error ${!told} " "$name.out" || { cat "$name.out" "$name.err"; fail "$*"; }
}

stop() {
    local name pid fd
    for name in "$@"; do
        pid=pid_$name fd=fd_$name
        # Not by the end of its input: what was started meanwhile holds that open, too.
        echo quit >&"${!fd}"
        eval "exec ${!fd}>&-"
        wait "${!pid}" || { cat "$name.out" "$name.err"; fail "$name ended with status $?"; }
    done
}

# compile_api TEST FLAGS...: capi-tests/api/TEST.c, or capi-tests/TEST.c where TEST names a folder, as ./${TEST##*/}, with other flags
# than the runner's.
compile_api() {
    local test=$1 source=$HAM_TESTS/api/$1.c
    [[ $test != */* ]] || source=$HAM_TESTS/$test.c test=${test##*/}
    shift
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -pthread -I"$HAM_ROOT/include" -I"$HAM_TESTS/common" \
        "$source" -o "./$test" -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed "$@" ||
        fail "$test does not compile"
}
