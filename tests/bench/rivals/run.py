#!/usr/bin/env python3
"""sandglass-collector beside what one would take instead, under the same load in one run: FastAPI + uvicorn in memory,
the same with SQLite, and nginx that looks at nothing and returns an empty 200. All on loopback, 32 and 128 connections,
turn by turn so that a busy machine treats them alike. Prints the medians and their ratios as one JSON line; a rival that
cannot be had is left out, and standard error says so."""
import contextlib
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
BIN = pathlib.Path(os.environ.get("SANDGLASS_BIN_DIR", TOP / "build/release/bin"))
CONNECTIONS = (32, 128)
ROUNDS = 3
SECONDS = 3
SECRET = secrets.token_urlsafe(32)


def skip(name: str, why: str) -> None:
    print(f"SKIPPED {name}: {why}", file=sys.stderr)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    raise RuntimeError("it does not serve")


def python_with_rivals() -> pathlib.Path | None:
    folder = TOP / "build/rivals"
    python = folder / "bin/python"
    check = "import fastapi, uvicorn, uvloop, httptools"
    if python.exists() and subprocess.run([python, "-c", check], check=False).returncode == 0:
        return python
    venv.create(folder, with_pip=True)
    done = subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        skip("FastAPI", "its Python packages cannot be installed: " + (done.stderr.strip().splitlines() or ["?"])[-1])
        return None
    return python


class Contestant:
    def __init__(self, name: str, command: list, port: int, environment: dict | None = None):
        self.name = name
        self.port = port
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            wait_for(port, self.process)
        except RuntimeError:
            self.stop()
            raise

    def load(self, connections: int, seconds: float) -> dict:
        done = subprocess.run([BIN / "sandglass-receiver-load", "--url", f"http://127.0.0.1:{self.port}/webhooks/e2b",
                               "--secret", SECRET, "--connections", str(connections), "--seconds", str(seconds)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} under {connections} connections: {done.stderr.strip()}")
        self.settle()
        return json.loads(done.stdout)

    def settle(self) -> None:
        """Waits until what was put off during the load is done, at most 10 s: the next one's turn is its own."""
        def used() -> int:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = used()
        for _ in range(50):
            time.sleep(0.2)
            now = used()
            if now - before <= 2:
                return
            before = now

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def collector(folder: pathlib.Path) -> Contestant:
    port = free_port()
    return Contestant("sandglass", [BIN / "sandglass-collector", "--profile", folder / "profile", "--receiver-port", port,
                                    "--stream-port", 0], port, {"SANDGLASS_WEBHOOK_SECRET": SECRET})


def fastapi(python: pathlib.Path, name: str, store: str) -> Contestant:
    port = free_port()
    command = [python, "-m", "uvicorn", "--app-dir", HERE, "receiver_fastapi:app", "--host", "127.0.0.1", "--port", port,
               "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return Contestant(name, command, port, {"RIVAL_SECRET": SECRET, "RIVAL_STORE": store})


def nginx(folder: pathlib.Path) -> Contestant | None:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        skip("nginx", "not installed: apt-get install nginx-light")
        return None
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 ""; }} }}
}}
""")
    return Contestant("nginx", [program, "-e", "stderr", "-p", folder, "-c", config], port)


def contestants(folder: pathlib.Path) -> list[Contestant]:
    out = [collector(folder)]
    python = python_with_rivals()
    makers = [lambda: nginx(folder)]
    if python:
        makers += [lambda: fastapi(python, "memory", "memory"),
                   lambda: fastapi(python, "sqlite", str(folder / "rival.db"))]
    for make in makers:
        try:
            made = make()
        except RuntimeError as error:
            skip("a rival", str(error))
            continue
        if made:
            out.append(made)
    return out


def measure(all_of_them: list[Contestant]) -> dict:
    figures: dict = {"rounds": ROUNDS, "seconds": SECONDS}
    for connections in CONNECTIONS:
        rates: dict[str, list[float]] = {}
        p99: dict[str, list[float]] = {}
        for turn in range(ROUNDS + 1):
            for contestant in all_of_them:
                result = contestant.load(connections, 1 if turn == 0 else SECONDS)  # the first warms up
                if turn > 0:
                    rates.setdefault(contestant.name, []).append(result["events_per_second"])
                    p99.setdefault(contestant.name, []).append(result["p99_ms"])
        ours = statistics.median(rates["sandglass"])
        for name, values in rates.items():
            figures[f"{name}_{connections}_per_second"] = round(statistics.median(values), 1)
            figures[f"{name}_{connections}_p99_ms"] = round(statistics.median(p99[name]), 3)
            if name != "sandglass":
                figures[f"vs_{name}_{connections}"] = round(ours / statistics.median(values), 3)
    return figures


def main() -> int:
    # On a disk: durable means nothing in memory.
    with tempfile.TemporaryDirectory(prefix="sandglass-rivals-", dir="/var/tmp") as folder:
        running: list[Contestant] = []
        try:
            running = contestants(pathlib.Path(folder))
            print(json.dumps(measure(running)))
        finally:
            for contestant in running:
                contestant.stop()
    return 0


sys.exit(main())
