# A routed network: the source, two routers, and two receivers, each on a network of its own.
#
#   source --- r1 --- r2 --- near
#    10.1      10.2   |      10.3
#                     +----- other 10.4
# IPv6 is the same with fd01:: to fd04::. Host part 1 is the end, 2 the router nearer to the source, 3 the farther one.

routed() {
    host source r1 r2 near other
    link source eth0 r1 north
    link r1 south r2 north
    link r2 south near eth0
    link r2 east other eth0
    configure source eth0 10.1.0.1/24 fd01::1/64
    configure r1 north 10.1.0.2/24 fd01::2/64
    configure r1 south 10.2.0.2/24 fd02::2/64
    configure r2 north 10.2.0.3/24 fd02::3/64
    configure r2 south 10.3.0.3/24 fd03::3/64
    configure near eth0 10.3.0.1/24 fd03::1/64
    configure r2 east 10.4.0.3/24 fd04::3/64
    configure other eth0 10.4.0.1/24 fd04::1/64
    local router
    for router in r1 r2; do
        on $router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    done
    on source ip route add default via 10.1.0.2
    on source ip -6 route add default via fd01::2
    on r1 ip route add 10.3.0.0/16 via 10.2.0.3
    on r1 ip -6 route add fd03::/64 via fd02::3
    on r1 ip route add 10.4.0.0/16 via 10.2.0.3
    on r1 ip -6 route add fd04::/64 via fd02::3
    on r2 ip route add 10.1.0.0/16 via 10.2.0.2
    on r2 ip -6 route add fd01::/64 via fd02::2
    on near ip route add default via 10.3.0.3
    on near ip -6 route add default via fd03::3
    on other ip route add default via 10.4.0.3
    on other ip -6 route add default via fd04::3
    local end
    for end in "source eth0" "r1 north" "r1 south" "r2 north" "r2 south" "r2 east" "near eth0" "other eth0"; do
        wait_until 20 usable $end || fail "$end does not become usable"
    done
}

# smcroute_on ROUTER: runs smcrouted there with the configuration from standard input.
smcroute_on() {
    cat >"$1.conf"
    on "$1" smcrouted -n -N -i "$1" -f "$PWD/$1.conf" -P "$PWD/$1.pid" -u "$PWD/$1.sock" >"$1.log" 2>&1 &
    wait_until 20 test -S "$1.sock" || { cat "$1.log"; fail "smcroute does not start on $1"; }
}

# forwarded FAMILY ROUTER GROUP: the kernel's cache has an entry.
forwarded() { on "$2" ip "-$1" mroute show | grep -q "$3"; }

# static_routes: both routers forward the groups of the tests from the source towards `near`, never towards `other`.
static_routes() {
    local router flow
    for router in r1 r2; do
        {
            printf 'phyint %s enable\n' north south
            [ $router = r1 ] || echo "phyint east enable"
            for flow in 239.1.2.3 "232.1.2.3 source 10.1.0.1" ff15::23 "ff35::8000:1 source fd01::1"; do
                echo "mgroup from north group $flow"
                echo "mroute from north group $flow to south"
            done
        } | smcroute_on $router
    done
    wait_until 20 eval "on r2 ip maddr show dev north | grep -q 239.1.2.3 && on r2 ip maddr show dev north | grep -q ff15::23" ||
        fail "smcroute joins nothing"
    sleep 0.3
}
