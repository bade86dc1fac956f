"""HTTP without a library's good manners: exact bytes out, the answer as it came."""

import socket
import time


class Answer:
    """A parsed HTTP answer."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def without_date(self):
        """Status, header fields and body, for comparing two answers."""
        return self.status, sorted(h for h in self.headers if h[0] != "date"), self.body


def exchange(port, data, seconds=15):
    """Sends the bytes, reads until the answer is whole or the peer closes; gives the bytes read."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive(s, seconds)


def receive(s, seconds):
    """Reads one answer, or what came before the peer closed."""
    received = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        head, separator, body = received.partition(b"\r\n\r\n")
        if separator:
            length = next((int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")), None)
            if length is not None and len(body) >= length:
                return received
        s.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            chunk = s.recv(65536)
        except (ConnectionResetError, TimeoutError):
            return received
        if not chunk:
            return received
        received += chunk
    return received


def send(port, path, body=b"", headers=(), method="POST", seconds=15):
    """One request on a connection of its own."""
    if isinstance(body, str):
        body = body.encode()
    fields = [("host", f"127.0.0.1:{port}"), *(headers.items() if isinstance(headers, dict) else headers)]
    if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields):
        fields.append(("content-length", str(len(body))))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    raw = exchange(port, head.encode("latin-1") + body, seconds)
    if not raw:
        raise ConnectionError(f"no answer to {method} {path}")
    return Answer(raw)
