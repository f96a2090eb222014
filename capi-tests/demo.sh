#!/bin/bash
# make demo: a sender, two receivers and a plain BSD program in one group, and a group by name alone, on a LAN that this script makes itself.
# Runs as root, or as anybody where user namespaces are allowed. Nothing outside its own namespaces is touched.
. "$(dirname "$0")/../testbed/lab.bash"

fail() { echo; echo "demo: FAILED: $*"; exit 1; }
skip() { fail "$*"; }
step() { echo; echo "$*"; }
run() { # HOST COMMAND...: shown as on a terminal of that host
    local name=$1 word shown
    shown=$(basename "$2")
    for word in "${@:3}"; do
        case $word in
        *[!a-zA-Z0-9:./-]*) shown+=" '$word'" ;;
        *) shown+=" $word" ;;
        esac
    done
    printf '  %-6s$ %s\n' "$name" "$shown"
}
begin() { # LABEL HOST COMMAND...
    run "${@:2}"
    start "$@"
}
say() { # HOST COMMAND...
    run "$@"
    on "$@" 2>"$LAB/say.err" || fail "$(cat "$LAB/say.err")"
}
expect() { # LINE...: every receiver hears these, after what it heard before
    local label
    told+=("$@")
    for label in "${receivers[@]}"; do
        heard "$label" "${told[@]}"
        tail -n $# "$LAB/$label" | sed "s/^/           $label hears: /"
    done
}

for tool in unshare nsenter ip timeout flock make cc; do
    command -v $tool >/dev/null || fail "the demo needs the command $tool"
done
build_examples
enter_lab
open_lab

step "Three hosts on one switch, each a network namespace:"
number=0
for name in alpha beta gamma; do
    number=$((number + 1))
    host $name $number
    echo "  $name   10.46.0.$number   fd46::$number"
done
hosts_ready

family() { # TITLE GROUP-NAME GROUP-ADDRESS PORT
    local title=$1 uri=$2 address=$3 port=$4 label
    receivers=("beta, libham, $title" "gamma, libham, $title" "gamma, BSD, $title")
    told=()

    step "$title: the group $uri. Two receivers on libham, and a program on plain BSD sockets, without libham:"
    begin "${receivers[0]}" beta "$BIN/receive" "$uri"
    begin "${receivers[1]}" gamma "$BIN/receive" "$uri"
    begin "${receivers[2]}" gamma "$BIN/bsd-before" "$address" "$port" lan0 9
    for label in "${receivers[@]}"; do joined "$label"; done

    echo "Somebody sends with libham, then somebody with BSD sockets:"
    say alpha "$BIN/send" "$uri" 'hello from libham' 'and once more'
    expect 'hello from libham' 'and once more'
    say alpha "$BIN/bsd-before" "$address" "$port" lan0 0 'hello from BSD'
    expect 'hello from BSD'
}

family IPv4 ham:ip:239.46.0.1:7046 239.46.0.1 7046
family IPv6 'ham:ip:[ff15::46]:7046' ff15::46 7046

uri=ham:opaque:news@cnn.com
step "By name alone: the group $uri goes out by IPv4 and by IPv6, and each message is heard once:"
receivers=("beta, by name" "gamma, by name")
told=()
begin "${receivers[0]}" beta "$BIN/receive" "$uri"
begin "${receivers[1]}" gamma "$BIN/receive" "$uri"
for label in "${receivers[@]}"; do joined "$label"; done
say alpha "$BIN/send" "$uri" 'hello, news' 'and once more'
say beta "$BIN/send" "$uri" 'hello from beta'
expect 'hello, news' 'and once more' 'hello from beta'

step "What the switch learnt from the hosts' IGMP and MLD reports:"
bridge mdb show dev sw0 2>/dev/null | grep -e 239.46.0.1 -e ff15::46 -e 'grp 239.19[2-5]' -e 'grp ff15:' | sed 's/^/  /' || echo "  (nothing: no snooping here)"

echo
echo "demo: PASSED: 3 messages by libham and BSD, each heard by all 3 receivers, over IPv4 and over IPv6; 3 by name alone, each heard once"
