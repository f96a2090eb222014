#!/bin/bash
# c-examples/figure-1.c, as in Figure 1 of RFC 7046: the source S has IPv4 and IPv6, R1 has IPv4 alone, R2 has both. Each
# message arrives at both, once.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host s 1
host r1 2
host r2 3
hosts_ready
on r1 sysctl -qw net.ipv6.conf.lan0.disable_ipv6=1 || fail "IPv6 cannot be switched off"

start r1 r1 "$BIN/figure-1"
start r2 r2 "$BIN/figure-1"
joined r1
joined r2
on s "$BIN/figure-1" 'breaking news' 'and more' || fail "the source"
heard r1 'breaking news' 'and more'
heard r2 'breaking news' 'and more'
# A movie's worth of bytes.
picture=$(printf 'p%.0s' $(seq 60000))
on s "$BIN/figure-1" "$picture" || fail "the source, with a large message"
heard r1 'breaking news' 'and more' "$picture"
heard r2 'breaking news' 'and more' "$picture"
# The second copies were on their way by now.
sleep 0.3
heard r2 'breaking news' 'and more' "$picture"

# R2 hears by IPv6, too.
on r2 ip addr flush dev lan0 scope global
on s ip addr flush dev lan0
on s ip -6 addr add fd46::1/64 dev lan0 nodad
wait_until 20 sh -c "nsenter -t ${HOST_PID[s]} -n ip -6 addr show dev lan0 | grep -q fd46" || fail "no IPv6 address"
on s "$BIN/figure-1" 'by IPv6' || fail "the source without IPv4"
heard r2 'breaking news' 'and more' "$picture" 'by IPv6'
heard r1 'breaking news' 'and more' "$picture"
exit 0
