"""Role processes: started in a namespace, told what to do by lines, asked for nanoseconds."""

import os
import select
import subprocess

BUILD = os.environ["HAM_BUILD"]
FAR = ["nsenter", f"--net=/proc/{os.environ['HAM_BENCH_FAR']}/ns/net", "--"]
CORES = sorted(os.sched_getaffinity(0))
PROGRAMS = {api: f"{BUILD}/bench/{api}" for api in ("raw", "ham", "zenoh")}
TIME_LIMIT = 20  # seconds that one command may take in a role


class RoleFailed(Exception):
    pass


def figures(program):
    """What a program prints that measures by itself: lines "NAME NANOSECONDS"."""
    try:
        run = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True, timeout=TIME_LIMIT)
        return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise RoleFailed(f"{program}: {error}") from error


class Groups:
    """A run of Group Addresses on one port."""

    def __init__(self, first, port, count=1):
        self.text = f"{first},{port},{count}"


def environment_without(prefix):
    return {key: value for key, value in os.environ.items() if not key.startswith(prefix)}


class Process:
    """A program that obeys lines, and answers each with a line "ok NUMBERS"; its first one is about its start."""

    def __init__(self, name, command, far, settings):
        self.name = name
        # The run measures the defaults: nothing of the user's own configuration.
        environment = environment_without("HAM_")
        environment.update({"HAM_CONFIG": "/dev/null", "HAM_LOG": "error", **settings})
        command = FAR + command if far else command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.started = self.answer("start")

    def tell(self, line):
        try:
            self.process.stdin.write(line + "\n")
        except OSError:
            self.answer(line)

    def answer(self, line):
        ready, _, _ = select.select([self.process.stdout], [], [], TIME_LIMIT + 10)
        text = self.process.stdout.readline() if ready else ""
        if not text.startswith("ok"):
            self.process.kill()
            raise RoleFailed(f"the {self.name} failed at \"{line}\" (status {self.process.wait()})")
        return [int(word) for word in text.split()[1:]]

    def ask(self, line):
        self.tell(line)
        return self.answer(line)

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RoleFailed(f"the {self.name} did not end")


class Role(Process):
    """`name`, `credentials`, `ipv4_only`, `watching` and `settings` (environment variables) are not for raw sockets."""

    def __init__(
        self,
        api,
        devices,
        *,
        send=None,
        receive=None,
        size=64,
        core=None,
        far=False,
        poll=False,
        spin=0,
        name=None,
        credentials="",
        ipv4_only=False,
        watching=False,
        settings=None,
    ):
        title = f"{api} {'receiver' if send is None else 'sender' if receive is None else 'peer'}"
        command = [PROGRAMS[api], "-n", title, "-z", str(size), "-t", str(TIME_LIMIT)]
        for device in devices:
            command += ["-d", device]
        if send:
            command += ["-s", send.text]
        if receive:
            command += ["-r", receive.text]
        if core is not None and len(CORES) > 1:
            command += ["-c", str(CORES[core % len(CORES)])]
        if poll:
            command += ["-p"]
        if spin and api == "raw":
            command += ["-x"]
        if name:
            command += ["-g", name, "-k", credentials]
        if ipv4_only:
            command += ["-4"]
        if watching:
            command += ["-w"]
        spinning = {"HAM_SPIN": str(spin)} if spin else {}
        super().__init__(title, command, far, {**spinning, **(settings or {})})
        self.receive_buffer, self.open_ns = self.started


class Watcher(Process):
    """A libham program on the near side that gets the membership events of a device."""

    def __init__(self, device):
        super().__init__("watcher", [f"{BUILD}/bench/watch", device], False, {})

    def when(self, event, name):
        return self.ask(f"when {event} {name}")[0]

    def cpu(self):
        return self.ask("cpu")[0]


class Host(Process):
    """A plain host on the far side."""

    def __init__(self, device):
        super().__init__("host", [f"{BUILD}/bench/host", device], True, {})


class Cast:
    """The roles of one cell; all of them end with it."""

    def __init__(self):
        self.roles = []

    def add(self, *args, **kwargs):
        return self.join(Role(*args, **kwargs))

    def join(self, role):
        self.roles.append(role)
        return role

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for role in self.roles:
            if kind:
                role.process.kill()
                role.process.wait()
            else:
                role.end()
