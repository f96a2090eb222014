"""Role processes: started in a namespace, told what to do by lines, asked for nanoseconds."""

import os
import select
import subprocess

BUILD = os.environ["HAM_BUILD"]
FAR = ["nsenter", f"--net=/proc/{os.environ['HAM_BENCH_FAR']}/ns/net", "--"]
CORES = sorted(os.sched_getaffinity(0))
PROGRAMS = {api: f"{BUILD}/bench/{api}" for api in ("raw", "ham")}
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


class Role:
    """`name`, `credentials`, `ipv4_only` and `settings` (environment variables) are for libham alone."""

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
        settings=None,
    ):
        self.name = f"{api} {'receiver' if send is None else 'sender' if receive is None else 'peer'}"
        command = FAR[:] if far else []
        command += [PROGRAMS[api], "-n", self.name, "-z", str(size), "-t", str(TIME_LIMIT)]
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
        # The run measures the defaults: nothing of the user's own configuration.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HAM_")}
        environment["HAM_CONFIG"] = "/dev/null"
        environment["HAM_LOG"] = "error"
        if spin:
            environment["HAM_SPIN"] = str(spin)
        environment.update(settings or {})
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.receive_buffer, self.open_ns = self.answer("start")

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


class Cast:
    """The roles of one cell; all of them end with it."""

    def __init__(self):
        self.roles = []

    def add(self, *args, **kwargs):
        self.roles.append(Role(*args, **kwargs))
        return self.roles[-1]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for role in self.roles:
            if kind:
                role.process.kill()
                role.process.wait()
            else:
                role.end()
