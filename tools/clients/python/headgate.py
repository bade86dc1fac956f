"""A client of Headgate's control plane: proto/PROTOCOL.md over a socket, messages by google's protobuf runtime.

    control = Control("127.0.0.1:7400", ca="ca.pem", certificate="reader.pem", key="reader.key")
    page = control.call("LogService.Query", trigger="orders/hook")
    for entry in control.stream("LogService.Tail", filter={"trigger": "orders/hook"}):
        print(entry.id, entry.status)

Needs the package `protobuf` and the program `protoc`, which reads the .proto files when this module is first used.
"""

import itertools
import pathlib
import queue
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTO = pathlib.Path(__file__).resolve().parents[3] / "proto"
REQUEST, RESPONSE, DATA = 1, 2, 3
REMOTE_CLOSED, NO_DATA = 0x01, 0x04
HEADER = struct.Struct(">IIBB")
MAXIMUM_PAYLOAD = 4 << 20


def read_protos(directory):
    """Every message and service of the .proto files below the directory."""
    with tempfile.NamedTemporaryFile() as out:
        files = sorted(str(file.relative_to(directory)) for file in directory.rglob("*.proto"))
        subprocess.run(["protoc", "-I.", "--include_imports", f"--descriptor_set_out={out.name}", *files], cwd=directory, check=True)
        described = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    return pool


POOL = read_protos(PROTO)


def message(name):
    """The class of a message, such as "headgate.v1.Run"."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


class CallFailed(Exception):
    """The control plane refused a call, or the connection ended (code 14, UNAVAILABLE)."""

    def __init__(self, code, text, faults=()):
        super().__init__("; ".join([text] + [f"{fault.path}: {fault.message}" for fault in faults]))
        self.code, self.faults = code, list(faults)

    @classmethod
    def of(cls, status):
        faults = []
        for detail in status.details:
            if detail.type_url == "type.googleapis.com/headgate.v1.ErrorDetail":
                faults = message("headgate.v1.ErrorDetail").FromString(detail.value).faults
        return cls(status.code, status.message, faults)


class Lasting:
    """Calls over a connection that is made anew when it has ended; for calls that may be repeated."""

    def __init__(self, connect, pause=0.5):
        self.connect, self.pause, self.control, self.lock = connect, pause, connect(), threading.Lock()

    def call(self, method, patience=30, **fields):
        """A unary call, until it is answered; after `patience` seconds (None: never) the last failure is raised."""
        end = None if patience is None else time.monotonic() + patience
        while True:
            control = None
            try:
                control = self.connected()
                return control.call(method, **fields)
            except (OSError, CallFailed) as failure:
                if isinstance(failure, CallFailed) and failure.code not in (4, 14) or end and time.monotonic() > end:
                    raise
                self.drop(control)
                time.sleep(self.pause)

    def connected(self):
        with self.lock:
            self.control = self.control or self.connect()
            return self.control

    def drop(self, control):
        with self.lock:
            if control and control is self.control:
                control.close()
                self.control = None


class Control:
    """One connection. Calls may be made from several threads at once."""

    def __init__(self, address, ca, certificate=None, key=None, api_key=None, timeout=30):
        host, _, port = address.rpartition(":")
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if certificate:
            context.load_cert_chain(certificate, key)
        raw = socket.create_connection((host.strip("[]"), int(port)), timeout)
        self.socket = context.wrap_socket(raw, server_hostname=host.strip("[]"))
        self.socket.settimeout(None)
        self.timeout, self.streams, self.lock, self.ended = timeout, {}, threading.Lock(), None
        self.ids = itertools.count(1, 2)
        threading.Thread(target=self._read, daemon=True).start()
        if api_key:
            self.call("SessionService.Authenticate", api_key=api_key)

    def close(self):
        self._end(CallFailed(14, "the connection was closed"))
        self.socket.close()

    def call(self, method, timeout=None, **fields):
        """A unary call; gives the response message."""
        frames, response_type = self._begin(method, 0, self.timeout if timeout is None else timeout, fields)
        try:
            _, _, payload = self._next(frames, (self.timeout if timeout is None else timeout) + 5)
        except queue.Empty:
            raise CallFailed(4, f"no answer to {method}") from None
        return self._response(payload, response_type)

    def stream(self, method, **fields):
        """A server stream: gives its messages as they come, until it ends or fails."""
        frames, response_type = self._begin(method, REMOTE_CLOSED, 0, fields)
        while True:
            kind, flags, payload = self._next(frames, None)
            if kind == RESPONSE:
                return self._response(payload, None)
            if not flags & NO_DATA:
                yield response_type.FromString(payload)
            if flags & REMOTE_CLOSED:
                return

    def _begin(self, method, flags, timeout, fields):
        service, _, name = method.partition(".")
        described = POOL.FindServiceByName(f"headgate.v1.{service}").methods_by_name[name]
        payload = message(described.input_type.full_name)(**fields).SerializeToString()
        request = message("ttrpc.v1.Request")(
            service=f"headgate.v1.{service}", method=name, payload=payload, timeout_nano=int(timeout * 1e9)
        ).SerializeToString()
        frames = queue.Queue()
        with self.lock:  # stream ids must reach the server in order
            if self.ended:
                raise self.ended
            number = next(self.ids)
            self.streams[number] = frames
            self.socket.sendall(HEADER.pack(len(request), number, REQUEST, flags) + request)
        return frames, message(described.output_type.full_name)

    @staticmethod
    def _next(frames, timeout):
        frame = frames.get(timeout=timeout)
        if isinstance(frame, CallFailed):
            raise frame
        return frame

    @staticmethod
    def _response(payload, response_type):
        response = message("ttrpc.v1.Response").FromString(payload)
        if response.status.code:
            raise CallFailed.of(response.status)
        return response_type and response_type.FromString(response.payload)

    def _read(self):
        """The reading thread: hands frames to whoever waits for their stream."""
        try:
            received = self.socket.makefile("rb")
            while header := received.read(HEADER.size):
                length, number, kind, flags = HEADER.unpack(header)
                if length > MAXIMUM_PAYLOAD:
                    raise ValueError("a frame that is too long")
                payload = received.read(length)
                if frames := self.streams.get(number):
                    if kind == RESPONSE or flags & REMOTE_CLOSED:
                        self.streams.pop(number, None)
                    frames.put((kind, flags, payload))
            self._end(CallFailed(14, "the control plane closed the connection"))
        except (OSError, ValueError, struct.error) as error:
            self._end(CallFailed(14, f"the connection broke: {error}"))

    def _end(self, failure):
        with self.lock:
            self.ended = self.ended or failure
            waiting, self.streams = list(self.streams.values()), {}
        for frames in waiting:
            frames.put(self.ended)
