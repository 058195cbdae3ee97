"""`podman run` without root's rights: a container for each run, of an image made here, because no registry is asked.
The image holds this machine's Python and its standard library and nothing else."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

PYTHON = "/usr/bin/python3"
IMAGE = "sandglass-bench"
ABOUT = "{{.Host.Security.Rootless}} {{.Store.GraphDriverName}} {{.Host.OCIRuntime.Name}}"
LEFT_OUT = ("/test/", "/idlelib/", "/ensurepip/", "/config-")


class Podman:
    """A podman with a storage of its own, which goes away at the end."""

    def __init__(self):
        if shutil.which("podman") is None:
            raise RuntimeError("podman is not installed")
        try:
            user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise RuntimeError(f"podman: {error.args[0]}") from error
        self.account = user.pw_name
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="sandglass-podman-", dir="/var/tmp"))
        (self.home / "run").mkdir(mode=0o700)
        self.prefix = []
        if os.geteuid() == 0:
            for path in (self.home, self.home / "run"):
                os.chown(path, user.pw_uid, user.pw_gid)
            # Beside groups of the first version crun starts nothing, so it sees the second alone.
            alone = "" if pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists() else \
                "mount -t cgroup2 none /sys/fs/cgroup && "
            become = f'exec setpriv --reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups "$@"'
            self.prefix = ["unshare", "--mount", "sh", "-c", alone + become, "sh"]
        self.environment = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run"), "USER": self.account,
                            "TMPDIR": str(self.home), "PATH": os.environ["PATH"]}

    def call(self, *arguments: str) -> str:
        done = subprocess.run([*self.prefix, "podman", "--storage-driver", "overlay", *arguments],
                              env=self.environment, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("podman: " + (done.stderr.strip().splitlines() or ["no reason told"])[-1])
        return done.stdout.strip()

    def make_image(self) -> None:
        archive = self.home / "rootfs.tar"
        write_rootfs(archive)
        archive.chmod(0o644)
        self.call("import", str(archive), IMAGE)
        archive.unlink()

    def runs(self, code: str, expected: str, rounds: int) -> list[float]:
        taken = []
        for number in range(rounds + 1):
            begin = time.perf_counter()
            said = self.call("run", "--rm", "--network", "none", IMAGE, PYTHON, "-c", code)
            if number:
                taken.append((time.perf_counter() - begin) * 1e3)
            if said != expected:
                raise RuntimeError("podman: no result")
        return taken

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, subprocess.CalledProcessError):
            self.call("rmi", "--all", "--force")
        with contextlib.suppress(OSError, ValueError):  # the process that keeps its namespaces between two calls
            os.kill(int((self.home / "run/libpod/tmp/pause.pid").read_text()), signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)


def write_rootfs(path: pathlib.Path) -> None:
    python = os.path.realpath(PYTHON)
    linked = subprocess.run(["ldd", python], capture_output=True, text=True, check=True).stdout.split()
    library = subprocess.run([python, "-Sc", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
                             capture_output=True, text=True, check=True).stdout.strip()

    def of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        return None if any(part in entry.name for part in LEFT_OUT) else entry

    with tarfile.open(path, "w") as archive:
        for name in ("usr", "usr/bin", "usr/lib", "usr/lib64", "proc", "dev", "sys", "tmp", "etc", "run"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(of_root(entry))
        for name in ("bin", "lib", "lib64"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "usr/" + name
            archive.addfile(of_root(entry))
        archive.add(python, "usr/bin/python3", filter=of_root)
        for name in linked:
            if name.startswith("/"):
                archive.add(os.path.realpath(name), ("" if name.startswith("/usr") else "usr") + name, filter=of_root)
        archive.add(library, library, filter=of_root)


def podman(code: str, expected: str, rounds: int) -> tuple[list[float], str]:
    """Milliseconds of each run, and what was run. RuntimeError with the reason where there is none."""
    machine = Podman()
    try:
        machine.make_image()
        rootless, driver, runtime = machine.call("info", "--format", ABOUT).split()
        if rootless != "true":
            raise RuntimeError("podman does not run without root's rights here")
        what = f"rootless as {machine.account}, an image of python3 alone, {driver}, {runtime}"
        return machine.runs(code, expected, rounds), what
    finally:
        machine.close()
