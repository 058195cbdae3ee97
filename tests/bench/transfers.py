"""Files of 100 MB into a sandbox and out of it, by the REST half of envd: POST and GET /files with octet-stream. The
client sends from memory by sendfile and reads into one buffer, so that it is the engine that is measured."""
import http.client
import os
import time

MEGABYTES = 100
ROUNDS = 10


def transfers(client, sandbox: dict) -> tuple[list[float], list[float]]:
    """MB/s of each write, from the request to its answer, and of each read, to the last byte."""
    content = os.urandom(MEGABYTES * 10**6)
    source = os.fdopen(os.memfd_create("bench"), "w+b")
    source.write(content)
    source.flush()
    connection = http.client.HTTPConnection(client.sandboxes.host, client.sandboxes.port, timeout=60)
    headers = client.route(sandbox, 49983)
    taken = bytearray(len(content))
    written, read = [], []
    for number in range(ROUNDS + 1):
        begin = time.perf_counter()
        connection.putrequest("POST", "/files?path=big.bin")
        for name, value in {**headers, "Content-Type": "application/octet-stream",
                            "Content-Length": len(content)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.sock.sendfile(source, 0, len(content))
        finish(connection, 200)
        middle = time.perf_counter()
        connection.request("GET", "/files?path=big.bin", None, headers)
        answer = connection.getresponse()
        view, got = memoryview(taken), 0
        while count := answer.readinto(view[got:got + (4 << 20)] if got < len(content) else bytearray(1)):
            got += count
        end = time.perf_counter()
        if answer.status != 200 or got != len(content) or taken != content:
            raise RuntimeError(f"the file came back as another: {answer.status}, {got} bytes")
        taken[:] = bytes(len(taken))
        if number:  # the first one warms up
            written.append(MEGABYTES / (middle - begin))
            read.append(MEGABYTES / (end - middle))
    source.close()
    connection.close()
    return written, read


def finish(connection: http.client.HTTPConnection, status: int) -> None:
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != status:
        raise RuntimeError(f"/files: {answer.status} {text.decode()}")
