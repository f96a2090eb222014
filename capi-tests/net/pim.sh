#!/bin/bash
# Across two PIM routers (FRR): any-source by a rendezvous point and source-specific, libham and BSD programs, nothing configured
# by hand: it is libham's own reports that build the trees, and its leaves that take them down.
# timeout: 90
. "$HAM_ROOT/testbed/lib.sh"
. "$HAM_TESTS/net/routed.bash"
frr=$HAM_BUILD/test-deps/frr
[ -x $frr/usr/lib/frr/pimd ] || frr=
[ -x $frr/usr/lib/frr/pimd ] || skip "FRR is not installed, nor could it be fetched"
build_peers
routed

# FRR insists on a group of its own. The sandbox has mounts of its own.
mkdir -p /run/frr
{ cat /etc/group; echo "frrvty:x:4242:root"; } >group
mount --bind group /etc/group

# routing ROUTER DEVICE...
routing() {
    local router=$1 device daemon
    shift
    mkdir "$router"
    echo "hostname $router" >"$router/zebra.conf"
    {
        for device in "$@"; do
            printf 'interface %s\n ip pim\n ip pim hello 1\n ip igmp\n ip igmp version 3\n' "$device"
            printf ' ip igmp query-max-response-time 10\n ip igmp query-interval 2\n'
            printf ' ip igmp last-member-query-interval 2\n'
        done
        echo "ip pim rp 10.1.0.2 239.0.0.0/8"
        echo "ip pim join-prune-interval 5"
    } >"$router/pimd.conf"
    for daemon in zebra pimd; do
        on "$router" env LD_LIBRARY_PATH="$frr/usr/lib/x86_64-linux-gnu/frr:$frr/usr/lib/x86_64-linux-gnu:$frr/lib/x86_64-linux-gnu" \
            $frr/usr/lib/frr/$daemon -u root -g root -N "$router" -i "$PWD/$router/$daemon.pid" --vty_socket "$PWD/$router" \
            -A 127.0.0.1 -f "$PWD/$router/$daemon.conf" --log stdout >"$router/$daemon.log" 2>&1 &
        wait_until 20 test -S "$router/$daemon.vty" || { cat "$router/$daemon.log"; fail "$daemon does not start"; }
    done
}
routing r1 north south
routing r2 north south east
wait_until 20 grep -q "NEIGHBOR UP: neighbor 10.2.0.2" r2/pimd.log || { cat r?/pimd.log; fail "the routers do not find each other"; }

asm=ham:ip:239.1.2.3:5000 ssm=ham:ip:232.1.2.3@10.1.0.1:5000
ham_start sender source eth0
ham_start near near eth0
ham_start other other eth0
must sender ttl 8

# comes TEXT FILE COMMAND...: until it is heard. Trees take a moment to grow.
comes() {
    local text=$1 file=$2 try
    shift 2
    for try in $(seq 100); do
        "$@"
        sleep 0.1
        ! said "heard $text" "$file" || return 0
    done
    on r1 ip mroute show
    on r2 ip mroute show
    cat r?/pimd.log
    fail "\"$text\" is not heard"
}

must near join $ssm
comes "libham source-specific" near.out must sender send ham:ip:232.1.2.3:5000 "libham source-specific"
comes "BSD source-specific" near.out on source ./bsd send 232.1.2.3 5000 eth0 8 "BSD source-specific"
on r2 ip mroute show | grep "(10.1.0.1,232.1.2.3)" | grep -q "Oifs: south" || fail "no tree for (S,G)"

must near join $asm
comes "libham any-source" near.out must sender send $asm "libham any-source"
comes "BSD any-source" near.out on source ./bsd send 239.1.2.3 5000 eth0 8 "BSD any-source"

# The other network joins the same tree, and BSD hears libham there.
on other ./bsd receive 239.1.2.3 5000 eth0 >bsd.out &
comes "libham to BSD" bsd.out must sender send $asm "libham to BSD"
! grep -q heard other.out || fail "heard without a join"
must other join $asm
comes "now joined" other.out must sender send $asm "now joined"

# After the leave the tree goes, though the source goes on.
must near leave $ssm
gone() {
    tell sender send ham:ip:232.1.2.3:5000 "after the leave"
    ! on r2 ip mroute show | grep "(10.1.0.1,232.1.2.3)" | grep -q "Oifs: south"
}
wait_until 20 gone || { on r2 ip mroute show; fail "the tree for (S,G) stays"; }
! said "heard after the leave" near.out || fail "heard after the leave"
stop sender near other
