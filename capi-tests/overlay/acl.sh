#!/bin/bash
# timeout: 60
# root: yes
# Access control at a router: rules on the keys of groups, in a whole Zenoh file (zenoh_config).
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
unicast one two router
cat >router.json5 <<'Z'
{
  mode: "router",
  listen: { endpoints: ["tcp/10.0.0.3:7447"] },
  scouting: { multicast: { enabled: false }, gossip: { enabled: false } },
  access_control: {
    enabled: true,
    default_permission: "allow",
    rules: [{ id: "secret", permission: "deny", flows: ["ingress", "egress"],
              messages: ["put"], key_exprs: ["ham/v1/ham%3Aopaque%3Asecret/d"] }],
    subjects: [{ id: "two", interfaces: ["eth0"] }],
    policies: [{ rules: ["secret"], subjects: ["two"] }],
  },
}
Z
client='[overlay.o]\nrouters = ["tcp/10.0.0.3:7447"]\npatience_ms = 100'
router router router '[overlay.o]\nzenoh_config = "router.json5"'
node one one "$client"
node two two "$client"
must two join ham:opaque:open
must two join ham:opaque:secret
reaches one two ham:opaque:open
for i in $(seq 20); do must one send ham:opaque:secret "not for two"; done
must one send ham:opaque:open "for two"
hears two "for two"
not two "not for two"
stop one two router
