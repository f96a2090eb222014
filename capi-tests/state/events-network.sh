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
wait_until 20 control add r0 10.0.0.2 239.5.5.5 r1 || { cat smc.log; fail "smcroute does not start"; }

ham_start one r
must one events
of_table() { events one | grep '\.5\.5\.\|::55\]\|\.6\.6\.'; }
wait_until 20 eval '[ "$(of_table | wc -l)" = 2 ]' || { cat one.out; fail "not what there is"; }
expect "what there is" "source r0 ham:ip:239.5.5.5@10.0.0.2
join r1 ham:ip:239.5.5.5@10.0.0.2" of_table
forget one
control add r1 fd01::2 ff15::55 r0 || fail "smcroute"
wait_until 20 eval '[ "$(of_table | wc -l)" = 2 ]' || { cat one.out; fail "no event of a new entry"; }
expect "a new source" "source r1 ham:ip:[ff15::55]@[fd01::2]
join r0 ham:ip:[ff15::55]@[fd01::2]" of_table
forget one
control remove r0 10.0.0.2 239.5.5.5 || fail "smcroute"
wait_until 20 eval '[ "$(of_table | wc -l)" = 1 ]' || { cat one.out; fail "no event of an entry removed"; }
expect "no longer forwarded" "leave r1 ham:ip:239.5.5.5@10.0.0.2" of_table
kill "$(cat smc.pid)"
stop one

lan near
ham_start two switch
must two events
of_members() { events two | grep '\.6\.6\.'; }
# members COUNT WHAT: so many events of members, and no more of them.
members() { wait_until 20 eval "[ \"\$(of_members | wc -l)\" -ge $1 ]" || { cat two.out; fail "$2"; }; }
bsd near receive 239.6.6.6 5000 eth0
members 2 "no event of a member"
expect "a member at the bridge and at its port" "join br0 ham:ip:239.6.6.6
join near ham:ip:239.6.6.6" of_members
forget two
kill "$bsd"
members 2 "no event of its leave"
expect "which leaves" "leave br0 ham:ip:239.6.6.6
leave near ham:ip:239.6.6.6" of_members

# Members that leave at once, while the bridge still asks whether others are left: none is told to come or go twice.
forget two
cat >quick.py <<'PY'
import socket, struct, sys
index = socket.if_nametoindex("eth0")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.stdin:
    what, group = line.split()
    option = socket.IP_ADD_MEMBERSHIP if what == "join" else socket.IP_DROP_MEMBERSHIP
    s.setsockopt(socket.IPPROTO_IP, option, socket.inet_aton(group) + struct.pack("=4si", bytes(4), index))
PY
mkfifo quick
on near python3 quick.py <quick >quick.out 2>&1 &
exec {quick}>quick
rounds=10
for i in $(seq $rounds); do
    echo "join 239.6.6.$i" >&"$quick"
    wait_switched "239.6.6.$i" near
    echo "leave 239.6.6.$i" >&"$quick"
done
members $((4 * rounds)) "not every event of quick members"
unlearned() { ! on switch bridge mdb show dev br0 | grep -q "grp 239\.6\.6\."; }
wait_until 20 unlearned || fail "the bridge forgets no member"
expect "quick members" "$(for what in join leave; do
    for i in $(seq $rounds); do printf "$what %s ham:ip:239.6.6.$i\n" br0 near; done
done)" of_members
exec {quick}>&-
stop two
