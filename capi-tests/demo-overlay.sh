#!/bin/bash
# make demo-overlay: a group where the network carries no multicast. Three hosts on a LAN that this script makes itself, whose
# switch drops every multicast packet. Runs as root, or as anybody where user namespaces are allowed.
. "$(dirname "$0")/../testbed/lab.bash"

fail() { echo; echo "demo-overlay: FAILED: $*"; exit 1; }
skip() { fail "$*"; }
step() { echo; echo "$*"; }
run() { # HOST COMMAND...: shown as on a terminal of that host
    local shown
    shown=$(basename "$2")
    printf '  %-6s$ %s\n' "$1" "$shown$(printf ' %q' "${@:3}" | sed "s/\\\\//g")"
}
begin() { # LABEL HOST COMMAND...
    run "${@:2}"
    HAM_CONFIG=$LAB/$2.toml start "$@"
}
say() { # HOST COMMAND...
    run "$@"
    HAM_CONFIG=$LAB/$1.toml on "$@" 2>"$LAB/say.err" || fail "$(cat "$LAB/say.err")"
}
config() { # HOST: what it has in its ~/.config/ham/ham.toml
    cat >"$LAB/$1.toml"
    echo "  $1: ~/.config/ham/ham.toml"
    sed 's/^/           /' "$LAB/$1.toml"
}
# The first message can be before the two ends know of each other: as with IP, nobody keeps it.
meet() { # LABEL HOST GROUP
    local _
    for _ in $(seq 100); do
        HAM_CONFIG=$LAB/$2.toml on "$2" "$BIN/send" "$3" ready 2>/dev/null
        grep -q '^ready$' "$LAB/$1" && return
        sleep 0.1
    done
    fail "$1 hears nothing: $(cat "$LAB/$1.err")"
}
hears() { # LABEL LINE...: these and no others, after what was said until they met
    local label=$1
    shift
    printf '%s\n' "$@" >"$LAB/expected"
    wait_until 10 same "$label" || fail "$label should have heard: $*; it heard: $(tr '\n' ';' <"$LAB/$label")"
    sed "s/^/           $label hears: /" "$LAB/expected"
}
same() { grep -v '^ready$' "$LAB/$1" | cmp -s - "$LAB/expected"; }

for tool in unshare nsenter ip nft timeout flock make cc; do
    command -v $tool >/dev/null || fail "the demo needs the command $tool"
done
build_examples
enter_lab
open_lab

step "Three hosts on a switch that drops multicast, each a network namespace:"
nft 'add table bridge demo
     add chain bridge demo forward { type filter hook forward priority 0; }
     add rule bridge demo forward ip daddr 224.0.0.0/4 drop
     add rule bridge demo forward ip6 daddr ff10::/12 drop' || fail "nft cannot drop multicast here"
number=0
for name in alpha beta gamma; do
    number=$((number + 1))
    host $name $number
    echo "  $name   10.46.0.$number   fd46::$number"
done
hosts_ready

uri=ham:opaque:news@cnn.com
step "Without an overlay nobody hears anything:"
for name in alpha beta gamma; do : >"$LAB/$name.toml"; done
begin "beta, by IP" beta "$BIN/receive" "$uri"
joined "beta, by IP"
say alpha "$BIN/send" "$uri" 'is there anybody?'
sleep 0.5
[ ! -s "$LAB/beta, by IP" ] || fail "the switch passes multicast"
echo "           beta, by IP hears: nothing"

step "With one. gamma's program is the router, for as long as it runs:"
printf '[overlay.us]\nlisten = ["tcp/10.46.0.3:7447"]\ndefault = true\n' | config gamma
for name in alpha beta; do
    printf '[overlay.us]\nrouters = ["tcp/10.46.0.3:7447"]\ndefault = true\n' | config $name
done
begin "gamma" gamma "$BIN/receive" "$uri"
router=$PID
joined gamma
begin "beta" beta "$BIN/receive" "$uri" ham:ip:239.46.0.1:7046
joined beta 2
meet beta alpha "$uri"
meet gamma alpha "$uri"

say alpha "$BIN/send" "$uri" 'hello, news' 'and once more'
say alpha "$BIN/send" ham:ip:239.46.0.1:7046 'hello, 239.46.0.1'
hears beta 'hello, news' 'and once more' 'hello, 239.46.0.1'
hears gamma 'hello, news' 'and once more'

step "The router ends, and starts again. The groups come back by themselves:"
kill $router
wait $router 2>/dev/null
begin "gamma, again" gamma "$BIN/receive" "$uri"
joined "gamma, again"
: >"$LAB/beta"
meet beta alpha "$uri"
say alpha "$BIN/send" "$uri" 'hello again'
wait_until 10 grep -q '^hello again$' "$LAB/beta" || fail "beta hears nothing any more"
echo "           beta hears: hello again"

echo
echo "demo-overlay: PASSED: 4 messages by the overlay, each heard once by all who had joined, where IP carried none"
