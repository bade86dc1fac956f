"""What a network does: connections that break, fall silent or crawl, and names that come to mean another address."""

import os
import pathlib
import select
import socket
import time

from instance import wait_for
from load import Load, account, recovered
from proxy import Proxy


def database_through(instance, proxy):
    return f"host=127.0.0.1 port={proxy.port} dbname=postgres user=headgate_serving sslmode=disable"


def through_proxies(instance):
    """Puts a proxy between edge node and control plane, and one between control plane and PostgreSQL."""
    rpc, database = Proxy(("127.0.0.1", instance.control_port)), Proxy(("127.0.0.1", instance.postgres_port))
    instance.restart("control", {"--database": database_through(instance, database)})
    instance.restart("edge", {"--control-plane": f"127.0.0.1:{rpc.port}"})
    return rpc, database


def resets(instance, options, chance):
    """RST in the middle of what is being sent, between edge node and control plane and between that and PostgreSQL."""
    proxies = through_proxies(instance)
    load = Load(instance, options.rate, "resets")
    end = time.monotonic() + 2 * options.kills
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.05, 0.4))
        chance.choice(proxies).reset()
    recovery = load.seconds_until_well(time.monotonic())
    load.finish()
    for proxy in proxies:
        proxy.close()
    return recovered(account(load, "resets"), "recovery_s", recovery, 5)


def halfopen(instance, options, chance):
    """Connections over which nothing comes any more and that nobody closes; new ones work."""
    rpc, database = through_proxies(instance)
    load = Load(instance, options.rate, "halfopen")
    recoveries = {}
    for name, proxy, seconds in (("rpc", rpc, 20), ("database", database, 30)):
        time.sleep(1.5)
        stalled = time.monotonic()
        proxy.stall()
        recoveries[name] = load.seconds_until_well(stalled, seconds=seconds + 10)
        time.sleep(0.5)
        proxy.release()
    load.finish()
    rpc.close()
    database.close()
    report = account(load, "halfopen", ("503",))
    # An attempt's time without an answer, and a ping's; PostgreSQL's connections have the longest statement's time, and more.
    recovered(report, "rpc_recovery_s", recoveries["rpc"], 6)
    return recovered(report, "database_recovery_s", recoveries["database"], 20)


def dns(instance, options, chance):
    """The name of the control plane comes to mean another address, where it is started anew."""
    if os.geteuid() != 0:
        return {"scenario": "dns", "skipped": "only root can give the edge node a file of names of its own"}
    hosts = instance.home / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    own_names = ("unshare", "-m", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh")
    instance.restart("edge", {"--control-plane": f"localhost:{instance.control_port}"}, prefix=own_names)
    load = Load(instance, options.rate, "dns")
    time.sleep(1.5)
    hosts.write_text("127.0.0.2 localhost\n")
    moved = time.monotonic()
    instance.restart("control", {"--listen": f"127.0.0.2:{instance.control_port}"})
    recovery = load.seconds_until_well(moved)
    time.sleep(1)
    load.finish()
    return recovered(account(load, "dns"), "recovery_s", recovery, 5)


def slowloris(instance, options, chance):
    """Heads, bodies and handshakes that come a byte at a time, beside callers who must notice nothing."""
    header_seconds = 2
    instance.restart("edge", {"--header-timeout-ms": str(header_seconds * 1000), "--body-grace-ms": str(header_seconds * 1000)})
    files = {name: count_files(instance, name) for name in ("edge", "control")}
    load = Load(instance, options.rate, "slowloris")
    crawlers = [Crawler(instance.edge_port, b"POST /w/x HTTP/1.1\r\nhost: a\r\nx-slow: " + b"a" * 100) for _ in range(200)]
    body = f"POST {load.path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n".encode()
    crawlers += [Crawler(instance.edge_port, body + b"{" * 100, at_once=len(body)) for _ in range(100)]
    # The beginning of a TLS ClientHello, and nothing at all.
    crawlers += [Crawler(instance.control_port, bytes.fromhex("16030100c8010000c40303") + b"\0" * 100) for _ in range(100)]
    crawlers += [Crawler(instance.control_port, b"") for _ in range(50)]
    end = time.monotonic() + 15
    while any(crawler.is_open for crawler in crawlers) and time.monotonic() < end:
        for crawler in crawlers:
            crawler.crawl()
        time.sleep(0.2)
    longest = max(crawler.seconds for crawler in crawlers if crawler.port == instance.edge_port)
    left = [crawler for crawler in crawlers if crawler.is_open]
    for crawler in left:
        crawler.socket.close()
    load.finish()
    report = account(load, "slowloris")
    report["slow_connections"], report["left_open"] = len(crawlers), len(left)

    def files_are_back():
        return all(count_files(instance, name) <= files[name] + 4 for name in files)

    try:
        wait_for(files_are_back, seconds=10, what="closed files")
    except TimeoutError:
        report["held"], report["files"] = False, {name: [files[name], count_files(instance, name)] for name in files}
    report["held"] = report["held"] and not left
    return recovered(report, "closed_after_s_max", round(longest, 1), header_seconds + 2)


class Crawler:
    """A connection that sends a byte at each call of `crawl`, until the other side has had enough."""

    def __init__(self, port, text, at_once=20):
        self.port, self.text, self.position = port, text, min(at_once, len(text))
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(text[:self.position])
        self.begun, self.seconds, self.is_open = time.monotonic(), 0.0, True

    def crawl(self):
        if not self.is_open:
            return
        try:
            if select.select([self.socket], [], [], 0)[0] and not self.socket.recv(4096):
                raise ConnectionError
            self.socket.send(self.text[self.position:self.position + 1])
            self.position += 1
        except OSError:
            self.is_open = False
            self.socket.close()
        self.seconds = time.monotonic() - self.begun


def count_files(instance, name):
    return len(list(pathlib.Path(f"/proc/{instance.pid(name)}/fd").iterdir()))


SCENARIOS = {"resets": resets, "halfopen": halfopen, "dns": dns, "slowloris": slowloris}
