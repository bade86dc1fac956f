"""What a hostile or broken peer sends is refused within the stated limits; memory stays flat and the processes live."""

import random
import socket
import ssl
import struct
import time
import unittest
from zlib import DEFLATED, compressobj

from http_raw import exchange, receive, send
from instance import wait_for
from test_way_of_a_request import JSON, WithInstance, flow


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def forget_peak(pid):
    """The peak begins anew at what the process has now (proc(5), clear_refs)."""
    with open(f"/proc/{pid}/clear_refs", "w") as references:
        references.write("5")


def peak_kib(pid):
    """The most memory that the process had since then."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


class Hostile(WithInstance):
    """Both ports, attacked; after each test the same processes still serve."""

    def setUp(self):
        self.headgate.apply(flow("t"))
        self.pids = {name: self.headgate.pid(name) for name in ("control", "edge")}
        self.assertEqual(self.send(self.path()).status, 200)
        self.memory = {name: resident_kib(pid) for name, pid in self.pids.items()}

    def tearDown(self):
        self.assertEqual(self.send(self.path()).status, 200)
        for name, pid in self.pids.items():
            self.assertEqual(self.headgate.pid(name), pid)
            self.assertLess(resident_kib(pid) - self.memory[name], 40 * 1024, f"{name} grew")

    def tls(self):
        """A connection to the RPC port with the edge node's certificate."""
        context = ssl.create_default_context(cafile=self.headgate.home / "pki/ca.pem")
        context.check_hostname = False
        context.load_cert_chain(self.headgate.home / "pki/edge.pem", self.headgate.home / "pki/edge.key")
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.headgate.control_port), timeout=10))

    def assert_closed(self, connection, seconds):
        """The peer closes within the time."""
        connection.settimeout(seconds)
        try:
            while connection.recv(65536):
                pass
        except (ConnectionResetError, ssl.SSLError):
            pass

    def test_a_frame_above_the_limit_closes_the_connection(self):
        for length in (4 * 1024 * 1024 + 1, 2**31, 2**32 - 1):
            with self.tls() as connection:
                connection.sendall(struct.pack(">IIBB", length, 1, 1, 0) + b"x" * 100)
                self.assert_closed(connection, 5)

    def test_garbage_in_frames(self):
        chance = random.Random(7)
        for _ in range(50):
            with self.tls() as connection:
                for _ in range(chance.randrange(1, 6)):
                    payload = chance.randbytes(chance.randrange(0, 200))
                    try:
                        connection.sendall(struct.pack(">IIBB", len(payload), chance.choice([0, 1, 2, 3, 2**32 - 1]), chance.randrange(256), chance.randrange(256)) + payload)
                    except (OSError, ssl.SSLError):
                        break

    def test_garbage_on_both_ports(self):
        chance = random.Random(3)
        hello = bytes.fromhex("16030100c8010000c40303") + chance.randbytes(190)
        for port in (self.headgate.edge_port, self.headgate.control_port):
            for data in [b"\0" * 1000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", hello, b"GET /\r\n\r\n", *(chance.randbytes(chance.randrange(1, 3000)) for _ in range(60))]:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                    try:
                        connection.sendall(data)
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        continue
                    self.assert_closed(connection, 15)

    def test_old_tls_is_refused(self):
        context = self.anonymous_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.headgate.control_port), timeout=5)) as connection:
                connection.recv(1)

    def test_who_has_neither_certificate_nor_key_may_nothing_and_not_for_long(self):
        begun = time.monotonic()
        with self.anonymous_context().wrap_socket(socket.create_connection(("127.0.0.1", self.headgate.control_port), timeout=20)) as connection:
            service, method = b"headgate.v1.FlowService", b"List"
            request = b"\n" + bytes([len(service)]) + service + b"\x12" + bytes([len(method)]) + method
            connection.sendall(struct.pack(">IIBB", len(request), 1, 1, 0) + request)
            answer = connection.recv(4096)
            self.assertIn(b"\x08\x10", answer[10:], "UNAUTHENTICATED is code 16")
            self.assertNotIn(b"orders", answer)
            self.assert_closed(connection, 20)
        self.assertLess(time.monotonic() - begun, 15)

    def anonymous_context(self):
        context = ssl.create_default_context(cafile=self.headgate.home / "pki/ca.pem")
        context.check_hostname = False
        return context

    def test_a_declared_gigabyte_is_refused_before_it_is_read(self):
        begun = time.monotonic()
        answer = send(self.headgate.edge_port, self.path(), b"x" * 1000, {**JSON, "content-length": str(2**30)})
        self.assertEqual(answer.status, 413)
        self.assertLess(time.monotonic() - begun, 2)

    def test_chunks_beyond_the_limit_are_refused(self):
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        head = f"POST {self.path()} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        self.assertIn(b" 413 ", exchange(self.headgate.edge_port, head + chunk * 40).split(b"\r\n")[0])

    def test_deep_json(self):
        self.assertEqual(self.send(self.path(), "[" * 100_000 + "]" * 100_000).status, 400)
        self.assertEqual(self.send(self.path(), '{"a":' * 100_000 + "1" + "}" * 100_000).status, 400)

    def test_bodies_made_to_cost(self):
        """Each within its time and memory, of which the most is shown."""
        zeros = compressobj(9, DEFLATED, 31)
        bomb = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(1000)) + zeros.flush()
        ten = bomb * 11
        bodies = {
            "1 GB in 1 MB of gzip": ("application/json", bomb, {"content-encoding": "gzip"}, (413,)),
            "10 GB in 10 MB of gzip": ("application/json", ten[: 10 << 20], {"content-encoding": "gzip"}, (413,)),
            "as many keys as fit": ("application/json", ("{" + ",".join(f'"{n:x}":0' for n in range(95_000)) + "}").encode(), {}, (200,)),
            "a million keys": ("application/json", ("{" + ",".join(f'"{n:x}":0' for n in range(1_000_000)) + "}").encode(), {}, (413,)),
            "one key again and again": ("application/json", ("{" + ",".join(['"a":0'] * 150_000) + "}").encode(), {}, (200,)),
            "a form field of 100 MB": ("application/x-www-form-urlencoded", b"a=" + b"x" * (100 << 20), {}, (413,)),
            "fields without end": ("application/x-www-form-urlencoded", b"&a" * 500_000, {}, (413,)),
            "multipart without end": ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 1_000_000, {}, (400,)),
            "parts without end": ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 18_000, {}, (400, 413)),
            "a billion laughs": ("application/xml", ("<!DOCTYPE a [<!ENTITY l0 'lol'>" + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)) + "]><a>&l9;</a>").encode(), {}, (400,)),
            "deep XML": ("application/xml", b"<a>" * 300_000, {}, (400, 413)),
            "wide XML": ("application/xml", b"<a>" + b"<b/>" * 250_000 + b"</a>", {}, (200, 413)),
        }
        for name, (kind, body, more, expected) in bodies.items():
            for pid in self.pids.values():
                forget_peak(pid)
            before = {process: resident_kib(pid) for process, pid in self.pids.items()}
            begun = time.monotonic()
            answer = self.send(self.path(), body, {"content-type": kind, **more})
            seconds = time.monotonic() - begun
            grown = {process: (peak_kib(pid) - before[process]) / 1024 for process, pid in self.pids.items()}
            print(f"\n    {name}: {answer.status} in {seconds:.2f} s, peak " + ", ".join(f"{value:+.1f} MiB {process}" for process, value in grown.items()), end="")
            self.assertIn(answer.status, expected, name)
            self.assertLess(seconds, 5, name)
            self.assertLess(max(grown.values()), 64, name)

    def test_headers_at_and_beyond_the_limit(self):
        self.assertEqual(self.send(self.path(), headers={**JSON, "x-large": "y" * 16_000}).status, 200)
        self.assertEqual(self.send(self.path(), headers={**JSON, "x-large": "y" * 40_000}).status, 431)
        self.assertEqual(self.send(self.path(), headers={f"x-{n}": "y" for n in range(120)}).status, 431)
        self.assertEqual(self.send(self.path() + "?a=" + "b" * 9000).status, 414)

    def test_a_byte_a_second_is_cut_off_at_the_header_deadline(self):
        request = f"POST {self.path()} HTTP/1.1\r\nhost: x\r\n".encode() + b"x-slow: " + b"y" * 1000
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.headgate.edge_port), timeout=5) as connection:
            try:
                for byte in request:
                    connection.sendall(bytes([byte]))
                    connection.settimeout(1)
                    try:
                        received = connection.recv(4096)
                        break
                    except TimeoutError:
                        self.assertLess(time.monotonic() - begun, 14, "still open long after the header deadline")
            except (BrokenPipeError, ConnectionResetError):
                received = b""
        self.assertLess(time.monotonic() - begun, 14)
        self.assertTrue(received == b"" or b" 408 " in received.split(b"\r\n")[0], received)

    def test_many_silent_connections_do_not_disturb_the_others(self):
        silent = [socket.create_connection(("127.0.0.1", self.headgate.edge_port)) for _ in range(500)]
        try:
            for connection in silent[::2]:
                connection.sendall(b"POST /w/")
            worst = 0
            for _ in range(100):
                begun = time.monotonic()
                self.assertEqual(self.send(self.path()).status, 200)
                worst = max(worst, time.monotonic() - begun)
            self.assertLess(worst, 1)
        finally:
            for connection in silent:
                connection.close()

    def test_a_smuggled_request_is_not_answered(self):
        both = f"POST {self.path()} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.headgate.edge_port), timeout=5) as connection:
            connection.sendall(both.encode())
            first = receive(connection, 5)
            self.assertIn(b" 400 ", first.split(b"\r\n")[0])
            self.assert_closed(connection, 5)

    def test_the_control_plane_away_gives_503_after_the_deadline_and_recovers(self):
        path = self.path()
        self.headgate.kill("control")
        begun = time.monotonic()
        answer = self.send(path)
        self.assertEqual(answer.status, 503)
        self.assertIsNotNone(answer.header("retry-after"))
        self.assertTrue(5 < time.monotonic() - begun < 12, "held and retried inside the deadline")
        self.headgate.start()
        self.pids["control"] = self.headgate.pid("control")
        self.memory["control"] = resident_kib(self.pids["control"])
        wait_for(lambda: self.send(path).status == 200, what="recovery")


if __name__ == "__main__":
    unittest.main()
