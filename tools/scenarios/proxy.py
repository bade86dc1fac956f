"""A TCP proxy that can stop forwarding, reset connections, or lead elsewhere."""

import asyncio
import random
import socket
import struct
import threading


class Proxy:
    """Forwards a port of 127.0.0.1 to another address. Its methods may be called from any thread."""

    def __init__(self, target):
        self.target = target
        self.pairs = set()
        self.stalled = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def _run(self, started):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.server.close()
        self.loop.run_until_complete(asyncio.sleep(0.1))
        self.loop.close()

    async def _accept(self, reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, there_writer)
        self.pairs.add(pair)
        try:
            await asyncio.gather(self._copy(reader, there_writer, pair), self._copy(there_reader, writer, pair))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _copy(self, reader, writer, pair):
        while data := await reader.read(random.randint(1, 20_000)):
            while pair in self.stalled:
                await asyncio.sleep(0.05)
            writer.write(data)
            await writer.drain()
        if pair not in self.stalled and writer.can_write_eof():
            writer.write_eof()

    def stall(self):
        """Forwards nothing more over the connections there are, and does not close them either: a half-open peer."""
        self._do(lambda: self.stalled.update(self.pairs))

    def release(self):
        self._do(self.stalled.clear)

    def reset(self):
        """Ends one connection, if there is any, with RST on both sides, after having sent a part of what comes next or not."""
        def one():
            if self.pairs:
                for end in random.choice(list(self.pairs)):
                    raw = end.transport.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.transport.abort()
        self._do(one)

    def _do(self, action):
        done = threading.Event()

        def act():
            action()
            done.set()

        self.loop.call_soon_threadsafe(act)
        done.wait(5)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
