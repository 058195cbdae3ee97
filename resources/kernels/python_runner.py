"""Runs Python cells in IPython's shell, without Jupyter's sockets, for the engine's code interpreter.

Descriptor 3 is a stream socket. In: one JSON object per line, {"code": text, "env": {name: value}}. Out: the lines of
the code interpreter's stream (number_of_executions, stdout, stderr, result, error, end_of_execution), and first of all
{"type": "ready"}. Bytes that code or its children write to descriptors 1 and 2 do not pass here: the engine reads those
pipes itself. To keep the order of both ways, nothing is sent on the socket before the engine has emptied the pipes.
SIGINT interrupts the running cell and is ignored between cells.
"""
import base64
import builtins
import collections
import fcntl
import json
import math
import os
import signal
import socket
import struct
import sys
import termios
import threading
import time
from datetime import datetime, timezone

import sandglass_charts

FLUSH_AFTER = 0.010  # seconds that a piece of output may wait for more
CHUNK = 32 * 1024  # characters of output in one line
MAX_RESULT = 24 * 1024 * 1024  # bytes of one result line
MAX_ERROR = 1024 * 1024  # characters of an error's value and of its traceback
MAX_DATA_ROWS = 10_000  # of a DataFrame that is sent as values too
MIME_KEYS = {
    "text/plain": "text", "text/html": "html", "text/markdown": "markdown", "image/svg+xml": "svg",
    "image/png": "png", "image/jpeg": "jpeg", "application/pdf": "pdf", "text/latex": "latex",
    "application/json": "json", "application/javascript": "javascript", "e2b/data": "data", "e2b/chart": "chart",
}


def now():
    return datetime.now(timezone.utc).isoformat()


class Wire:
    """The socket to the engine, and the output that waits to be sent on it. An interrupt waits until a line is out."""

    def __init__(self, connection):
        self.connection = connection
        self.main_thread = threading.get_ident()
        self.lock = threading.RLock()
        self.busy = 0
        self.interrupt_pending = False
        self.pieces = collections.deque()  # (stream's name, text); appended to without the lock: print must be quick
        self.size = 0
        self.scheduled = False
        self.last_flush = 0.0
        self.wake = threading.Event()
        self.flusher = None

    def __enter__(self):
        if threading.get_ident() == self.main_thread:
            self.busy += 1  # before the lock: an interrupt between the two must not leave it locked
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()
        if threading.get_ident() == self.main_thread:
            self.busy -= 1
            if self.interrupt_pending and not self.busy:
                self.interrupt_pending = False
                raise KeyboardInterrupt

    def send(self, message):
        with self:
            self._send_output()
            self._send_line(message)

    def output(self, name, text):
        if self.connection is None:
            os.write(1 if name == "stdout" else 2, text.encode("utf-8", "replace"))
            return
        self.pieces.append((name, text))
        self.size += len(text)
        if self.size >= CHUNK:
            self.flush()
        elif not self.scheduled:
            if "\n" in text and time.monotonic() - self.last_flush > FLUSH_AFTER:
                self.flush()
            else:
                self._flush_soon()

    def flush(self):
        with self:
            self._send_output()

    def leave_to_parent(self):
        """In a forked child: the socket is the parent's; output takes the pipes."""
        self.lock = threading.RLock()
        self.connection = None
        self.pieces.clear()

    def _flush_soon(self):
        self.scheduled = True
        if self.flusher is None:
            self.flusher = threading.Thread(target=self._run_flusher, daemon=True)
            self.flusher.start()
        self.wake.set()

    def _run_flusher(self):
        while True:
            self.wake.wait()
            self.wake.clear()
            time.sleep(FLUSH_AFTER)
            self.scheduled = False
            self.flush()

    def _send_output(self):
        self.size = 0
        name, texts = None, []
        while self.pieces:
            piece = self.pieces.popleft()
            if piece[0] != name:
                self._send_text(name, texts)
                name, texts = piece[0], []
            texts.append(piece[1])
        self._send_text(name, texts)
        self.last_flush = time.monotonic()

    def _send_text(self, name, texts):
        text = "".join(texts)
        for start in range(0, len(text), CHUNK):
            self._send_line({"type": name, "text": text[start:start + CHUNK], "timestamp": now()})

    def _send_line(self, message):
        if self.connection is None:
            return
        wait_for_empty_pipes()
        try:
            line = json.dumps(message, default=str, allow_nan=False, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):  # a mime bundle with NaN, cycles, odd keys
            line = json.dumps({key: json_value(value) for key, value in message.items()})
        self.connection.sendall(line.encode("utf-8", "replace") + b"\n")


def wait_for_empty_pipes(patience=0.25):
    """Until the engine has read what was written to descriptors 1 and 2, or something writes there without end."""
    deadline = None
    for descriptor in (1, 2):
        while True:
            try:
                waiting = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0]
            except OSError:
                break
            if not waiting:
                break
            if deadline is None:
                deadline = time.monotonic() + patience
            elif time.monotonic() > deadline:
                return
            time.sleep(0.0003)


class Stream:
    """sys.stdout or sys.stderr of the cells."""

    encoding = "utf-8"
    errors = "replace"
    newlines = None
    closed = False
    line_buffering = True

    def __init__(self, wire, name, descriptor, raw):
        self.wire, self._name, self._descriptor, self.buffer = wire, name, descriptor, raw
        self._output = wire.output
        self.name = "<" + name + ">"
        self.mode = "w"

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        if text:
            self._output(self._name, text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        self.wire.flush()

    def fileno(self):
        return self._descriptor

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.flush()


class RawStream:
    """sys.stdout.buffer: bytes, after the text that was printed before them."""

    def __init__(self, wire, name, descriptor):
        self.wire, self._name, self._descriptor = wire, name, descriptor

    def write(self, data):
        data = bytes(data)
        self.wire.output(self._name, data.decode("utf-8", "replace"))
        return len(data)

    def flush(self):
        self.wire.flush()

    def fileno(self):
        return self._descriptor

    def writable(self):
        return True


def json_value(value):
    """A value that JSON can hold, or None: no NaN, no keys that are not text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError, OverflowError):
        return None


def frame_values(value):
    """The columns of a pandas DataFrame as lists, without importing pandas for it."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame) or len(value) > MAX_DATA_ROWS:
        return None
    try:
        def plain(cell):
            if hasattr(cell, "isoformat"):
                return cell.isoformat()
            if hasattr(cell, "item"):
                cell = cell.item()
            return None if isinstance(cell, float) and not math.isfinite(cell) else cell

        columns = {str(name): [plain(cell) for cell in cells] for name, cells in value.to_dict(orient="list").items()}
        return json_value(columns)
    except Exception:
        return None


def result_line(bundle, is_main, value=None):
    line = {"type": "result", "is_main_result": is_main}
    extra = {}
    for mime, data in bundle.items():
        if isinstance(data, bytes):
            data = base64.b64encode(data).decode("ascii")
        elif isinstance(data, str) and mime in ("image/png", "image/jpeg", "application/pdf"):
            data = data.replace("\n", "")
        key = MIME_KEYS.get(mime)
        if key:
            line[key] = data
        else:
            extra[mime] = data
    text = line.get("text")
    if is_main and isinstance(value, str) and isinstance(text, str) and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        line["text"] = text[1:-1]
    if isinstance(value, (list, dict)) and "json" not in line:
        line["json"] = json_value(value)
    if "data" not in line:
        line["data"] = frame_values(value)
    if extra:
        line["extra"] = extra
    line = {key: entry for key, entry in line.items() if entry is not None}
    size = sum(len(entry) for entry in line.values() if isinstance(entry, str))
    if size > MAX_RESULT:
        return {"type": "result", "is_main_result": is_main, "text": "<result of %d characters: too large to show>" % size}
    return line


def make_shell(wire):
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
            wire.send(result_line(data, False))

        def clear_output(self, wait=False):
            pass

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            self.bundle = format_dict

        def __call__(self, result=None):
            self.bundle = None
            self.value = result
            super().__call__(result)

        def finish_displayhook(self):
            if self.bundle:
                wire.send(result_line(self.bundle, True, self.value))
            self.bundle = self.value = None

    class Shell(InteractiveShell):
        def init_history(self):
            self.history_manager = HistoryManager(shell=self, parent=self, enabled=False, hist_file=":memory:")

        def _showtraceback(self, kind, value, lines):
            wire.send({"type": "error", "name": kind.__name__, "value": str(value)[:MAX_ERROR],
                       "traceback": "\n".join(lines)[:MAX_ERROR]})

        def ask_exit(self):
            raise SystemExit("the interpreter of a context cannot be left; restart the context instead")

        def enable_gui(self, gui=None):
            pass

    shell = Shell.instance(displayhook_class=Hook, display_pub_class=Publisher, ipython_dir="/tmp/.ipython")
    shell.autoawait = True
    add_charts(shell.display_formatter)
    return shell


def add_charts(display):
    from IPython.core.formatters import BaseFormatter
    from traitlets import Unicode

    class Charts(BaseFormatter):
        format_type = Unicode("e2b/chart")
        _return_type = dict

        def __call__(self, value):  # not registered for its class: the inline backend takes that away from all formatters
            figures = sys.modules.get("matplotlib.figure")
            is_figure = figures is not None and isinstance(value, figures.Figure)
            return sandglass_charts.chart_of(value) if is_figure else None

    display.formatters["e2b/chart"] = Charts(parent=display)


class StdinNotImplementedError(NotImplementedError):
    """As in Jupyter: there is nobody to ask."""


def no_input(prompt=""):
    raise StdinNotImplementedError("input() was called, but a sandbox's code interpreter has nobody to ask")


class Runner:
    def __init__(self, wire):
        self.wire = wire
        self.running = False
        self.count = 0
        self.shell = make_shell(wire)
        builtins.input = no_input
        import getpass
        getpass.getpass = no_input
        signal.signal(signal.SIGINT, self.interrupted)
        os.register_at_fork(before=wire.flush, after_in_child=wire.leave_to_parent)

    def interrupted(self, *_):
        if not self.running:
            return
        if self.wire.busy:
            self.wire.interrupt_pending = True
        else:
            raise KeyboardInterrupt

    def run(self, request):
        self.count += 1
        saved = {}
        for name, value in (request.get("env") or {}).items():
            saved[name] = os.environ.get(name)
            os.environ[name] = str(value)
        try:
            self.running = True
            self.wire.send({"type": "number_of_executions", "execution_count": self.count})
            self.shell.execution_count = self.count
            self.shell.run_cell(request.get("code", ""), store_history=True)
            self.running = False
        except KeyboardInterrupt:  # between the cell's own handler and ours
            self.running = False
            self.wire.send({"type": "error", "name": "KeyboardInterrupt", "value": "", "traceback": "KeyboardInterrupt"})
        except BaseException as error:
            self.running = False
            self.wire.send({"type": "error", "name": type(error).__name__, "value": str(error), "traceback": str(error)})
        finally:
            self.running = False
            for name, value in saved.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        self.finish()

    def finish(self):
        self.wire.interrupt_pending = False
        for stream in (sys.__stdout__, sys.__stderr__):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass
        self.wire.flush()
        wait_for_empty_pipes(1.0)
        self.wire.send({"type": "end_of_execution"})


def take_channel():
    """Descriptor 3, away from that number and not inherited by anything that code starts."""
    channel = socket.socket(fileno=fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, 100))
    os.close(3)
    return channel


def streams(wire):
    """For sys.stdout and sys.stderr."""
    return (Stream(wire, "stdout", 1, RawStream(wire, "stdout", 1)),
            Stream(wire, "stderr", 2, RawStream(wire, "stderr", 2)))


def serve(runner, channel):
    """Until the engine closes the channel."""
    wire = runner.wire
    wire.connection = channel
    # Modules beside the code are found, those beside this file are not.
    sys.path[:] = [""] + [folder for folder in sys.path if folder not in ("", os.path.dirname(__file__))]
    sys.stdout, sys.stderr = streams(wire)
    wire.send({"type": "ready"})
    for line in channel.makefile("rb"):
        runner.run(json.loads(line))
        if wire.connection is None:  # a child that the cell forked came back here
            os._exit(0)


if __name__ == "__main__":
    serve(Runner(Wire(None)), take_channel())
