# What both families do on the routed network: $asm, $ssm (names), $group, $ssm_group, $wrong_source.

ham_start sender source eth0
ham_start near near eth0
ham_start other other eth0
on near ./bsd receive $group 5000 eth0 >bsd.out &
bsd=$!
wait_said ready bsd.out
must near join "$asm"
must near join "$ssm"
must other join "$asm"

# TTL obeyed: two routers take two, so 3 is needed at least.
for ttl in 1 2; do
    must sender ttl $ttl
    must sender send "$asm" "libham ttl $ttl"
done
must sender ttl 3
must sender send "$asm" "libham ttl 3"
wait_said "heard libham ttl 3" near.out 20 "any-source, libham to libham"
wait_said "heard libham ttl 3" bsd.out 20 "any-source, libham to BSD"
! grep -q "ttl [12]" near.out bsd.out || fail "went farther than its TTL"

must sender send "${ssm/@*:5000/:5000}" "libham to its own group"
wait_said "heard libham to its own group" near.out 20 "source-specific, libham to libham"

on source ./bsd send $group 5000 eth0 5 "BSD any-source"
wait_said "heard BSD any-source" near.out 20 "any-source, BSD to libham"
# Another source of the same group does not pass the routers; on the receiver's own network it is up to the receiver.
on source ./bsd send $ssm_group 5000 eth0 5 "wrong source" $wrong_source
on r2 ./bsd send $ssm_group 5000 south 5 "wrong neighbour"
on source ./bsd send $ssm_group 5000 eth0 5 "BSD source-specific"
wait_said "heard BSD source-specific" near.out 20 "source-specific, BSD to libham"
! grep -q "wrong" near.out || fail "heard another source"

# The network that the routers do not serve hears nothing.
! grep -q "^heard" other.out || { cat other.out; fail "heard where nothing is forwarded"; }
for message in "libham ttl 3" "BSD any-source" "BSD source-specific"; do
    [ "$(grep -cxF "heard $message" near.out)" = 1 ] || { cat near.out; fail "\"$message\" was not heard once"; }
done
kill $bsd
wait $bsd 2>/dev/null
stop sender near other
