#!/bin/bash
# network: pair
# timeout: 90
# With 20 % of parity messages of 60 kB survive a loss of 2 % of all datagrams, without it most do not.
#
# By IPv4 a message is 43 datagrams, 9 more with parity. Without parity 0.98^43 = 42 % of 500 arrive, 210 with a standard
# deviation of 11. With it a message is lost when 10 or more of 52 are: with probability 10^-7, so two of 500 never are.
. "$(dirname "$0")/frame.bash"
build_numbers
datagrams_only ""
name=ham:opaque:fec
drop peer "ip daddr $(mapped $name | cut -d ' ' -f 1) numgen random mod 100 < 2"
ham_start r peer eth0/4
must r join $name
HAM_FEC=0 ham_start plain "" eth0/4
sends_to r plain $name 500 60000 200
read -r _ _ without twice damaged _ <<<"$(settled r)"
lost=$(value r lost)
echo "$without of 500 without parity, $lost counted as lost, $(dropped peer) datagrams dropped"
[ "$twice $damaged" = "0 0" ] || fail "$twice twice, $damaged damaged"
[ $without -gt 140 ] && [ $without -lt 280 ] || fail "this is no loss of 2 %"
HAM_FEC=20 ham_start parity "" eth0/4
before=$(dropped peer)
sends_to r parity $name 500 60000 200
read -r _ _ distinct twice damaged _ <<<"$(settled r)"
echo "$((distinct - without)) of 500 with parity, $(($(dropped peer) - before)) datagrams dropped"
[ "$twice $damaged" = "0 0" ] || fail "$twice twice, $damaged damaged"
[ $(($(dropped peer) - before)) -gt 400 ] || fail "nothing was dropped"
[ $((distinct - without)) -ge 499 ] || fail "$((distinct - without)) of 500 arrived with parity"
[ "$(value r refused) $(value r dropped)" = "0 0" ] || fail "$(answer r statistics)"
stop plain parity r
