#!/usr/bin/env python3
"""The local engine over the HTTP that the SDKs speak: from the request that creates a sandbox to the first output of
`print(21+21)`, with the shell alone and with numpy, pandas and matplotlib imported ahead; 100 sandboxes at once, and
what each of them holds while idle; a command from its start to its exit, over HTTP and through the JavaScript SDK;
files of 100 MB in and out. Beside it, in the same run, what one would take instead. Prints one JSON line; a row that
cannot be had is left out, and standard error says so.

  engine.py [ROUNDS]    of create and run, one after the other (default 200)"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import venv

from podman import podman
from sdkcommands import sdk_commands
from transfers import transfers

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SANDGLASS_BIN_DIR", TOP / "build/release/bin"))
LIBRARIES = "numpy,pandas,matplotlib"
IMPORTS = "import numpy, pandas, matplotlib.pyplot\n"
CODE = "print(21+21)"
MANY = 100
COMMANDS = 200
RIVAL_ROUNDS = 10
TEMPLATE = {"templateID": "code-interpreter-v1", "timeout": 600}


def skip(name: str, why: str) -> None:
    print(f"SKIPPED {name}: {why}", file=sys.stderr)


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * (len(values) - 1) + 0.5))]


def processes() -> dict[int, tuple[int, str]]:
    """pid -> (parent, command line) of all that may be looked at."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(entry.name)] = (parent, (entry / "cmdline").read_text())
    return found


def below(ancestor: int) -> dict[int, str]:
    everyone = processes()
    def descends(pid: int) -> bool:
        while pid in everyone and pid != ancestor:
            pid = everyone[pid][0]
        return pid == ancestor
    return {pid: command for pid, (_, command) in everyone.items() if descends(pid)}


class Client:
    """One connection to each of the engine's two ports, kept open as the SDKs do."""

    def __init__(self, engine: "Engine"):
        self.key = engine.key
        self.api, self.sandboxes = (http.client.HTTPConnection(url.split("//")[1], timeout=60)
                                    for url in (engine.ready["api_url"], engine.ready["sandbox_url"]))

    def call(self, connection, method, path, body=None, headers=None) -> bytes:
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body) if body else None,
                           {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return text

    def create(self) -> dict:
        return json.loads(self.call(self.api, "POST", "/sandboxes", TEMPLATE, {"X-API-KEY": self.key}))

    def kill(self, sandbox: dict) -> None:
        self.call(self.api, "DELETE", "/sandboxes/" + sandbox["sandboxID"], None, {"X-API-KEY": self.key})

    def into(self, sandbox: dict, port: int, path: str, body, headers=None) -> bytes:
        return self.call(self.sandboxes, "POST", path, body, {**self.route(sandbox, port), **(headers or {})})

    @staticmethod
    def route(sandbox: dict, port: int) -> dict:
        return {"E2b-Sandbox-Id": sandbox["sandboxID"], "E2b-Sandbox-Port": str(port),
                "X-Access-Token": sandbox.get("envdAccessToken", "")}

    def run(self, sandbox: dict, code: str) -> None:
        answer = self.into(sandbox, 49999, "/execute", {"code": code})
        if b'"42\\n"' not in answer:
            raise RuntimeError("no result: " + answer.decode())

    def command(self, sandbox: dict) -> None:
        body = json.dumps({"process": {"cmd": "/bin/true", "args": []}}).encode()
        answer = self.into(sandbox, 49983, "/process.Process/Start", struct.pack(">BI", 0, len(body)) + body,
                           {"Content-Type": "application/connect+json", "Connect-Protocol-Version": "1"})
        if b'"exited":true' not in answer.replace(b" ", b""):
            raise RuntimeError("the command did not end: " + answer.decode("utf-8", "replace"))


class Engine:
    def __init__(self, *options: str):
        self.state = tempfile.mkdtemp(prefix="sandglass-bench-", dir="/var/tmp")
        ready = pathlib.Path(self.state, "ready.json")
        self.process = subprocess.Popen(
            [BIN / "sandglass-engine", "--state-dir", self.state, "--api-port", "0", "--sandbox-port", "0",
             "--ready-file", ready, "--max-sandboxes", str(2 * MANY), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not ready.exists() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self.ready = json.loads(ready.read_text())
        if self.ready["tier"] > 3:
            raise RuntimeError("sandboxes cannot run here: " + "; ".join(self.ready["tier_reasons"]))
        self.key = pathlib.Path(self.ready["api_key_file"]).read_text().strip()

    def wait_for_fork_server(self) -> None:
        """Until a kernel has a parent outside of its sandbox."""
        client = Client(self)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            sandbox = client.create()
            said = client.into(sandbox, 49999, "/execute", {"code": "import os; print(os.getppid())"})
            client.kill(sandbox)
            if b'"0\\n"' in said:
                return
        raise RuntimeError("the fork-server did not start")

    def sandbox_memory(self) -> float:
        """MB in all sandboxes: what only they hold, and their share of what they hold together."""
        own = below(self.process.pid)
        def namespace(pid: int) -> str:
            return os.readlink(f"/proc/{pid}/ns/pid")
        inside = {namespace(pid) for pid, command in own.items() if command.startswith("sandglass-sandbox")}
        sum_kb = 0
        for pid in own:
            if namespace(pid) in inside:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                sum_kb += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
        return sum_kb / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        shutil.rmtree(self.state, ignore_errors=True)


def one_after_the_other(engine: Engine, rounds: int) -> list[float]:
    client = Client(engine)
    taken = []
    for number in range(rounds + 1):
        begin = time.perf_counter()
        sandbox = client.create()
        client.run(sandbox, CODE)
        if number:  # the first one warms the caches of files and connections
            taken.append((time.perf_counter() - begin) * 1e3)
        client.kill(sandbox)
    return taken


def commands(engine: Engine) -> list[float]:
    client = Client(engine)
    sandbox = client.create()
    taken = []
    for number in range(COMMANDS + 1):
        begin = time.perf_counter()
        client.command(sandbox)
        if number:
            taken.append((time.perf_counter() - begin) * 1e3)
    client.kill(sandbox)
    return taken


def through_the_sdk(engine: Engine) -> dict:
    try:
        taken = sdk_commands(engine.ready, engine.key, COMMANDS)
    except (RuntimeError, OSError, ValueError) as error:
        skip("sdk_command_p50_ms", str(error))
        return {}
    return {"sdk_command_p50_ms": share(taken, 0.5), "sdk_command_p95_ms": share(taken, 0.95),
            "sdk_command_p50_ms_what": "commands.run('true'), which is a login shell"}


def files(engine: Engine) -> dict:
    client = Client(engine)
    sandbox = client.create()
    written, read = transfers(client, sandbox)
    client.kill(sandbox)
    what = "100 MB by REST /files, octet-stream; the client sends by sendfile, reads 4 MB at a time"
    return {"file_write_mb_s": share(written, 0.5), "file_write_mb_s_what": what,
            "file_read_mb_s": share(read, 0.5), "file_read_mb_s_what": what}


def at_once(engine: Engine, code: str) -> tuple[float, float]:
    """Seconds until all have their result, and MB that each holds then."""
    start = threading.Barrier(MANY + 1)

    def one() -> tuple[Client, dict]:
        client = Client(engine)
        client.api.connect()
        client.sandboxes.connect()
        start.wait()
        sandbox = client.create()
        client.run(sandbox, code)
        return client, sandbox

    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        running = [pool.submit(one) for _ in range(MANY)]
        start.wait()
        begin = time.perf_counter()
        made = [each.result() for each in running]
        seconds = time.perf_counter() - begin
        memory = engine.sandbox_memory() / MANY
        for client, sandbox in made:
            client.kill(sandbox)
    return seconds, memory


def engine_figures(rounds: int) -> dict:
    figures = {"n": rounds}
    for name, libraries, code in (("python", "", CODE), ("ml", LIBRARIES, IMPORTS + CODE)):
        engine = Engine("--preimport", libraries)
        try:
            engine.wait_for_fork_server()
            taken = one_after_the_other(engine, rounds)
            figures[f"{name}_p50_ms"], figures[f"{name}_p95_ms"] = share(taken, 0.5), share(taken, 0.95)
            figures[f"{name}_min_ms"] = min(taken)
            figures[f"{name}_100_at_once_s"], figures[f"{name}_idle_pss_mb"] = at_once(engine, code)
            if name == "python":
                taken = commands(engine)
                figures["command_p50_ms"], figures["command_p95_ms"] = share(taken, 0.5), share(taken, 0.95)
                figures |= through_the_sdk(engine) | files(engine)
        finally:
            engine.stop()
    engine = Engine("--no-fork-server")
    try:
        figures["cold_p50_ms"] = share(one_after_the_other(engine, RIVAL_ROUNDS), 0.5)
    finally:
        engine.stop()
    return figures


# --- rivals ---


def timed(arguments: list, rounds: int = RIVAL_ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        taken.append((time.perf_counter() - begin) * 1e3)
        if done.stdout.strip() != "42":
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no result")
    return share(taken, 0.5)


IPYKERNEL = """
import statistics, sys, time
from jupyter_client.manager import start_new_kernel
taken = []
for _ in range(int(sys.argv[1])):
    begin = time.perf_counter()
    manager, client = start_new_kernel()
    said = []
    client.execute_interactive('print(21+21)', output_hook=lambda m: said.append(m['content'].get('text')))
    taken.append((time.perf_counter() - begin) * 1e3)
    assert '42\\n' in said, said
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(statistics.median(taken))
"""


def ipykernel() -> float:
    folder = TOP / "build/rivals"
    python = folder / "bin/python"
    check = [python, "-c", "import ipykernel, jupyter_client"]
    if not python.exists():
        venv.create(folder, with_pip=True)
    if subprocess.run(check, capture_output=True, check=False).returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "-q", "ipykernel", "jupyter_client"], capture_output=True,
                       check=False)
        if subprocess.run(check, capture_output=True, check=False).returncode != 0:
            raise RuntimeError("pip cannot install it here")
    done = subprocess.run([python, "-c", IPYKERNEL, str(RIVAL_ROUNDS)], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def rivals() -> dict:
    figures = {}

    def containers() -> float:
        taken, figures["rival_podman_ms_what"] = podman(CODE, "42", RIVAL_ROUNDS)
        return share(taken, 0.5)

    for name, measure in (("rival_python_c_ms", lambda: timed(["/usr/bin/python3", "-c", CODE])),
                          ("rival_python_c_ml_ms", lambda: timed(["/usr/bin/python3", "-c", IMPORTS + CODE])),
                          ("rival_ipykernel_ms", ipykernel),
                          ("rival_podman_ms", containers)):
        try:
            figures[name] = measure()
        except (RuntimeError, OSError, ValueError, subprocess.CalledProcessError) as error:
            skip(name, str(error))
    return figures


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    figures = {"bench": "engine", **engine_figures(rounds), **rivals()}
    print(json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
