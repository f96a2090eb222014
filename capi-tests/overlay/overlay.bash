# Shared by the tests of overlays: hosts that reach each other by unicast alone, and programs there that obey (node.c).

. "$HAM_ROOT/testbed/lib.sh"

O=0x10000000

build_node() {
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" \
        "$HAM_TESTS/overlay/node.c" -o ham -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lhamx ||
        fail "the overlay peer does not compile"
    [ -e "$HAM_BUILD/libham-overlay.so.1" ] || skip "built without an overlay (make overlay)"
}

# unicast HOST...: hosts on a switch, 10.0.0.1 and up, that pass no multicast on.
unicast() {
    local i=0 name
    needs nft
    host switch "$@"
    on switch ip link add br0 type bridge forward_delay 0
    on switch ip link set br0 up
    for name in "$@"; do
        i=$((i + 1))
        link switch "$name" "$name" eth0
        on switch ip link set "$name" master br0 up
        configure "$name" eth0 "10.0.0.$i/24"
        on "$name" ip route add default dev eth0
        no_multicast "$name"
    done
}

# no_multicast HOST: no UDP to a multicast address leaves it.
no_multicast() {
    on "$1" nft -f - <<'N' || fail "no packet filter"
table inet none {
    chain out {
        type filter hook output priority 0;
        oifname != "lo" ip daddr 224.0.0.0/4 drop
        oifname != "lo" ip6 daddr ff00::/8 meta l4proto udp drop
    }
}
N
}

# wire HOST A HOST B: a cable between the two with addresses 10.A.B.1 and 10.A.B.2 (A < B, numbers of networks).
wire() {
    link "$1" "to$3" "$3" "to$1"
    configure "$1" "to$3" "10.$2.$4.1/24"
    configure "$3" "to$1" "10.$2.$4.2/24"
}

# node NAME HOST CONFIGURATION [INTERFACE...]: a program on HOST; the lines of its configuration come one per word behind \n.
node() {
    local name=$1 host=$2
    printf '%b\n' "$3" >"$name.toml"
    shift 3
    [ $# != 0 ] || set -- $O
    HAM_CONFIG=$name.toml ham_start "$name" "$host" "$@"
}

# router NAME HOST CONFIGURATION [INTERFACE...]: the same; it uses the overlay at once, so it is a router.
router() {
    node "$@"
    must "$1" join ham:opaque:here-i-am
    must "$1" leave ham:opaque:here-i-am
}

# process NAME: its id; what the shell knows may be its parent's.
process() { sed -n 's/^pid //p' "$1.out"; }

# kill_node NAME: at once, without its leave.
kill_node() {
    local pid=pid_$1 fd=fd_$1
    kill -KILL "$(process "$1")"
    wait "${!pid}" 2>/dev/null
    eval "exec ${!fd}>&-"
}

# answer NAME COMMAND...: what it prints for a command.
answer() {
    local name=$1 before
    before=$(wc -l <"$name.out")
    tell "$@"
    tail -n "+$((before + 1))" "$name.out" | grep -v '^done \|^event \|^heard '
}

# feed NAME: many commands at once, from standard input; waits until all are done. feed NAME SECONDS: with pauses.
feed() {
    local fd=fd_$1 all line
    cat >"$1.commands"
    all=$(($(grep -c '^done ' "$1.out") + $(wc -l <"$1.commands")))
    while read -r line; do
        echo "$line"
        [ -z "${2:-}" ] || sleep "$2"
    done <"$1.commands" >&"${!fd}"
    wait_until 20 said "done $all" "$1.out" || { cat "$1.err"; fail "$1 does not end all commands"; }
}

# reaches FROM TO NAME: until what FROM sends to the group is heard by TO.
reaches() {
    local from=$1 to=$2 name=$3 i
    probe=$((${probe:-0} + 1))
    for i in $(seq 200); do
        tell "$from" send "$name" "probe-$probe"
        grep -qx "heard probe-$probe" "$to.out" && return
        sleep 0.05
    done
    cat "$from.out" "$from.err" "$to.out" "$to.err"
    fail "what $from sends to $name does not reach $to"
}

# hears NAME TEXT [SECONDS]: it hears it. once NAME TEXT: and it has done so once.
hears() { wait_said "heard $2" "$1.out" "${3:-10}" "$1 does not hear $2"; }
once() {
    hears "$@"
    [ "$(grep -cxF "heard $2" "$1.out")" = 1 ] || { cat "$1.out"; fail "$1 hears $2 more than once"; }
}
# not NAME TEXT: it has not heard it.
not() { ! grep -qxF "heard $2" "$1.out" || fail "$1 hears $2"; }

# becomes WHAT EXPECTED-LINES COMMAND...: within a few seconds the command says just these lines, in whatever order.
becomes() {
    local what=$1 expected said end=$((SECONDS + 10))
    expected=$(sort <<<"$2" | sed '/^$/d')
    shift 2
    while :; do
        said=$("$@" 2>&1 | sort)
        [ "$said" != "$expected" ] || return 0
        [ $SECONDS -lt $end ] || break
        sleep 0.05
    done
    fail "$what
--- expected
$expected
--- said
$said"
}

# counts NAME MESSAGES: until it has heard so many; none of them damaged.
counts() {
    local n=0 i line
    for i in $(seq 200); do
        line=$(answer "$1" count)
        read -r _ more _ wrong <<<"$line"
        [ "$wrong" = 0 ] || fail "$1 hears damaged messages: $line"
        n=$((n + more))
        [ $n -lt "$2" ] || break
        sleep 0.05
    done
    [ $n = "$2" ] || fail "$1 hears $n messages, not $2"
}
