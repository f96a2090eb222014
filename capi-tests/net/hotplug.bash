# Two hosts, a cable between them that comes and goes: libham on `here`, BSD programs on `there`.
. "$HAM_ROOT/testbed/lib.sh"
build_peers

four=ham:ip:239.1.2.3:5000 six='ham:ip:[ff15::23]:5000'
four_source=ham:ip:232.1.2.3@10.0.0.2:5000 six_source='ham:ip:[ff35::8000:1]@[fd00::2]:5000'

# plug [N]: cable N (0 without), with its devices and addresses.
plug() {
    local n=${1:-0}
    link here eth$n there eth$n
    addresses "$n"
}

addresses() {
    local n=${1:-0}
    configure here eth$n 10.0.$n.1/24 fd0$n::1/64
    configure there eth$n 10.0.$n.2/24 fd0$n::2/64
}

unplug() { on there ip link del "eth${1:-0}" || fail "no cable"; }

# hears TEXT: libham hears the text, from each of the groups that were joined.
number=0
say_there() { on there ./bsd send "$1" 5000 "eth${4:-0}" 1 "$2" $3 2>/dev/null; }
heard_all() {
    number=$((number + 1))
    say_there 239.1.2.3 "four $number" "" "$1"
    say_there ff15::23 "six $number" "" "$1"
    say_there 232.1.2.3 "four source $number" "10.0.${1:-0}.2" "$1"
    say_there ff35::8000:1 "six source $number" "fd0${1:-0}::2" "$1"
    wait_until 2 none_missing
}
none_missing() {
    for missing in "${kinds[@]}"; do
        said "heard $missing $number" one.out || return 1
    done
}
kinds=(four six "four source" "six source")

# hears [N]: libham hears all groups on cable N.
hears() {
    wait_until 20 heard_all "${1:-0}" || { on here ip maddr show; cat one.err; fail "$2: not heard: $missing"; }
}

heard_from_here() {
    tell one send "$1" "$text"
    sleep 0.05
    said "heard $text" "$there_out"
}

# heard_there [N]: and is heard itself.
calls=0
heard_there() {
    local group name text
    for group in 239.1.2.3 ff15::23; do
        case $group in *:*) name=$six ;; *) name=$four ;; esac
        # A file for each: the one before may live a moment longer, and write.
        calls=$((calls + 1)) there_out=there.$calls.out
        on there ./bsd receive $group 5000 "eth${1:-0}" >$there_out &
        wait_said ready $there_out
        text="from here $number $group"
        wait_until 20 heard_from_here "$name" || { cat one.out one.err; fail "$2: BSD does not hear libham in $group"; }
        kill $!
        wait $! 2>/dev/null
    done
}

join_all() {
    must one join "$four"
    must one join "$six"
    must one join "$four_source"
    must one join "$six_source"
}
