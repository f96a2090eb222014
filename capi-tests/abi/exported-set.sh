#!/bin/bash
# timeout: 600
# The exported set: libham.so has the 23 functions of Appendix A under HAM_1.0 and nothing else, libhamx.so only ham_ names,
# libham-overlay.so one name, if it is built;
# the archives have no other global names; the cdylib of cargo has the 23.
set -u
: "${HAM_ROOT:?}" "${HAM_BUILD:?}"

status=0
wrong() { echo "wrong: $*"; status=1; }

appendix_a="createMSocket deleteMSocket join leave srcRegister srcDeregister send receive getInterfaces addInterface
delInterface setTTL getTTL getAtomicMsgSize groupSet neighborSet childrenSet parentSet designatedHost
registerEventCallback enableEvents disableEvents getMaxMsgSize"
extras="ham_receive_from ham_interfaceProperties ham_statistics ham_interfaceStatistics ham_last_error ham_version"

sorted() { tr -s ' \n' '\n\n' | sed '/^$/d' | sort; }
dynamic() { readelf --dyn-syms --wide "$1" | awk '$7 != "UND" && $5 != "LOCAL" && NF >= 8 && $1 ~ /^[0-9]+:$/ { print $8 }' | sort; }
same() { diff <(cat "$2") <(cat "$3") || wrong "$1"; }

echo "$appendix_a" | sorted >names
[ "$(wc -l <names)" = 23 ] || wrong "this test's own list"
{ sed 's/$/@@HAM_1.0/' names; echo HAM_1.0; } | sort >expected
dynamic "$HAM_BUILD/libham.so.1" >found
same "libham.so.1 exports something else (<: expected, >: found)" expected found

{ sed 's/.*/ham_&@@HAMX_1.0/' names; for name in $extras; do echo "$name@@HAMX_1.0"; done; echo HAMX_1.0; } | sort >expected
dynamic "$HAM_BUILD/libhamx.so.1" >found
same "libhamx.so.1 exports something else" expected found

overlay=
if [ -e "$HAM_BUILD/libham-overlay.so.1" ]; then
    overlay=ham-overlay
    printf '%s\n' HAM_TECHNOLOGY_1.0 ham_technology@@HAM_TECHNOLOGY_1.0 | sort >expected
    dynamic "$HAM_BUILD/libham-overlay.so.1" >found
    same "libham-overlay.so.1 exports something else" expected found
fi

for name in ham hamx $overlay; do
    library=$HAM_BUILD/lib$name.so.1
    readelf -dW "$library" >dynamic
    grep -q "SONAME.*\[lib$name.so.1\]" dynamic || wrong "lib$name.so.1: the SONAME"
    grep -q 'FLAGS_1.*NODELETE' dynamic || wrong "lib$name.so.1 is not NODELETE"
    grep -q 'FLAGS_1.*NOW' dynamic || wrong "lib$name.so.1 is not linked with -z now"
    ! grep -q TEXTREL dynamic || wrong "lib$name.so.1 has text relocations"
    readelf -lW "$library" >segments
    grep -q GNU_RELRO segments || wrong "lib$name.so.1 has no RELRO"
    ! grep GNU_STACK segments | grep -q E || wrong "lib$name.so.1 has an executable stack"
    others=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' dynamic | grep -Ev '^(lib[cm]\.so\.6|libgcc_s\.so\.1|ld-linux.*)$')
    [ -z "$others" ] || wrong "lib$name.so.1 needs $others"
    # libc's name inside the library would come back to the library itself, or to somebody else's.
    readelf --dyn-syms --wide "$library" | grep UND | grep -qw 'send' && wrong "lib$name.so.1 refers to send"
    # Nobody links technologies.
    [ "$name" = ham-overlay ] || [ "$(readlink "$HAM_BUILD/lib$name.so")" = "lib$name.so.1" ] || wrong "lib$name.so is no link to lib$name.so.1"
done

nm -g --defined-only "$HAM_BUILD/libham.a" | awk 'NF == 3 { print $3 }' | sort >found
same "libham.a has other global names" names found
{ sed 's/^/ham_/' names; echo "$extras" | sorted; } | sort >expected
nm -g --defined-only "$HAM_BUILD/libhamx.a" | awk 'NF == 3 { print $3 }' | sort >found
same "libhamx.a has other global names" expected found
for name in ham hamx; do
    nm -u "$HAM_BUILD/lib$name.a" | grep -w send && wrong "lib$name.a refers to send"
done

# The library that cargo makes by itself, beside its own tests.
here=$PWD
cdylib=$(cd "$HAM_ROOT" && cargo test --no-run --message-format=json 2>"$here/cargo.log" | grep -o '"[^"]*/libham\.so"' | tail -n 1 | tr -d '"')
if [ -z "$cdylib" ]; then
    wrong "cargo made no libham.so"
    tail -n 20 cargo.log
else
    dynamic "$cdylib" >found
    same "the plain cdylib exports something else" names found
fi
exit $status
