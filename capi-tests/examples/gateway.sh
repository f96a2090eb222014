#!/bin/bash
# c-examples/gateway.c: from the LAN of the source to another one, where its host is the querier and somebody listens; not where
# nobody does.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host s 1
host g 2
host r 3
hosts_ready

# A LAN behind g: a bridge with snooping, to which r moves, and one where nobody listens.
on r ip link del lan0
for lan in 1 2; do
    on g ip link add br$lan type bridge mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 mcast_query_interval 200 \
        mcast_query_response_interval 50 mcast_startup_query_interval 50 forward_delay 0 || skip "no bridge with snooping can be made here"
    on g sh -c "ip addr add 10.5$lan.0.1/24 dev br$lan && ip -6 addr add fd5$lan::1/64 dev br$lan nodad && ip link set br$lan up"
done
on g ip link add port type veth peer name lan0 netns "${HOST_PID[r]}"
on g ip link set port master br1 up
on r sh -c "ip addr add 10.51.0.3/24 dev lan0 && ip -6 addr add fd51::3/64 dev lan0 nodad && ip link set lan0 up"
on g ip link set br1 type bridge mcast_querier 1
on g ip link set br2 type bridge mcast_querier 1
hosts_ready
sleep 2

on g "$BIN/gateway" lan0 2>"$LAB/nobody" && fail "a gateway to nobody"
grep -q 'nobody listens to ham:opaque:news@cnn.com' "$LAB/nobody" || fail "without a receiver: $(cat "$LAB/nobody")"

start receiver r "$BIN/figure-1"
joined receiver
wait_until 20 sh -c "nsenter -t ${HOST_PID[g]} -n bridge mdb show dev br1 | grep -q 'grp 239\.19[2-5]\.'" ||
    fail "the bridge has not heard of the receiver"
start gateway g "$BIN/gateway" lan0
joined gateway
[ "$(grep -c joined "$LAB/gateway.err")" = 1 ] || fail "not at just one Interface: $(cat "$LAB/gateway.err")"
on s "$BIN/figure-1" 'from afar' 'and more' || fail "the source"
heard receiver 'from afar' 'and more'
sleep 0.3
heard receiver 'from afar' 'and more'
on g "$BIN/gateway" 2>"$LAB/err"
[ $? = 2 ] && grep -q usage "$LAB/err" || fail "no usage line"
exit 0
