#!/bin/bash
# network: pair
# Framed groups come back by themselves when a link goes down and up at either end, and when its device is deleted and made
# again; what is sent then is heard once, and the frames fit the MTU of the new device.
. "$(dirname "$0")/frame.bash"
build_numbers
plain=ham:opaque:plugged sealed='ham:sip:plugged@cnn.com/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
ham_start r peer eth0
ham_start s "" eth0
must r join $plain
must r join "$sealed"
expected=0
hears() {
    local group
    # The first messages may be lost while the devices and their addresses settle.
    arrives() {
        tell s send $plain "again, $1"
        tell s send "$sealed" "again, $1"
        said "heard again, $1 as $plain" r.out && said "heard again, $1 as ${sealed%%/*}" r.out
    }
    wait_until 20 arrives "$1" || { tail -n 5 r.out s.out s.err r.err; fail "nothing arrives: $1"; }
    # IPv6 may need longer; its copies do no harm then.
    wait_until 20 usable "" eth0 && wait_until 20 usable peer eth0 || fail "the link does not become usable"
    for group in $plain "$sealed"; do sends s "$group" 20 16-60000 1000; done
    expected=$((expected + 40))
    heard_all r $expected
}
hears "at first"
ip link set eth0 down
sleep 0.2
ip link set eth0 up
hears "down and up here"
on peer ip link set eth0 down
sleep 0.2
on peer ip link set eth0 up
hears "down and up there"
ip link del eth0
sleep 0.2
ip link add eth0 type veth peer name eth0 netns peer
ip link set eth0 mtu 1400
on peer ip link set eth0 mtu 1400
configure "" eth0 10.46.0.1/24 fd46::1/64
configure peer eth0 10.46.0.2/24 fd46::2/64
hears "made again, with a smaller MTU"
[ "$(answer s atomic)" = "atomic $((1400 - 48 - 60))" ] || fail "$(answer s atomic)"
[ "$(value r refused)" = 0 ] || fail "$(answer r statistics)"
stop r s
