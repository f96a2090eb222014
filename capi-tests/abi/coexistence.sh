#!/bin/bash
# timeout: 240
# network: lo
# One process uses HAM's send, libc's send on TCP, libcurl and Python's sockets, each right: linked, with -flto and
# --as-needed, by lld and gold, C++, dlopened, preloaded, static.
set -u
: "${HAM_ROOT:?}" "${HAM_BUILD:?}"
here=$HAM_ROOT/capi-tests/abi
status=0
skipped=
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY LD_PRELOAD

command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
command -v curl-config >/dev/null || { echo "libcurl's header is not installed"; exit 77; }

page="the page that everybody fetches"
mkdir www && echo -n "$page" >www/page
PYTHONUNBUFFERED=1 python3 -m http.server --bind 127.0.0.1 --directory www 0 >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for _ in $(seq 100); do
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' server.log)
    [ -n "$port" ] && break
    sleep 0.1
done
[ -n "$port" ] || { echo "no HTTP server"; cat server.log; exit 1; }
url=http://127.0.0.1:$port/page

# variant NAME COMMAND...: the program itself says "right".
variant() {
    local name=$1
    shift
    if timeout 60 "$@" >out 2>&1 && [ "$(cat out)" = right ]; then
        echo "right: $name"
    else
        echo "wrong: $name: $*"
        sed 's/^/    /' out
        status=1
    fi
}

curl=$(curl-config --libs)
warnings="-Wall -Wextra -pedantic -Werror"
include="-I$HAM_ROOT/include -I$here"
parts="$here/coexist.c $here/coexist-bsd.c $here/coexist-curl.c"
path="-L$HAM_BUILD -Wl,-rpath,$HAM_BUILD"
ham="-Wl,--push-state,--no-as-needed -lham -Wl,--pop-state"
hamx="-Wl,--push-state,--no-as-needed -lhamx -Wl,--pop-state"

# built NAME COMPILER FLAGS...: compiles, links and runs the program.
built() {
    local name=$1
    shift
    # shellcheck disable=SC2086
    if ! "$@" -D_DEFAULT_SOURCE $warnings $include -o "program" 2>log; then
        echo "wrong: $name does not build: $*"
        sed 's/^/    /' log
        status=1
        return
    fi
    variant "$name" ./program "$url" "$page"
}

# shellcheck disable=SC2086
{
    built "linked" gcc -std=c11 -O1 $parts $path $ham $curl
    built "linked behind libcurl" gcc -std=c89 -O2 $parts $path $curl $ham
    built "linked with -flto and --as-needed" gcc -std=c17 -O2 -flto -Wl,--as-needed $parts $path $ham $curl
    built "linked with -flto, libcurl first" gcc -std=c99 -O2 -flto $parts $path $curl $ham
    built "C++" g++ -x c++ -std=c++17 -O2 $parts $path $ham $curl
    built "C++ with -flto" g++ -x c++ -std=c++98 -O2 -flto $parts $path $ham $curl
    built "beside libhamx" gcc -std=c11 -DHAMX $parts $path $ham $hamx $curl
    built "static" gcc -std=c11 -O2 $parts "$HAM_BUILD/libham.a" $curl -lgcc_s -lpthread -ldl -lm
    cp program static-program
    built "static with -flto and --gc-sections" gcc -std=c11 -O2 -flto -Wl,--gc-sections $parts "$HAM_BUILD/libham.a" $curl -lgcc_s -lm
    built "static, both libraries" gcc -std=c11 -DHAMX $parts "$HAM_BUILD/libham.a" "$HAM_BUILD/libhamx.a" $curl -lgcc_s -lm
    if command -v clang >/dev/null; then
        built "clang" clang -std=c11 -O2 $parts $path $ham $curl
        if command -v ld.lld >/dev/null; then
            built "clang with -flto by lld" clang -std=c2x -O2 -flto -fuse-ld=lld -Wl,--as-needed $parts $path $ham $curl
            built "static by lld" clang -std=c11 -O2 -fuse-ld=lld $parts "$HAM_BUILD/libham.a" $curl -lgcc_s -lm
        else
            skipped="$skipped lld"
        fi
    else
        skipped="$skipped clang"
    fi
    if command -v ld.gold >/dev/null; then
        built "linked by gold" gcc -std=c11 -O2 -fuse-ld=gold -Wl,--as-needed $parts $path $ham $curl
    fi

    # No warning may excuse the pointer from dlsym, which -pedantic minds.
    gcc -std=c11 -D_DEFAULT_SOURCE -DBY_DLOPEN -D_GNU_SOURCE -Wall -Wextra -Werror $include $parts -o by-dlopen $curl -ldl || status=1
    variant "dlopened" ./by-dlopen "$url" "$page" "$HAM_BUILD/libham.so.1"
}
variant "preloaded over a static one" env LD_PRELOAD="$HAM_BUILD/libham.so.1" ./static-program "$url" "$page"
variant "Python with ctypes" python3 "$here/coexist.py" "$url" "$page" "$HAM_BUILD/libham.so.1"
variant "Python with ctypes, global" env GLOBAL=1 python3 "$here/coexist.py" "$url" "$page" "$HAM_BUILD/libham.so.1"
variant "Python preloaded" env LD_PRELOAD="$HAM_BUILD/libham.so.1" python3 "$here/coexist.py" "$url" "$page"
if command -v curl >/dev/null; then
    got=$(LD_PRELOAD="$HAM_BUILD/libham.so.1" curl -sS --max-time 20 "$url" 2>&1)
    [ "$got" = "$page" ] && echo "right: curl preloaded" || { echo "wrong: curl preloaded: $got"; status=1; }
fi
[ $status = 0 ] && [ -n "$skipped" ] && { echo "not installed:$skipped"; exit 77; }
exit $status
