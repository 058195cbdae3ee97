"""Keeps a Python with the runner's shell and a template's libraries imported, and forks it into sandboxes.

Started by the broker in a root of the template that can only be read, without network, capabilities or a /proc.
Descriptor 3 is a SOCK_SEQPACKET socket. A packet is one JSON object; "@" says that the object lies in the memory file
that is the packet's last descriptor. In, first, what all kernels have in common:

  {"filter": base64, "calls": {"capset", "seccomp"}, "namespaces", "preimport": [name], "workers", "nice"}

Out: {"event": "ready", "preimported": [name]}. In, then, with [pidfd of the sandbox, stdout, stderr, channel]:

  {"n", "directory", "environment": {}, "rlimits": [[which, value]], "cpus": [number]}

Out, once for each: {"event": "forked", "n", "outer", "inner"} with the kernel's pid outside and inside of the sandbox
when it serves in there, or {"event": "failed", "n", "error"}.

Only workers, forked ahead of time, read requests. A worker joins the namespaces of one sandbox, forks the kernel, and
ends: so this process itself never enters a sandbox, and the kernel's parent is the broker, which reaps it.
"""
import array
import base64
import ctypes
import fcntl
import gc
import importlib
import json
import os
import random
import resource
import site
import socket
import sys

import python_runner

CONTROL = 3
CHANNEL, REPORT = 3, 4  # of a kernel
RUNNER = python_runner.__file__
PYTHON = "/usr/bin/python3"
MAX_PACKET = (64 << 10) + 1
MAX_DESCRIPTORS = 5
MAX_FAULTS = 5  # workers in a row that ended badly
CONTROL_CLOSED = 7  # exit status of a worker
CANNOT_START = 126
# What the allow-list's names stand for, and cells that warm them: first use of each costs as much as its import.
LIBRARIES = {
    "numpy": ("numpy", "import numpy\nnumpy.arange(3).sum()"),
    "pandas": ("pandas", "import pandas\npandas.DataFrame({'a': [1, 2]})"),
    "matplotlib": ("matplotlib.pyplot", "import matplotlib.pyplot as plot\nplot.figure()\nplot.plot([1, 2])\n"
                                        "plot.title('a')\nplot.show()\nplot.close('all')"),
}
# Python and its libraries read these when they start: a kernel with one of its own cannot be forked.
STARTUP_VARIABLES = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "MPL", "OMP_", "OPENBLAS_", "MKL_", "BLIS_",
                     "IPYTHON", "TZ", "NPY_", "NUMEXPR_")

PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 23, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAPABILITY_VERSION_3 = 0x20080522
SECCOMP_SET_MODE_FILTER = 1
SIGKILL = 9

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


def prctl(option, *arguments):
    return libc.prctl(option, *[ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]])


class SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


class Discard:
    """In the place of a kernel's channel while cells warm the shell up."""

    def sendall(self, data):
        pass


class Server:
    def __init__(self, control, common):
        self.control = control
        self.common = common
        self.filter = ctypes.create_string_buffer(base64.b64decode(common["filter"]))
        self.filter_length = (len(self.filter) - 1) // 8  # of struct sock_filter; the buffer ends with a zero byte
        self.wire = python_runner.Wire(None)
        self.runner = python_runner.Runner(self.wire)
        self.preimported = [name for name in common["preimport"] if self.load(name)]
        self.warm_up()
        self.environment = dict(os.environ)
        self.packages = package_folders()

    def load(self, name):
        try:
            importlib.import_module(LIBRARIES[name][0])
            return True
        except (ImportError, KeyError):  # the template does not have it, or it is on no list
            return False

    def warm_up(self):
        self.wire.connection = Discard()
        self.wire.flusher = self  # no thread: it would not come along into a fork
        for code in ("1 + 1", "print('a')", "1 / 0", *(LIBRARIES[name][1] for name in self.preimported)):
            self.runner.run({"code": code})
        self.wire.connection = self.wire.flusher = None
        self.wire.scheduled = False
        self.wire.wake.clear()
        self.runner.count = 0
        self.runner.shell.reset(new_session=True)
        for name in ("last_type", "last_value", "last_traceback"):
            if hasattr(sys, name):
                delattr(sys, name)
        gc.collect()
        libc.malloc_trim(0)
        gc.freeze()

    # --- this process: keeps workers at hand ---

    def serve(self):
        workers = set()
        faults = 0
        while faults < MAX_FAULTS:
            while len(workers) < self.common["workers"]:
                worker = os.fork()
                if worker == 0:
                    self.work()
                workers.add(worker)
            ended, status = os.wait()
            workers.discard(ended)
            code = os.waitstatus_to_exitcode(status)
            if code == CONTROL_CLOSED:
                return
            faults = faults + 1 if code else 0
        sys.exit("workers end with status %d" % code)

    # --- a worker ---

    def work(self):
        status = 1
        try:
            check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl")
            status = self.work_once()
        except BaseException as error:
            print("fork-server:", repr(error), file=sys.__stderr__, flush=True)
        finally:
            os._exit(status)

    def work_once(self):
        request, descriptors = receive(self.control)
        if request is None:
            return CONTROL_CLOSED
        answer = {"n": request.get("n"), "event": "failed"}
        try:
            answer.update(self.fork_kernel(request, descriptors), event="forked")
        except Exception as error:
            answer["error"] = str(error)
        self.control.send(json.dumps(answer).encode())
        return 0

    def fork_kernel(self, request, descriptors):
        sandbox, output, errors, channel = descriptors
        check(libc.setns(sandbox, self.common["namespaces"]), "setns")
        read_end, write_end = os.pipe()
        kernel = os.fork()
        if kernel == 0:
            self.be_kernel(request, (output, errors, channel), write_end)
        os.close(write_end)
        said = os.read(read_end, 1024).decode("utf-8", "replace")
        if not said.isdigit():
            raise RuntimeError(said or "the kernel ended before it served")
        return {"outer": kernel, "inner": int(said)}

    # --- a kernel ---

    def be_kernel(self, request, descriptors, report):
        status = 1
        try:
            try:
                cold = self.settle(request, descriptors, report)
            except BaseException as error:
                os.write(report, ("%s" % error).encode()[:1024])
                raise
            if cold:
                os.execve(PYTHON, [PYTHON, "-u", RUNNER], dict(os.environ))
            python_runner.serve(self.runner, python_runner.take_channel())
            status = 0
        except SystemExit:
            status = CANNOT_START
        except BaseException as error:
            os.write(2, ("%r\n" % error).encode())
        finally:
            os._exit(status)

    def settle(self, request, descriptors, report):
        """From a copy of the fork-server to a process like any other of the sandbox. True: it has to begin anew."""
        self.control.detach()
        os.setsid()
        report = place_descriptors(descriptors, report)
        os.umask(0o022)
        for which, value in request["rlimits"]:
            set_limit(which, value)
        os.nice(self.common["nice"])
        os.sched_setaffinity(0, request["cpus"])
        self.lock_down()
        environment = request["environment"]
        os.environ.clear()
        os.environ.update(environment)
        cold = self.must_start_cold(environment)
        os.write(report, b"%d" % os.getpid())
        os.close(report)
        try:
            os.chdir(request["directory"])
        except OSError as error:
            os.write(2, ("%s: %s\n" % (request["directory"], error.strerror)).encode())
            sys.exit()
        if not cold:
            self.be_unique()
        return cold

    def lock_down(self):
        capability = 0
        while prctl(PR_CAPBSET_READ, capability) >= 0:
            check(prctl(PR_CAPBSET_DROP, capability), "drop capabilities")
            capability += 1
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
        calls = self.common["calls"]
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        none = (ctypes.c_uint32 * 6)()
        check(libc.syscall(ctypes.c_long(calls["capset"]), header, none), "drop capabilities")
        check(prctl(PR_SET_NO_NEW_PRIVS, 1), "no_new_privs")
        program = SockFprog(self.filter_length, ctypes.addressof(self.filter))
        check(libc.syscall(ctypes.c_long(calls["seccomp"]), ctypes.c_long(SECCOMP_SET_MODE_FILTER), ctypes.c_long(0),
                           ctypes.byref(program)), "seccomp")

    def must_start_cold(self, environment):
        """Whether something here would make a fresh Python different from this one."""
        if package_folders() != self.packages:
            return True
        names = {name for name in (*environment, *self.environment) if name.startswith(STARTUP_VARIABLES)}
        return any(environment.get(name) != self.environment.get(name) for name in names)

    def be_unique(self):
        """What forks of one process share and fresh processes do not. `random` sees to itself."""
        random.seed()
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed()
        for module, name in (("tempfile", "_name_sequence"), ("uuid", "_node"), ("uuid", "_last_timestamp"),
                             ("platform", "_uname_cache")):
            if module in sys.modules:
                setattr(sys.modules[module], name, None)
        processes = sys.modules.get("multiprocessing.process")
        if processes is not None:
            processes.current_process().authkey = os.urandom(32)


def package_folders():
    """The folders that packages are imported from and when each was last changed: tells whether some were installed."""
    version = "python%d.%d" % sys.version_info[:2]
    folders = {*sys.path, site.getusersitepackages(), "/usr/local/lib/%s/dist-packages" % version,
               "/usr/local/lib/%s/site-packages" % version}
    state = {}
    for folder in folders:
        try:
            state[folder] = os.stat(folder).st_mtime_ns if folder else None
        except OSError:
            state[folder] = None
    return state


def place_descriptors(descriptors, report):
    """Puts a kernel's descriptors on their numbers and closes every other but `report`, whose number it gives."""
    # First out of the way of the numbers they are to have.
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64) for descriptor in (*descriptors, report)]
    nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    for source, target in zip((nothing, *high), (0, 1, 2, CHANNEL, REPORT)):
        os.dup2(source, target)
    os.set_inheritable(REPORT, False)
    check(libc.close_range(ctypes.c_uint(REPORT + 1), ctypes.c_uint(0xFFFFFFFF), 0), "close_range")
    return REPORT


def set_limit(which, value):
    most = resource.getrlimit(which)[1]
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(which, (value, value))


def receive(control):
    """The next request with its descriptors, or None at the end of the socket."""
    data, ancillary, _, _ = control.recvmsg(MAX_PACKET, socket.CMSG_SPACE(MAX_DESCRIPTORS * 4), socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(payload[:len(payload) - len(payload) % descriptors.itemsize])
    if not data:
        return None, []
    if data == b"@":
        with open(descriptors.pop(), "rb") as file:
            data = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
    return json.loads(data), list(descriptors)


def main():
    control = socket.socket(fileno=CONTROL)
    control.set_inheritable(False)
    common, _ = receive(control)
    if common is None:
        return
    os.umask(0o022)
    server = Server(control, common)
    control.send(json.dumps({"event": "ready", "preimported": server.preimported}).encode())
    server.serve()


if __name__ == "__main__":
    main()
