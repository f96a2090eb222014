# Sourced by the shell tests of framed groups.

. "$HAM_ROOT/testbed/lib.sh"

# build_numbers: the program ./ham, so that ham_start, tell and must of testbed/lib.sh drive it (see numbers.c).
build_numbers() {
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" -I"$HAM_TESTS/common" \
        "$HAM_TESTS/common/numbers.c" -o ham -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lhamx ||
        fail "the peer of these tests does not compile"
}

# peer WHAT...: the frame in Python; see peer.py.
peer() { python3 "$HAM_TESTS/frame/peer.py" "$@"; }

# mapped NAME: the IPv4 and the IPv6 Group Address.
mapped() { peer map "$1" | cut -d ' ' -f 3-; }

# Some of their commands send for long.
TELL_SECONDS=30

# answer NAME COMMAND...: the last line that NAME prints for a command.
answer() {
    local name=$1 before
    before=$(wc -l <"$name.out")
    tell "$@"
    tail -n "+$((before + 1))" "$name.out" | grep -v '^done \|^heard ' | tail -n 1
}

# sends NAME GROUP COUNT SIZE GAP: numbered messages; no send may fail.
sends() {
    local name=$1
    shift
    [ "$(answer "$name" numbers "$@")" = "failed 0" ] || { tail -n 5 "$name.out" "$name.err"; fail "$name: a send fails: $*"; }
}

# sends_to RECEIVER NAME GROUP COUNT SIZE GAP: the same, but never more ahead of RECEIVER than its buffers hold.
sends_to() {
    local receiver=$1 name=$2 group=$3 count=$4 some
    while [ "$count" -gt 0 ]; do
        some=$((count < 50 ? count : 50))
        sends "$name" "$group" $some "$5" "$6"
        count=$((count - some))
        answer "$receiver" count >/dev/null
    done
}

# value NAME KEY: one number of ham_statistics.
value() { answer "$1" statistics | grep -oP " $2 \K[0-9]+"; }
# if_value NAME INTERFACE KEY: one of ham_interfaceStatistics.
if_value() { answer "$1" interface "$2" | grep -oP " $3 \K[0-9]+"; }

# settled NAME: its answer to count, as soon as it has not changed for half a second.
settled() {
    local last='' now
    now=$(answer "$1" count)
    while [ "$now" != "$last" ]; do
        last=$now
        sleep 0.5
        now=$(answer "$1" count)
    done
    echo "$now"
}

# heard_all NAME COUNT: so many different numbered messages, whole, none twice, and nothing after them.
heard_all() {
    local heard distinct twice damaged
    at_least() { read -r _ _ distinct _ <<<"$(answer "$1" count)"; [ "$distinct" -ge "$2" ]; }
    wait_until 20 at_least "$1" "$2"
    read -r _ heard distinct twice damaged _ <<<"$(settled "$1")"
    [ "$heard $distinct $twice $damaged" = "$2 $2 0 0" ] ||
        { answer "$1" statistics; tail -n 5 "$1.err"
          fail "$1 heard $heard messages, $distinct different ones, $twice twice, $damaged damaged; wanted $2"; }
}

# heard_text NAME TEXT GROUP: a message without a number.
heard_text() { wait_said "heard $2 as $3" "$1.out"; }

# second_link: eth1 beside eth0, to the namespace `peer` (network: pair).
second_link() {
    ip link add eth1 type veth peer name eth1 netns peer
    configure "" eth1 10.47.0.1/24 fd47::1/64
    configure peer eth1 10.47.0.2/24 fd47::2/64
    wait_until 20 usable "" eth1 && wait_until 20 usable peer eth1 || fail "the second link does not become usable"
}

# drop HOST RULE...: packets that come in by eth0 and that the rule takes are lost. undrop HOST: no more.
drop() {
    local host=$1 rule rules=
    needs nft
    shift
    for rule in "$@"; do rules+="add rule netdev loss in $rule counter drop;"; done
    on "$host" nft "add table netdev loss; add chain netdev loss in { type filter hook ingress device eth0 priority 0; }; $rules" ||
        skip "the kernel has no netdev hook"
}
dropped() { on "$1" nft list table netdev loss | grep -oP 'packets \K[0-9]+' | awk '{ n += $1 } END { print n + 0 }'; }
undrop() { on "$1" nft delete table netdev loss; }

# datagrams_only HOST: no trains of datagrams on its wire, which a loss would take as a whole.
datagrams_only() {
    needs ethtool
    on "$1" ethtool -K eth0 tx-udp-segmentation off gso off >/dev/null || skip "the segmentation cannot be switched off"
}
