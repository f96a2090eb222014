#!/bin/bash
# Installs the Debian packages that the tests use, when it can (root, apt-get) and must; says one line when it does.
# A test whose program is missing all the same is skipped by name.
[ "$(id -u)" = 0 ] && command -v apt-get dpkg-query >/dev/null || exit 0
HAM_ROOT=$(cd "$(dirname "$0")/.." && pwd)
export DEBIAN_FRONTEND=noninteractive

packages="gcc g++ clang lld llvm make binutils pkg-config cmake libcurl4-openssl-dev mandoc openssl python3 python3-cryptography python3-pip curl
iproute2 procps util-linux nftables ethtool tshark tcpdump socat iperf smcroute valgrind strace"
missing=
for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "installing the packages that the tests use:$missing"
    # No service of theirs is to start here.
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && trap 'rm -f $policy' EXIT; }
    apt-get update -qq >/dev/null 2>&1
    apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || echo "not all of them could be installed"
fi
# clang's sanitizers are a package of its version, which it only recommends.
sanitizers=libclang-rt-$(clang -dumpversion 2>/dev/null | cut -d . -f 1)-dev
if ! dpkg-query -W -f '${db:Status-Status}\n' "$sanitizers" 2>/dev/null | grep -qx installed; then
    install() { apt-get install -y -qq --no-install-recommends "$sanitizers" >/dev/null 2>&1; }
    install || { apt-get update -qq >/dev/null 2>&1; install; } || echo "$sanitizers could not be installed"
fi

# The thread sanitizer's test builds the standard library, too.
if nightly=$(rustc +nightly --print sysroot 2>/dev/null) && ! [ -e "$nightly/lib/rustlib/src/rust/library/std/src/lib.rs" ]; then
    timeout 120 rustup component add rust-src --toolchain nightly >/dev/null 2>&1 || echo "rust-src could not be added to nightly Rust"
fi

# FRR's routers conflict with smcroute's package, so they are only unpacked, beside the build.
frr=$HAM_ROOT/build/test-deps/frr
if ! [ -x "$frr/usr/lib/frr/pimd" ] && ! [ -x /usr/lib/frr/pimd ]; then
    download=$(mktemp -d) || exit 0
    (
        cd "$download" || exit
        apt-get download -qq frr libyang2 libjson-c5 >/dev/null 2>&1 ||
            { apt-get update -qq >/dev/null 2>&1; apt-get download -qq frr libyang2 libjson-c5 >/dev/null 2>&1; }
        for package in ./*.deb; do
            [ -e "$package" ] && mkdir -p "$frr" && dpkg -x "$package" "$frr"
        done
    )
    rm -rf "$download"
fi

# An independent client of overlays, also beside the build.
python=$HAM_ROOT/build/test-deps/python
if ! PYTHONPATH=$python python3 -c 'import zenoh' 2>/dev/null; then
    python3 -m pip install -q --target "$python" 'eclipse-zenoh~=1.10.0' >/dev/null 2>&1 || rm -rf "$python"
fi
exit 0
