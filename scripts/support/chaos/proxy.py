"""A TCP proxy whose connections can be cut, and which can hold everything back for a time."""

import asyncio
import threading


class Proxy:
    def __init__(self, target_port: int):
        self.target_port = target_port
        self.loop = asyncio.new_event_loop()
        self.writers: set[asyncio.StreamWriter] = set()
        self.flowing = asyncio.Event()
        self.port = 0
        self.connections = 0
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait()

    def _run(self, started):
        asyncio.set_event_loop(self.loop)

        async def serve():
            self.flowing.set()
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            started.set()

        self.loop.run_until_complete(serve())
        self.loop.run_forever()

    async def _accept(self, reader, writer):
        self.connections += 1
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, target_writer}
        self.writers |= pair
        try:
            await asyncio.wait(
                [asyncio.ensure_future(self._pump(reader, target_writer)),
                 asyncio.ensure_future(self._pump(target_reader, writer))],
                return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.writers -= pair
            for end in pair:
                end.transport.abort()

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                await self.flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    def cut(self):
        """Resets every connection; what was underway is lost."""
        self.loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in list(self.writers)])

    def stall(self):
        self.loop.call_soon_threadsafe(self.flowing.clear)

    def flow(self):
        self.loop.call_soon_threadsafe(self.flowing.set)
