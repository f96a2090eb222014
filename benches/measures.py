"""The measures. Each plays rounds of its variants in turn and returns them: a list of {variant: nanoseconds, or several figures}."""

import random
import time
from typing import NamedTuple

from roles import Cast, Groups, Host, RoleFailed, Watcher, figures

STRIDE = 7919  # a prime: walks through all groups of a range in an order that no cache foresees
SIDES = {"base": ("raw", {}), "ham": ("ham", {})}  # by variant the API, and what else its roles are told
WARM = 16  # messages before the clock starts: they wake the sender's caches and branch predictors
FLOOD_MS = 100


class Net:
    """Where the near and the far roles stand, and how they name their devices and groups. `first`: the first pair of devices."""

    def __init__(self, name, family=4, first=0):
        self.name, self.family, self.first = name, family, first
        self.far = name != "lo"
        self.ports = iter(range(20000, 60000))
        with Cast() as cast:
            self.buffer = cast.add("raw", self.far_devices(), receive=self.groups(), far=self.far).receive_buffer

    def near_devices(self, number=1):
        return [f"near{self.first + n}" for n in range(number)] if self.far else ["lo"]

    def far_devices(self, number=1):
        return [f"far{self.first + n}" for n in range(number)] if self.far else ["lo"]

    def groups(self, count=1):
        """On a port of their own each time: the rounds of one variant never reach the other's receivers."""
        return Groups("239.70.0.1" if self.family == 4 else "ff15::70:1", next(self.ports), count)

    def settle(self):
        """A join is over when it returns."""

    def burst(self, size, most):
        """As many messages as surely fit into a receive buffer: the kernel charges whole pages and headers."""
        return max(2, min(most, self.buffer // (2 * size + 1536)))


class NoNet:
    """Of a measure without messages between processes."""

    name, family = "", 0


def interleave(variants, seconds):
    """Rounds of all variants for about `seconds`, the order reversed each time, so that no drift favours one of them."""
    rounds = []
    names = list(variants)
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(rounds) < 5:
        rounds.append({name: variants[name]() for name in names})
        names.reverse()
    return rounds


def drain_all(sinks, count):
    """One after the other, so that they do not compete for the cores; the mean of their times."""
    return sum(sink.ask(f"drain {count}")[0] for sink in sinks) / len(sinks)


def send_burst(net, size, sender, sinks, most=400):
    """The time of a send call, delivery into the receivers' buffers included: it happens within the call.

    The receivers are idle while the clock runs and drain afterwards: so nothing wakes up, nothing overflows, and every message is
    counted.
    """
    count = net.burst(size, most)
    warm = min(WARM, count // 2)
    elapsed = sender.ask(f"send {warm} {count - warm} 0")[0]
    drain_all(sinks, count)
    return elapsed / (count - warm)


def send(net, size, receivers, seconds, sides=SIDES):
    """A HAM send against a raw sendto, both to the same raw receivers."""
    with Cast() as cast:
        group = net.groups()
        sinks = [
            cast.add("raw", net.far_devices(), receive=group, size=size, core=1, far=net.far) for _ in range(receivers)
        ]
        senders = {
            name: cast.add(api, net.near_devices(), send=group, size=size, core=0, **more) for name, (api, more) in sides.items()
        }
        return interleave(
            {name: lambda sender=sender: send_burst(net, size, sender, sinks) for name, sender in senders.items()}, seconds
        )


def send_two_interfaces(net, size, receivers, seconds):
    """One HAM send on two Interfaces against two raw sendto calls."""
    with Cast() as cast:
        group = net.groups()
        sinks = [cast.add("raw", [device], receive=group, size=size, core=1, far=True) for device in net.far_devices(2)]
        senders = {name: cast.add(api, net.near_devices(2), send=group, size=size, core=0) for name, (api, _) in SIDES.items()}
        return interleave(
            {name: lambda sender=sender: send_burst(net, size, sender, sinks) for name, sender in senders.items()}, seconds
        )


def drain(net, size, receivers, seconds, poll=False, sides=SIDES):
    """The time of a receive call while a backlog waits; a raw sender fills the buffers before the clock starts."""
    count = net.burst(size, 1000)
    with Cast() as cast:
        variants = {}
        for name, (api, more) in sides.items():
            group = net.groups()
            sender = cast.add("raw", net.near_devices(), send=group, size=size, core=0)
            sinks = [
                cast.add(api, net.far_devices(), receive=group, size=size, core=1, far=net.far, poll=poll, **more)
                for _ in range(receivers)
            ]

            def backlog(sender=sender, sinks=sinks):
                sender.ask(f"send 0 {count} 0")
                return drain_all(sinks, count) / count

            variants[name] = backlog
        return interleave(variants, seconds)


def ping_pong(net, size, receivers, seconds, spin=0, far_core=1, sides=SIDES):
    """Round trips of a message that every receiver answers: the median and the 99th percentile of each round's trips.

    The ends are on different cores, as the ends of a network are. Left alone, the scheduler moves both to one core at its own time.
    """""
    trips = 500 if size < 20000 else 200
    sides = {name: (api, {**more, "spin": spin if name == "ham" else 0}) for name, (api, more) in sides.items()}
    if spin:
        sides["raw spin"] = ("raw", {"spin": spin})
    with Cast() as cast:
        variants = {}
        for name, (api, more) in sides.items():
            there, back = net.groups(), net.groups()
            pongs = [
                cast.add(api, net.far_devices(), send=back, receive=there, size=size, core=far_core, far=net.far, **more)
                for _ in range(receivers)
            ]
            ping = cast.add(api, net.near_devices(), send=there, receive=back, size=size, core=0, **more)

            def play(ping=ping, pongs=pongs):
                for pong in pongs:
                    pong.tell(f"pong {trips}")
                median, p99, _ = ping.ask(f"ping {trips} {len(pongs)}")
                for pong in pongs:
                    pong.answer("pong")
                return median, p99

            net.settle()
            play()
            variants[name] = play
        return interleave(variants, seconds)


def many_groups(net, size, receivers, seconds, groups, all_used):
    """A message's cost on a HAM socket with many groups, of which one or all carry the traffic, against a HAM socket with one group:
    (the whole, from a raw sendto with its delivery to the end of receive; receive alone). Beside it BSD sockets with the same groups.
    """
    count = net.burst(size, 400)
    with Cast() as cast:
        variants = {}
        for name, api, joined in (("base", "ham", 1), ("ham", "ham", groups), ("raw, as many groups", "raw", groups)):
            group = net.groups(joined)
            sink = cast.add(api, net.far_devices(), receive=group, size=size, core=1, far=net.far)
            sender = cast.add("raw", net.near_devices(), send=group, size=size, core=0)
            stride = STRIDE if all_used and joined > 1 else 0

            def backlog(sender=sender, sink=sink, stride=stride):
                there = sender.ask(f"send 0 {count} {stride}")[0]
                received = sink.ask(f"drain {count}")[0]
                return (there + received) / count, received / count

            variants[name] = backlog
        return interleave(variants, seconds)


def many_groups_send(net, size, receivers, seconds, groups):
    """The time of a send call of a HAM socket that joined many groups, against one that joined one; the receivers are raw."""
    with Cast() as cast:
        variants = {}
        for name, joined in (("base", 1), ("ham", groups)):
            group = net.groups()
            sinks = [cast.add("raw", net.far_devices(), receive=group, size=size, core=1, far=net.far)]
            sender = cast.add("ham", net.near_devices(), send=group, receive=net.groups(joined), size=size, core=0)
            variants[name] = lambda sender=sender, sinks=sinks: send_burst(net, size, sender, sinks)
        return interleave(variants, seconds)


class Delivery(NamedTuple):
    """What came of a flood: messages per second at the receiver, CPU nanoseconds of both ends per message received, and the share of
    the sent messages that was received."""

    rate: float
    cpu: float
    share: float


def flood(net, size, receivers, seconds, sides=SIDES):
    """A sender as fast as it goes, and one receiver."""
    with Cast() as cast:
        variants = {}
        for name, (api, more) in sides.items():
            group = net.groups()
            sink = cast.add(api, net.far_devices(), receive=group, size=size, core=1, far=net.far, **more)
            sender = cast.add(api, net.near_devices(), send=group, size=size, core=0, **more)

            def play(sink=sink, sender=sender):
                sink.tell("collect")
                sent, sender_cpu = sender.ask(f"flood {FLOOD_MS}")
                received, between, elapsed, sink_cpu = sink.ask("end")
                if elapsed == 0:
                    raise RoleFailed(f"of the {sent} messages of the {sender.name} only {received} arrived")
                return Delivery(between * 1e9 / elapsed, (sender_cpu + sink_cpu) / received, received / sent)

            net.settle()
            play()
            variants[name] = play
        return interleave(variants, seconds)


def survivors(net, size, receivers, seconds, sides=SIDES):
    """The share of the messages that arrive on a net with losses. Each burst has room in the receiver's buffer: none is lost there."""
    burst = net.burst(2 * size, 50)
    bursts = 50 // burst
    with Cast() as cast:
        variants = {}
        for name, (api, more) in sides.items():
            group = net.groups()
            sink = cast.add(api, net.far_devices(), receive=group, size=size, core=1, far=net.far, **more)
            sender = cast.add(api, net.near_devices(), send=group, size=size, core=0, **more)

            def play(sink=sink, sender=sender):
                sink.tell("collect")
                for _ in range(bursts):
                    sender.ask(f"send 0 {burst} 0")
                    time.sleep(0.005)
                received = sink.ask("end")[0]
                if received == 0:
                    raise RoleFailed(f"of {burst * bursts} messages of the {sender.name} none arrived")
                return received / (burst * bursts)

            variants[name] = play
        return interleave(variants, seconds)


EVENT_LIMIT = 5e6  # nanoseconds from the packet to the callback
OBSERVER_LIMIT = 0.01  # of a core
REPORTS = 1000  # a second
GROUPS = iter(range(250 * 250))


def event_latency(net, size, receivers, seconds, reports=0, changing=False):
    """From a plain host's report of its join and of its leave, each, to the callback. `reports`: so many others a second
    beside; `changing`: each of them is a join or a leave, too."""
    with Cast() as cast:
        watcher = cast.join(Watcher(*net.near_devices()))
        host = cast.join(Host(*net.far_devices()))
        others = cast.join(Host(*net.far_devices())) if reports else None
        if others:
            others.ask(f"reports {reports} 1000 {int(changing)}")
            others.tell(f"reports {reports} {int(seconds * 1000) + 500} {int(changing)}")

        def play():
            number = next(GROUPS)
            group = f"239.71.{number // 250}.{number % 250 + 1}"
            taken = []
            for change in ("join", "leave"):
                time.sleep(random.uniform(0.005, 0.025))
                sent = host.ask(f"{change} {group}")[0]
                taken.append(watcher.when(change, f"ham:ip:{group}") - sent)
            return taken

        play()
        limits = [EVENT_LIMIT] * 2
        rounds = interleave({"base": lambda: limits, "ham": play}, seconds)
        if others:
            others.answer("reports")
        return rounds


def observer(net, size, receivers, seconds, changing=False):
    """The share of a core that a program with membership events takes while plain hosts send reports. `changing`: each of them is
    a join or a leave; else one more of what is known."""
    with Cast() as cast:
        watcher = cast.join(Watcher(*net.near_devices()))
        hosts = cast.join(Host(*net.far_devices()))

        def play():
            before = watcher.cpu()
            _, elapsed = hosts.ask(f"reports {REPORTS} 500 {int(changing)}")
            return (watcher.cpu() - before) / elapsed

        play(), play()
        return interleave({"base": lambda: OBSERVER_LIMIT, "ham": play}, seconds)


def measured_by_itself(net, size, receivers, seconds, program, base):
    """The figures of a program that needs no network, against a fixed number of nanoseconds."""
    return interleave({"base": lambda: base, "ham": lambda: figures(program)}, seconds)
