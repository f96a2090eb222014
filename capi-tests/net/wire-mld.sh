#!/bin/bash
# The MLDv2 reports of joins and leaves, any-source and source-specific, as tshark sees them on the wire.
# network: pair
. "$HAM_ROOT/testbed/lib.sh"
. "$HAM_TESTS/net/wire.bash"
needs tshark tcpdump
build_peers
capture ip6
ham_start one "" eth0
link_local=$(ip -6 -o addr show dev eth0 scope link | sed 's/.*inet6 \(fe80[^/]*\).*/\1/')

fields="-e ipv6.src -e ipv6.dst -e ipv6.hlim -e icmpv6.mldr.mar.record_type -e icmpv6.mldr.mar.multicast_address
    -e icmpv6.mldr.mar.nb_sources -e icmpv6.mldr.mar.source_address"
expected() { expect_report "icmpv6.type == 143" "$fields" "$@"; }
unexpected() { unexpected_report "icmpv6.type == 143" "$fields" "$@"; }
from=$link_local,ff02::16,1

must one join "ham:ip:[ff15::23]:5000"
expected "$from,4,ff15::23," "join: change to exclude nothing"
must one join "ham:ip:[ff35::8000:1]@[fd46::2]:5000"
expected "$from,5,ff35::8000:1,fd46::2" "source-specific join: allow the source"
must one join "ham:ip:[ff35::8000:1]@[fd46::77]:5000"
expected "$from,5,ff35::8000:1,fd46::77" "second source: allow it"
must one join "ham:ip:[ff15::23]:5001"
must one leave "ham:ip:[ff15::23]:5000"
must one leave "ham:ip:[ff35::8000:1]@[fd46::2]:5000"
expected "$from,6,ff35::8000:1,fd46::2" "source-specific leave: block the source"
unexpected "$from,3,ff15::23," "left while another name needs it"
must one leave "ham:ip:[ff15::23]:5001"
expected "$from,3,ff15::23," "leave: change to include nothing"
must one join "ham:ip:[ff15::24]:5000"
expected "$from,4,ff15::24," "join"
stop one
expected "$from,3,ff15::24," "the end of the socket: change to include nothing"
expected "$from,6,ff35::8000:1,fd46::77" "the end of the socket: block the source"

ham_start one "" eth0
must one send "ham:ip:[ff15::23]:5000" "raw payload"
expect_report "udp.port == 5000" "-e ipv6.src -e ipv6.dst -e ipv6.hlim -e udp.length -e data.data" \
    "fd46::1,ff15::23,1,19,$(printf 'raw payload' | od -An -tx1 | tr -d ' \n')" "a message"
stop one
