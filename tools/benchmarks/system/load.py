"""What sends the load and what stands beside Headgate: wrk, and the program in Go of ../shared/peers."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from instance import ROOT, free_ports

PEERS = pathlib.Path(os.environ.get("HEADGATE_SHARED", ROOT.parent / "shared")) / "peers"
TOKEN = "s3cr3t-s3cr3t-s3cr3t-s3cr3t"
GO_URL = "http://127.0.0.1:18084/w/x"
SCRIPT = """wrk.method = "POST"
wrk.body = %s
wrk.headers["content-type"] = "application/json"
%s
"""
# Each request with a number of its own where NUMBER stands: cut once, put together for each.
NUMBER = "@NUMBER@"
NUMBERED = """
local parts, first, count, sent = {}, %d, %d, 0
init = function()
  local rest = wrk.format()
  while true do
    local from, to = rest:find("@NUMBER@", 1, true)
    if not from then break end
    parts[#parts + 1] = rest:sub(1, from - 1)
    rest = rest:sub(to + 1)
  end
  parts[#parts + 1] = rest
end
request = function()
  sent = sent + 1
  return table.concat(parts, string.format("%%08d", first + (sent - 1) %% count))
end
"""


def body(pad=850, user="ana", phone="99990000"):
    """A webhook; its length is about 180 bytes more than the padding."""
    return json.dumps({
        "event": "order_approved", "data": [{"name": "Ana", "id": 1}],
        "user": {"email": f"{user}@example.com", "phone": f"+55119{phone}"}, "pad": "x" * pad,
    }, separators=(",", ":"))


def flow(name="bench", auth=None, **fields):
    """A flow with one trigger, two cases and one mapped field; `fields` are added to the node."""
    node = {
        "id": "hook", "type": "webhook_trigger", "auth": auth or {"mode": "bearer", "secret": TOKEN},
        "events": {"path": "body.event", "cases": [{"id": "approved", "value": "order_approved"}, {"id": "refunded", "value": "order_refunded"}]},
        "map": [{"variable": "email", "from": "body.user.email"}], **fields,
    }
    return {
        "flow": name, "nodes": [node, *({"id": task, "type": "task"} for task in ("welcome", "refund", "other"))],
        "connections": [{"from": f"hook.{output}", "to": task} for output, task in (("approved", "welcome"), ("refunded", "refund"), ("else", "other"))],
    }


def milliseconds(text):
    """wrk's "1.23ms", "456.00us", "1.20s" as milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def wrk(url, connections, seconds, text=None, headers=None, numbers=None):
    """One run of wrk: requests, requests/s, p50 and p99 in ms, errors.

    numbers: the first and how many there are, of eight digits, to stand one after the other for NUMBER in text and headers.
    """
    headers = {"authorization": f"Bearer {TOKEN}"} if headers is None else headers
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % (f"[==[{text or body()}]==]", lines))
        if numbers:
            script.write(NUMBERED % numbers)
        script.flush()
        out = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "10", "-s", script.name, url],
            capture_output=True, text=True, check=True,
        ).stdout
    latency = dict(re.findall(r"^\s+(50|99)%\s+(\S+)", out, re.MULTILINE))
    errors = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out))
    errors += sum(sum(map(int, found)) for found in re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out))
    return {
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "p50_ms": milliseconds(latency["50"]), "p99_ms": milliseconds(latency["99"]), "errors": errors,
    }


def median_of(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def in_turn(systems, rounds):
    """Medians of each system's runs, made in turn, so that what else the machine does hits all alike.

    systems: a function by name that makes one run.
    """
    found = {name: [] for name in systems}
    for _ in range(rounds):
        for name, run in systems.items():
            found[name].append(run())
    return {name: median_of(rows) for name, rows in found.items()}


def compare(url, options, connections):
    """The peers' own program, with Headgate as one more URL."""
    command = [str(PEERS / "compare"), "--rounds", str(options.rounds), "--seconds", str(options.seconds),
               "--connections", str(connections), "--url", f"headgate={url}"]
    if options.fastapi:
        command.append("--fastapi")
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    for line in out.splitlines()[1:]:
        system, rate, p50, p99, bad = line.split()
        row = {"requests_per_s": float(rate), "p50_ms": milliseconds(p50), "p99_ms": milliseconds(p99), "errors": int(bad)}
        found.setdefault(system, []).append(row)
    return {system: median_of(rows) for system, rows in found.items()}


@contextlib.contextmanager
def idle_connections(port, count):
    """Connections that say nothing."""
    connections = []
    try:
        for _ in range(count):
            connections.append(socket.create_connection(("127.0.0.1", port)))
        yield connections
    finally:
        for connection in connections:
            connection.close()


@contextlib.contextmanager
def go_peer():
    """The program in Go with a PostgreSQL of its own; gives its URL, or nothing where the peers are not at hand."""
    if not PEERS.exists():
        yield None
        return
    work = pathlib.Path(tempfile.mkdtemp(prefix="headgate-peer-"))
    postgres = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    process = None
    try:
        os.chmod(work, 0o755)
        if as_postgres:
            shutil.chown(work, "postgres")
        port = free_ports(1)[0]

        def run(*command, **more):
            subprocess.run([*map(str, command)], check=True, capture_output=True, cwd="/", **more)

        run(*as_postgres, postgres / "initdb", "-D", work / "data", "-A", "trust", "-U", "postgres")
        run(*as_postgres, postgres / "pg_ctl", "-w", "-D", work / "data", "-l", work / "log",
            "-o", f"-p {port} -k {work} -c listen_addresses=127.0.0.1", "start")
        dsn = f"postgres://postgres@127.0.0.1:{port}/postgres"
        run("psql", "-q", dsn, "-f", PEERS / "schema.sql")
        go = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(work / "cache"), "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", str(work / "gopgx"), "."], cwd=PEERS / "gopgx", env=go, check=True)
        process = subprocess.Popen([str(work / "gopgx")], env={**os.environ, "DSN": dsn}, stderr=subprocess.DEVNULL)
        time.sleep(2)
        wrk(GO_URL, 8, 1)
        yield GO_URL
    finally:
        if process:
            process.terminate()
            process.wait()
        subprocess.run([*as_postgres, str(postgres / "pg_ctl"), "-D", str(work / "data"), "-m", "immediate", "stop"], capture_output=True, cwd="/")
        shutil.rmtree(work, ignore_errors=True)
