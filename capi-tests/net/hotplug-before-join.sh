#!/bin/bash
# A device is made again between createMSocket and the first join; or it comes only then, to a socket on the default Interfaces.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
for arguments in "" eth0; do
    for pause in 0.5 0; do
        what="arguments \"$arguments\", $pause s"
        plug
        ham_start one here $arguments
        unplug
        sleep $pause
        plug
        sleep $pause
        join_all
        hears 0 "$what"
        heard_there 0 "$what"
        stop one
        unplug
    done
done
