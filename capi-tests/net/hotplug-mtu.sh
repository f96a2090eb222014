#!/bin/bash
# The MTU falls below 1280, which takes IPv6 away from the device, and returns: the IPv6 memberships come back without a call.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
plug
ham_start one here eth0
join_all
hears 0 "at first"
for round in 1 2; do
    on here ip link set eth0 mtu 1200
    sleep 0.3
    kinds=(four "four source")
    hears 0 "IPv4 with the small MTU"
    on here ip link set eth0 mtu 1500
    on here ip -6 addr add fd00::1/64 dev eth0 nodad
    kinds=(four six "four source" "six source")
    hears 0 "the MTU is back"
    heard_there 0 "the MTU is back"
done
# The same by the switch for IPv6 on the device.
on here sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
sleep 0.3
on here sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
on here ip -6 addr add fd00::1/64 dev eth0 nodad
hears 0 "IPv6 off and on"
stop one
