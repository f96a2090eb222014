#!/bin/sh
# libham against BSD multicast sockets, on networks that exist only inside namespaces made here: the host's is not touched.
#   benches/run.sh [--quick] [--check] [--markdown] [--json FILE] [--only MEASURE] [--seconds N] [--null]
# Environment: HAM_ROOT (the source tree), HAM_BUILD (where libham.so is). With cargo, or HAM_BENCH_FRAME, also what needs no network.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
HAM_ROOT=${HAM_ROOT:-$(dirname "$here")}
HAM_BUILD=${HAM_BUILD:-$HAM_ROOT/build}
export HAM_ROOT HAM_BUILD

say() { echo "bench: $*" >&2; exit 2; }

if [ -z "${HAM_BENCH_INSIDE:-}" ]; then
    for tool in "${CC:-cc}" python3 ip nsenter unshare; do
        command -v "$tool" >/dev/null || say "$tool is needed"
    done
    [ -e "$HAM_BUILD/libham.so" ] || say "$HAM_BUILD/libham.so is not there: run make first"
    mkdir -p "$HAM_BUILD/bench"
    flags="-O2 -std=c11 -Wall -Wextra -pedantic -Werror"
    # The raw role links no libham: its sendto and recvfrom are libc's alone.
    "${CC:-cc}" $flags -o "$HAM_BUILD/bench/raw" "$here/role.c" "$here/raw.c"
    "${CC:-cc}" $flags -I"$HAM_ROOT/include" -o "$HAM_BUILD/bench/ham" "$here/role.c" "$here/ham.c" \
        -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham
    "${CC:-cc}" $flags -o "$HAM_BUILD/bench/host" "$here/host.c"
    "${CC:-cc}" $flags -I"$HAM_ROOT/include" -o "$HAM_BUILD/bench/watch" "$here/watch.c" -pthread \
        -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham
    # The decoder's own benchmark. Built here, since cargo may need the network.
    if [ -z "${HAM_BENCH_FRAME:-}" ] && [ -e "$here/frame.rs" ] && command -v "${CARGO:-cargo}" >/dev/null; then
        HAM_BENCH_FRAME=$("${CARGO:-cargo}" bench --bench frame --no-run --message-format=json \
            --manifest-path "$HAM_ROOT/Cargo.toml" --target-dir "$HAM_BUILD/cargo" |
            sed -n '/"kind":\["bench"\]/s/.*"executable":"\([^"]*\)".*/\1/p')
        [ -n "$HAM_BENCH_FRAME" ] || say "the benchmark of the decoder could not be built"
        export HAM_BENCH_FRAME
    fi
    # Bare Zenoh, for what overlays cost: of what the overlay is made of, so not where there is none, nor for a quick run.
    case " $* " in *" --quick "* | *" --null "*) ;; *)
        if [ -z "${HAM_BENCH_ZENOH:-}" ] && [ -e "$HAM_BUILD/libham-overlay.so.1" ] && command -v "${CARGO:-cargo}" >/dev/null; then
            "${CARGO:-cargo}" build -q --release --package ham-overlay --example bench_zenoh \
                --manifest-path "$HAM_ROOT/Cargo.toml" --target-dir "$HAM_BUILD/cargo" || say "bare Zenoh could not be built"
            export HAM_BENCH_ZENOH="$HAM_BUILD/cargo/release/examples/libbench_zenoh.a"
        fi ;;
    esac
    [ -z "${HAM_BENCH_ZENOH:-}" ] || "${CC:-cc}" $flags -o "$HAM_BUILD/bench/zenoh" "$here/role.c" "$here/zenoh.c" "$HAM_BENCH_ZENOH" -pthread -ldl -lm
    if unshare --net true 2>/dev/null; then
        HAM_BENCH_INSIDE=1 exec unshare --net "$0" "$@"
    elif unshare --user --map-root-user --net true 2>/dev/null; then
        HAM_BENCH_INSIDE=1 exec unshare --user --map-root-user --net "$0" "$@"
    fi
    say "needs root, or user namespaces open to everyone (sysctl kernel.unprivileged_userns_clone)"
fi

# Both namespaces live as long as a process in them: nothing remains, whatever ends this script.
unshare --net sleep 1200 &
far=$!
trap 'kill $far 2>/dev/null' EXIT
trap 'exit 130' INT TERM
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
in_far() { nsenter --net="/proc/$far/ns/net" -- "$@"; }

ip link set lo up
ip -6 route add local ff00::/8 dev lo table local
in_far ip link set lo up
for n in 0 1 2; do
    ip link add near$n type veth peer name far$n netns "$far"
    ip link set near$n addrgenmode none
    in_far ip link set far$n addrgenmode none
    ip link set near$n up
    in_far ip link set far$n up
    ip addr add 10.70.$n.1/24 dev near$n
    in_far ip addr add 10.70.$n.2/24 dev far$n
    ip addr add fe80::1/64 dev near$n nodad
    in_far ip addr add fe80::2/64 dev far$n nodad
done

# The third pair loses two per cent. Without hardware segmentation: else a whole train of datagrams would be lost at once.
if ethtool -K near2 tx-udp-segmentation off && in_far nft '
    add table netdev bench
    add chain netdev bench in { type filter hook ingress device far2 priority 0; }
    add rule netdev bench in numgen random mod 100 < 2 drop'; then
    export HAM_BENCH_LOSSY=1
else
    echo "bench: no measure with losses: it needs ethtool and nft" >&2
fi >/dev/null

PYTHONDONTWRITEBYTECODE=1 HAM_BENCH_FAR=$far timeout 1100 python3 "$here/bench.py" "$@"
