"""The rows of the table: each measures one thing of a running instance and gives it as a value for JSON."""

import http.client
import json
import os
import pathlib
import resource
import statistics
import subprocess
import time

from features import features
from instance import wait_for
from load import GO_URL, PEERS, TOKEN, body, compare, flow, go_peer, idle_connections, in_turn, wrk

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1]
LARGE_PAD = 16_000


def beside_go(url, options, connections):
    if PEERS.exists():
        return compare(url, options, connections)
    return in_turn({"headgate": lambda: wrk(url, connections, options.seconds)}, options.rounds)


def webhooks(instance, url, options):
    """64 connections, 1 KB."""
    return beside_go(url, options, 64)


def single(instance, url, options):
    """One caller alone."""
    return beside_go(url, options, 1)


def large(instance, url, options):
    """1,000 connections, half of them idle, 16 KB bodies."""
    def run(url, port):
        with idle_connections(port, 500):
            return wrk(url, 500, options.seconds, text=body(LARGE_PAD))

    raise_file_limit()
    with go_peer() as peer:
        systems = {"headgate": lambda: run(url, instance.edge_port)}
        if peer:
            systems["go+pgx"] = lambda: run(GO_URL, 18084)
        return in_turn(systems, options.rounds)


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024, 1)


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def memory(instance, url, options):
    """Resident memory of both programs, idle a second after their start, and of the edge node with idle connections."""
    instance.stop()
    instance.start()
    time.sleep(1)
    result = {"edge_idle_mib": rss_mib(instance.pid("edge")), "control_idle_mib": rss_mib(instance.pid("control"))}
    count = min(10_000, raise_file_limit() - 200)
    with idle_connections(instance.edge_port, count):
        time.sleep(0.5)
        result["idle_connections"] = count
        result["edge_with_idle_connections_mib"] = rss_mib(instance.pid("edge"))
    return result


def start(instance, url, options):
    """From exec to ready, with the database there, in ms."""
    def measure(name):
        pid = instance.pid(name)
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        environment = dict(entry.split(b"=", 1) for entry in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if b"=" in entry)
        times = []
        for _ in range(options.rounds):
            instance.kill(name, 15)
            log = open(instance.home / "logs" / f"{name}.log", "ab")
            begun = time.monotonic()
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            (instance.home / "run" / f"{name}.pid").write_text(str(process.pid))
            port = instance.edge_port if name == "edge" else int((instance.home / "run" / "control.admin-port").read_text())
            wait_for(lambda: is_ready(port), what=f"{name} to be ready")
            times.append((time.monotonic() - begun) * 1000)
        return round(statistics.median(times), 1)

    return {"edge_ms": measure("edge"), "control_ms": measure("control")}


def is_ready(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def rpc(instance, url, options):
    """The RPC alone, beside containerd's library: calls/s and the CPU time of both processes for each."""
    out = subprocess.run([str(BENCHMARKS / "rpc" / "run"), "--rounds", str(options.rounds), "--json"], capture_output=True, text=True, check=True).stdout
    return {f"{label}: {key}": value for label, row in json.loads(out).items() for key, value in row.items()}


def growth(instance, url, options):
    """Requests/s with few and many triggers, and with a short and a long log. One state follows the other, so what else
    the machine does in the meantime is part of the ratios."""
    def rate():
        return statistics.median(wrk(url, 64, options.seconds)["requests_per_s"] for _ in range(options.rounds))

    result = {"empty_requests_per_s": rate()}
    add_triggers(instance, options.triggers)
    result["triggers"] = options.triggers
    result["with_triggers_requests_per_s"] = rate()
    result["triggers_ratio"] = round(result["with_triggers_requests_per_s"] / result["empty_requests_per_s"], 3)
    filled = time.monotonic()
    fill_log(instance, options.stored, options.disk_gb)
    result["fill_s"] = round(time.monotonic() - filled)
    result["stored"] = int(instance.sql("SELECT count(*) FROM requests")[0][0])
    result["database_gb"] = round(database_bytes(instance) / 1e9, 2)
    result["with_stored_requests_per_s"] = rate()
    result["stored_ratio"] = round(result["with_stored_requests_per_s"] / result["with_triggers_requests_per_s"], 3)
    return result


def add_triggers(instance, count):
    """Applies flows with 100 triggers each."""
    per_flow = 100
    for number in range(count // per_flow):
        nodes = [{"id": f"hook{i}", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": TOKEN}} for i in range(per_flow)]
        connections = [{"from": f"hook{i}.else", "to": "task"} for i in range(per_flow)]
        instance.apply({"flow": f"many-{number}", "nodes": [*nodes, {"id": "task", "type": "task"}], "connections": connections})


def database_bytes(instance):
    return int(instance.sql("SELECT pg_database_size(current_database())")[0][0])


def fill_log(instance, count, gigabytes):
    """Fills the last 28 days with copies of what is recorded, ids and times moved into the past; ends early when the database is
    larger than it may be."""
    days = 28
    today = int(time.time() // 86_400)
    instance.sql(f"SELECT create_partitions((current_date - {days})::date, current_date)")
    columns = [row[0] for row in instance.sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'requests'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")]
    for day in range(1, days + 1):
        if database_bytes(instance) > gigabytes * 1e9:
            print(f"  growth: {gigabytes} GB are full after {day - 1} days of {days}")
            break
        milliseconds = (today - day) * 86_400_000
        identifier = (f"(lpad(to_hex({milliseconds} + (n * 86399999::int8 / {count // days + 1})), 12, '0')"
                      " || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid")
        values = [identifier if c == "id" else f"received_at - interval '{day} days'" if c == "received_at" else c for c in columns]
        instance.sql(
            f"INSERT INTO requests ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM (SELECT * FROM requests ORDER BY id DESC LIMIT 1) sample, generate_series(1, {count // days}) n")
    instance.sql("ANALYZE requests")
    instance.sql("CHECKPOINT")


def lease(instance, url, options):
    """Runs leased and completed per second by 8 workers."""
    program = BENCHMARKS / "lease" / "run"
    if not program.exists():
        return {"not measured": "tools/benchmarks/lease is not there"}
    command = [str(program), "--home", str(instance.home), "--url", url, "--rounds", str(options.rounds), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=instance.environment).stdout)


ROWS = {
    "webhooks": webhooks, "single": single, "large": large, "memory": memory, "start": start, "rpc": rpc, "lease": lease,
    "features": features, "growth": growth,
}
