"""Keeps a Python with the runner's shell and a template's libraries imported, and forks it into sandboxes.

Started by the broker in a root of the template that can only be read, without network or a /proc, and with the one
capability (CAP_SYS_ADMIN below the broker's own user namespace) that joining a pid namespace takes.
Descriptor 3 is a SOCK_SEQPACKET socket. A packet is one JSON object; "@" says that the object lies in the memory file
that is the packet's last descriptor. In, first, what all kernels have in common:

  {"filter": base64, "calls": {"capset", "seccomp"}, "spaces": {"pid", "user", "others"}, "preimport": [name], "nice"}

Out: {"event": "ready", "preimported": [name]}. In, then, with [pidfd of the sandbox, stdout, stderr, channel]:

  {"n", "rlimits": [[which, value]], "cpus": [number]}

Out, for each: {"event": "forked", "n", "outer"} with the kernel's pid here, and from the kernel {"event": "began", "n",
"inner"} with its pid in the sandbox; or {"event": "failed", "n", "error"}. In the end {"event": "exited", "outer",
"status", "cpuMs"}; of kernels that live longer than this process the broker becomes the parent.

The kernel may come to life while the sandbox's files are still being mounted. It waits for the first line on its
channel, {"environment": {}, "directory"}, enters the other namespaces, gives up all rights, and serves.
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
import select
import site
import socket
import sys

import python_runner

CONTROL = 3
CHANNEL, SANDBOX = 3, 4  # of a kernel
RUNNER = python_runner.__file__
PYTHON = "/usr/bin/python3"
MAX_PACKET = (64 << 10) + 1
MAX_DESCRIPTORS = 5
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

PR_SET_DUMPABLE, PR_CAPBSET_READ, PR_CAPBSET_DROP = 4, 23, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAPABILITY_VERSION_3 = 0x20080522
SECCOMP_SET_MODE_FILTER = 1

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
        sys.stdout, sys.stderr = python_runner.streams(self.wire)
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

    # --- this process ---

    def serve(self):
        """Until the broker closes the socket."""
        poll = select.epoll()
        poll.register(self.control, select.EPOLLIN)
        kernels = {}  # pidfd -> pid
        while True:
            for descriptor, _ in poll.poll():
                if descriptor in kernels:
                    poll.unregister(descriptor)
                    os.close(descriptor)
                    self.reap(kernels.pop(descriptor))
                    continue
                order, descriptors = receive(self.control)
                if order is None:
                    return
                kernel = self.fork_kernel(order, descriptors)
                if kernel:
                    ended = os.pidfd_open(kernel)
                    poll.register(ended, select.EPOLLIN)
                    kernels[ended] = kernel

    def say(self, **message):
        self.control.send(json.dumps(message).encode())

    def reap(self, kernel):
        _, status, used = os.wait4(kernel, 0)
        self.say(event="exited", outer=kernel, status=status, cpuMs=int((used.ru_utime + used.ru_stime) * 1000))

    def fork_kernel(self, order, descriptors):
        try:
            check(libc.setns(descriptors[0], self.common["spaces"]["pid"]), "setns")  # of children only
            kernel = os.fork()
            if kernel == 0:
                self.be_kernel(order, descriptors)
            self.say(event="forked", n=order["n"], outer=kernel)
            return kernel
        except Exception as error:
            self.say(event="failed", n=order.get("n"), error=str(error))
            return None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    # --- a kernel ---

    def be_kernel(self, order, descriptors):
        status = 1
        try:
            check(prctl(PR_SET_DUMPABLE, 0), "prctl")  # not to be looked into before it is like any other process
            check(libc.setns(descriptors[0], self.common["spaces"]["user"]), "setns")
            os.setsid()
            self.say(event="began", n=order["n"], inner=os.getpid())
            self.settle(order, descriptors)
            if self.enter():
                os.execve(PYTHON, [PYTHON, "-u", RUNNER], dict(os.environ))
            python_runner.serve(self.runner, python_runner.take_channel())
            status = 0
        except SystemExit as error:
            status = error.code
        except BaseException as error:
            os.write(2, ("%r\n" % error).encode())
        finally:
            os._exit(status)

    def settle(self, order, descriptors):
        """What can be done before the sandbox has its files."""
        self.control.detach()
        place_descriptors(descriptors)
        os.umask(0o022)
        for which, value in order["rlimits"]:
            set_limit(which, value)
        if order["cpus"]:
            os.sched_setaffinity(0, order["cpus"])
        random.seed()
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed()
        # `random` apart, what forks of one process share and fresh processes do not.
        for module, name in (("tempfile", "_name_sequence"), ("uuid", "_node"), ("uuid", "_last_timestamp"),
                             ("platform", "_uname_cache")):
            if module in sys.modules:
                setattr(sys.modules[module], name, None)
        processes = sys.modules.get("multiprocessing.process")
        if processes is not None:
            processes.current_process().authkey = os.urandom(32)

    def enter(self):
        """From a process of the fork-server to one like any other of the sandbox. True: it has to begin anew."""
        line = read_line(CHANNEL)
        if not line:
            sys.exit(0)
        first = json.loads(line)
        check(libc.setns(SANDBOX, self.common["spaces"]["others"]), "setns")
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        check(libc.close_range(ctypes.c_uint(CHANNEL + 1), ctypes.c_uint(0xFFFFFFFF), 0), "close_range")
        os.nice(self.common["nice"])  # not before: so far it was the engine's own work
        self.lock_down()
        os.environ.clear()
        os.environ.update(first["environment"])
        try:
            os.chdir(first["directory"])
        except OSError as error:
            os.write(2, ("%s: %s\n" % (first["directory"], error.strerror)).encode())
            sys.exit(CANNOT_START)
        return self.must_start_cold(first["environment"])

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
        check(prctl(PR_SET_DUMPABLE, 1), "prctl")

    def must_start_cold(self, environment):
        """Whether something here would make a fresh Python different from this one."""
        if package_folders() != self.packages:
            return True
        names = {name for name in (*environment, *self.environment) if name.startswith(STARTUP_VARIABLES)}
        return any(environment.get(name) != self.environment.get(name) for name in names)


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


def place_descriptors(descriptors):
    """Puts a kernel's descriptors on their numbers and closes every other."""
    # First out of the way of the numbers they are to have.
    sandbox, output, errors, channel = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 64) for each in descriptors)
    for source, target in ((output, 1), (errors, 2), (channel, CHANNEL), (sandbox, SANDBOX)):
        os.dup2(source, target)
    check(libc.close_range(ctypes.c_uint(SANDBOX + 1), ctypes.c_uint(0xFFFFFFFF), 0), "close_range")


def read_line(descriptor):
    """Byte for byte would be slow, and more than a line would be lost; nothing follows the first before an answer."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return b""
        line += piece
    return line


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
