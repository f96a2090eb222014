#!/bin/bash
# network: pair
# The configuration places names: one name, all that begin alike, several addresses at once, a source, raw for other programs.
# Exact names go before prefixes, longer prefixes before shorter ones.
. "$(dirname "$0")/frame.bash"
build_numbers
cat >ham.toml <<'END'
[[map]]
name = "ham:opaque:news@cnn.com"
addresses = ["239.9.1.1:5001", "[ff15::91]:5001"]

[[map]]
prefix = "ham:opaque:sensors"
addresses = ["239.9.1.2"]

[[map]]
prefix = "ham:opaque:sensors-outside"
addresses = ["239.9.1.3:5003"]

[[map]]
name = "ham:opaque:sensors-outside-north"
addresses = ["239.9.1.4:5004"]

[[map]]
name = "ham:opaque:movie"
addresses = ["239.9.2.1:5010", "239.9.2.2:5011", "[ff15::92]:5012"]

[[map]]
name = "ham:sip:stream@cnn.com"
addresses = ["239.9.3.1:5020"]
framed = false

[[map]]
name = "ham:opaque:one-source"
addresses = ["232.9.1.1@10.46.0.1:5030"]
END
export HAM_CONFIG=$PWD/ham.toml
ham_start r peer eth0
ham_start s "" eth0

# listens GROUP PORT FILE: whether something comes there.
listens() {
    on peer python3 "$HAM_TESTS/frame/peer.py" raw "$1" "$2" eth0 >"$3" &
    wait_said ready "$3"
}
listens 239.9.1.1 5001 news.out
listens ff15::91 5001 news6.out
listens 239.9.1.2 7046 sensors.out
listens 239.9.1.3 5003 outside.out
listens 239.9.1.4 5004 north.out
listens 239.9.2.1 5010 movie1.out
listens 239.9.2.2 5011 movie2.out
listens ff15::92 5012 movie3.out
# In a frame the text stands at the end.
there() { wait_until 20 grep -q "^datagram b.\\\\x01.*$1.\$" "$2" || { cat "$2"; fail "no $1 in $2"; }; }

for name in ham:opaque:news@cnn.com ham:opaque:sensors ham:opaque:sensors-inside ham:opaque:sensors-outside-south \
    ham:opaque:sensors-outside-north ham:opaque:movie ham:opaque:unplaced; do
    must r join $name
    must s send $name "to ${name##*:}"
    heard_text r "to ${name##*:}" $name
done
there 'to news@cnn.com' news.out
there 'to news@cnn.com' news6.out
there 'to sensors' sensors.out
there 'to sensors-inside' sensors.out
there 'to sensors-outside-south' outside.out
there 'to sensors-outside-north' north.out
there 'to movie' movie1.out
there 'to movie' movie2.out
there 'to movie' movie3.out
! grep -q outside sensors.out && ! grep -q north outside.out || fail "the longest prefix, and before it the name"
# Three copies of the movie, two of the news and of the one that is not placed.
four_copies() { [ "$(value r duplicates)" = 4 ]; }
wait_until 20 four_copies || fail "$(value r duplicates) duplicates"

# Raw: a BSD program is the other end.
must r join ham:sip:stream@CNN.com
listens 239.9.3.1 5020 stream.out
must s send ham:sip:stream@cnn.com "raw from libham"
heard_text r "raw from libham" ham:sip:stream@cnn.com
wait_said "datagram b'raw from libham'" stream.out
python3 - <<'END' || fail "the plain sender fails"
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.46.0.1"))
s.sendto(b"raw from BSD", ("239.9.3.1", 5020))
END
heard_text r "raw from BSD" ham:sip:stream@cnn.com
tell s send 'ham:sip:stream@cnn.com/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' x
tail -n 2 s.out | grep -q '^error .* Permission denied' || fail "raw and sealed at once: $(tail -n 2 s.out)"

# A source of the operator's choice.
must r join ham:opaque:one-source
must s send ham:opaque:one-source "by its source"
heard_text r "by its source" ham:opaque:one-source
on peer grep -qi '0xe8090101 *0x0a2e0001' /proc/net/mcfilter || { on peer cat /proc/net/mcfilter; fail "not joined for that source alone"; }
[ "$(value r refused)" = 0 ] || fail "$(value r refused) refused"
stop r s
kill $(jobs -p)
exit 0
