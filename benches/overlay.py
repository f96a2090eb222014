"""libham over an overlay against bare Zenoh, both as clients of the same routers, which are bare Zenoh's."""

import json
import tempfile
import time

from roles import Cast, Groups

ADDRESSES = ("10.70.0.1", "10.70.0.2")
NEAR, FAR, ROUTER = "0x10000000", "0x10000001", "0x1"  # the first two are libham's Interfaces, as they are configured here

PATIENCE_MS = 100  # of all nodes: libham's, the bare ones and the routers


def zenoh(mode, listen, connect):
    """What a bare node is told: without its defaults of being a peer that looks around by multicast, and with time before it drops a
    message, which else would be most of a flood: what a dropped one has cost would count, too."""
    patience = {"wait_before_drop": PATIENCE_MS * 1000, "max_wait_before_drop_fragments": PATIENCE_MS * 1000}
    settings = {"listen/endpoints": listen, "connect/endpoints": connect, "mode": mode, "scouting/multicast/enabled": False}
    settings["transport/link/tx/queue/congestion_control/drop"] = patience
    return "\n".join(f"{key}={json.dumps(value)}" for key, value in settings.items())


class Overlay:
    """Routers in a line, each on the other side of the veth pair than the one before. The near roles are at the first one, the far
    ones at the last."""

    far, family = True, 0

    def __init__(self, routers):
        self.name, self.routers = f"{routers} router{'s' if routers > 1 else ''}", routers
        self.ports = iter(range(20000, 60000))

    def near_devices(self, number=1):
        return [NEAR]

    def far_devices(self, number=1):
        return [FAR]

    def groups(self, count=1):
        return Groups("239.70.0.1", next(self.ports), count)

    def settle(self):
        """Until those who send know that there is someone who listens."""
        time.sleep(1)

    def endpoint(self, router):
        return f"tcp/{ADDRESSES[router % 2]}:{7447 + router}"


def play(measure, net, size, receivers, seconds):
    """`measure`, given what the two sides are told, while the routers run."""
    first, last = net.endpoint(0), net.endpoint(net.routers - 1)
    with Cast() as routers, tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as config:
        for router in range(net.routers):
            connect = [net.endpoint(router - 1)] if router else []
            settings = {f"BENCH_ZENOH_{ROUTER}": zenoh("router", [net.endpoint(router)], connect)}
            routers.add("zenoh", [ROUTER], far=router % 2 == 1, settings=settings)
        for side, router in (("near", first), ("far", last)):
            config.write(f'[overlay.{side}]\nrouters = ["{router}"]\ncongestion = "block"\nblock_ms = {PATIENCE_MS}\n')
        config.flush()
        bare = {f"BENCH_ZENOH_{NEAR}": zenoh("client", [], [first]), f"BENCH_ZENOH_{FAR}": zenoh("client", [], [last])}
        sides = {
            "base": ("zenoh", {"settings": bare}),
            "ham": ("ham", {"settings": {"HAM_CONFIG": config.name}, "name": "ham:opaque:bench"}),
        }
        return measure(net, size, receivers, seconds, sides=sides)
