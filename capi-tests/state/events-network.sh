#!/bin/bash
# root: yes
# Membership events of a router and of a switch: new sources and listeners in the forwarding cache, members behind a
# bridge.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs smcrouted bridge
build_state
host r
for i in 0 1; do
    host h$i
    link r r$i h$i eth0
    configure r r$i 10.$i.0.1/24 fd0$i::1/64
    configure h$i eth0 10.$i.0.2/24 fd0$i::2/64
done
printf 'phyint %s enable\n' r0 r1 >smc.conf
on r smcrouted -n -N -f smc.conf -P "$PWD/smc.pid" -u "$PWD/smc.sock" >smc.log 2>&1 &
control() { on r smcroutectl -u "$PWD/smc.sock" "$@" 2>>smc.log; }
wait_until 5 control add r0 10.0.0.2 239.5.5.5 r1 || { cat smc.log; fail "smcroute does not start"; }

ham_start one r
must one events
of_table() { events one | grep '\.5\.5\.\|::55\]\|\.6\.6\.'; }
wait_until 5 eval '[ "$(of_table | wc -l)" = 2 ]' || { cat one.out; fail "not what there is"; }
expect "what there is" "source r0 ham:ip:239.5.5.5@10.0.0.2
join r1 ham:ip:239.5.5.5@10.0.0.2" of_table
forget one
control add r1 fd01::2 ff15::55 r0 || fail "smcroute"
wait_until 5 eval '[ "$(of_table | wc -l)" = 2 ]' || { cat one.out; fail "no event of a new entry"; }
expect "a new source" "source r1 ham:ip:[ff15::55]@[fd01::2]
join r0 ham:ip:[ff15::55]@[fd01::2]" of_table
forget one
control remove r0 10.0.0.2 239.5.5.5 || fail "smcroute"
wait_until 5 eval '[ "$(of_table | wc -l)" = 1 ]' || { cat one.out; fail "no event of an entry removed"; }
expect "no longer forwarded" "leave r1 ham:ip:239.5.5.5@10.0.0.2" of_table
kill "$(cat smc.pid)"
stop one

lan near
ham_start two switch
must two events
sleep 0.3
forget two
bsd near receive 239.6.6.6 5000 eth0
of_members() { events two | grep '\.6\.6\.'; }
wait_until 5 eval '[ "$(of_members | wc -l)" = 2 ]' || { cat two.out; fail "no event of a member"; }
expect "a member at the bridge and at its port" "join br0 ham:ip:239.6.6.6
join near ham:ip:239.6.6.6" of_members
forget two
kill "$bsd"
wait_until 10 eval '[ "$(of_members | wc -l)" = 2 ]' || { cat two.out; fail "no event of its leave"; }
expect "which leaves" "leave br0 ham:ip:239.6.6.6
leave near ham:ip:239.6.6.6" of_members
stop two
