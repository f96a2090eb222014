# What the wire carries, seen from the other end of `pair`.

# capture FILTER...: from now on into wire.pcap.
capture() {
    [ -z "${capturing:-}" ] || { kill "$capturing"; wait "$capturing" 2>/dev/null; }
    rm -f wire.pcap
    : >tcpdump.err
    on peer tcpdump -Z root -i eth0 -U -w "$PWD/wire.pcap" --immediate-mode "$@" 2>tcpdump.err &
    capturing=$!
    wait_until 20 grep -q "listening on" tcpdump.err || { cat tcpdump.err; fail "tcpdump does not start"; }
}

# packets FILTER FIELDS: a line each.
packets() {
    tshark -n -r wire.pcap -Y "$1" -T fields -E separator=, -E aggregator='|' $2 2>/dev/null
}

# records: every record of the reports so far, each a line: source, destination, TTL, record type, group, source.
records() { packets "$1" "$2" | python3 "$HAM_TESTS/net/records.py"; }
has_record() { records "$1" "$2" | grep -qxF -- "$3"; }

# expect_report FILTER FIELDS LINE WHAT
expect_report() {
    wait_until 20 has_record "$1" "$2" "$3" || { records "$1" "$2"; fail "$4: no packet is \"$3\""; }
}

# unexpected_report FILTER FIELDS LINE WHAT
unexpected_report() { ! has_record "$1" "$2" "$3" || fail "$4"; }
