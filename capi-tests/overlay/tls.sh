#!/bin/bash
# timeout: 90
# root: yes
# TLS both ways: with a certificate of the authority one is let in and heard; with another one's, with none, and by plain TCP
# nothing passes, and the log says why. Users and passwords over it.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
needs openssl
build_node
unicast router good bad none plain
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" 2>/dev/null || fail "no authority $1"
}
# certificate NAME AUTHORITY ADDRESS
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.pem" \
        -extfile <(printf 'subjectAltName=IP:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$3") 2>/dev/null || fail "no certificate $1"
    chmod 600 "$1.key"
}
authority ours
authority theirs
certificate router ours 10.0.0.1
certificate good ours 10.0.0.2
certificate bad theirs 10.0.0.3
cert() { printf 'tls_certificate = "%s.pem"\\ntls_key = "%s.key"' "$1" "$1"; }
printf '[overlay.o]\nlisten = ["tls/10.0.0.1:7447"]\ntls_ca = "ours.pem"\n%b\n' "$(cert router)" >probe.toml
HAM_LOG=error HAM_CONFIG=probe.toml ./ham lo 2>probe.err </dev/null >/dev/null || {
    grep -q 'overlay-tls' probe.err && skip "this libham is built without the feature overlay-tls"
    cat probe.err
    fail "a router's certificates are not taken"
}
client='[overlay.o]\nrouters = ["tls/10.0.0.1:7447"]\npatience_ms = 100\ntls_ca = "ours.pem"\n'
export HAM_LOG=warn
router router router "$(tail -n +1 probe.toml | sed ':a;N;$!ba;s/\n/\\n/g')"
node good good "$client$(cert good)"
node bad bad "$client$(cert bad)"
node none none "$client"
node plain plain '[overlay.o]\nrouters = ["tcp/10.0.0.1:7447"]\npatience_ms = 100'
must router join ham:opaque:safe
must good join ham:opaque:safe
reaches good router ham:opaque:safe
for n in bad none plain; do tell $n join ham:opaque:safe; done
for i in $(seq 10); do
    for n in bad none plain; do tell $n send ham:opaque:safe "from $n"; done
    must router send ham:opaque:safe "to those who may"
    sleep 0.1
done
hears good "to those who may"
for n in bad none plain; do
    not router "from $n"
    not good "from $n"
    not $n "to those who may"
done
# Who believes in another authority does not speak to this router.
node other none '[overlay.o]\nrouters = ["tls/10.0.0.1:7447"]\npatience_ms = 100\ntls_ca = "theirs.pem"\n'"$(cert good)"
tell other join ham:opaque:safe
for i in $(seq 5); do tell other send ham:opaque:safe "from other"; sleep 0.1; done
not router "from other"
wait_until 10 grep -qi certificate other.err || { cat other.err; fail "the log does not say why a router is not reached"; }
stop good bad none plain other router

# Users with passwords, over TLS; nobody needs a certificate here.
printf 'desk:right\nshelf:left\n' >users
echo right >right.password
echo wrong >wrong.password
router router router '[overlay.o]\nlisten = ["tls/10.0.0.1:7447"]\nusers_file = "users"\n'"$(cert router)"
user() { printf 'user = "%s"\npassword_file = "%s.password"' "$1" "$2"; }
node good good "$client$(user desk right)"
node bad bad "$client$(user desk wrong)"
node none none "$client"
must router join ham:opaque:safe
must good join ham:opaque:safe
reaches good router ham:opaque:safe
for i in $(seq 10); do
    for n in bad none; do tell $n send ham:opaque:safe "from $n"; done
    sleep 0.1
done
for n in bad none; do not router "from $n"; done
stop good bad none router
