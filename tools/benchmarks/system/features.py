"""What each feature of a trigger costs: requests/s beside the plain trigger's, and CPU time of each program."""

import hashlib
import hmac
import os
import pathlib
import subprocess

from instance import CommandFailed
from load import NUMBER, TOKEN, body, flow, median_of, wrk

# Customers and deliveries that are there already.
KNOWN = 5_000
# Numbers of one run, which makes fewer requests.
PER_RUN = 500_000
CUSTOMER = [{"field": "email", "from": "body.user.email", "key": True}, {"field": "phone", "from": "body.user.phone", "key": True}]
DEDUP = {"dedup": {"by": 'headers["x-delivery"]'}}
WITH_CHAT = {"customer": CUSTOMER, "chat": {"channel": "whatsapp", "from": "body.user.phone"}}

# By name: fields of the node, and whether the requests' numbers are new (True), of those that are known (False), or none (None).
VARIANTS = {
    "plain": ({}, True),
    "public": ({"auth": {"mode": "public"}}, True),
    "hmac": ({"auth": {"mode": "hmac", "preset": "github", "secret": TOKEN}, "dedup": "off"}, None),
    "ten mapped fields": ({"map": [{"variable": f"v{i}", "from": "body.user.email"} for i in range(10)]}, True),
    "new deliveries": (DEDUP, True),
    "old deliveries": (DEDUP, False),
    "ordered": ({"order_by": "body.user.email"}, False),
    "known customer": ({"customer": CUSTOMER}, False),
    "new customer": ({"customer": CUSTOMER}, True),
    "known and chat": (WITH_CHAT, False),
    "new and chat": (WITH_CHAT, True),
}


def features(instance, url, options):
    """64 connections, 1 KB, with one feature of the trigger after the other, beside the plain one in the same rounds."""
    systems = {name: run for name in VARIANTS if (run := system(instance, name, options))}
    found = {name: [] for name in systems}
    for name, run in systems.items():
        if VARIANTS[name][1] is False:
            run(seconds=2)  # what is to be known
    for _ in range(options.rounds):
        for name, run in systems.items():
            row = measured(instance, run)
            found[name].append(row)
            # Within the round, because the machine drifts.
            row["x_plain"] = row["requests_per_s"] / found["plain"][-1]["requests_per_s"]
    return {name: median_of(rows) for name, rows in found.items()}


def system(instance, name, options):
    """A function that makes one run against a trigger of its own; nothing where this version does not have the feature."""
    fields, is_new = VARIANTS[name]
    flow_name = "feature-" + name.replace(" ", "-")
    try:
        instance.apply(flow(flow_name, **fields))
    except CommandFailed as error:
        print(f"  {name}: not in this version ({error.stderr.strip().splitlines()[0] if error.stderr.strip() else error.code})")
        return None
    target = instance.url(f"{flow_name}/hook")
    text = body() if is_new is None else body(user=f"customer-{NUMBER}", phone=NUMBER)
    if is_new is None:
        signature = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={signature}"}
    else:
        headers = {"authorization": f"Bearer {TOKEN}", "x-delivery": f"delivery-{NUMBER}"}

    def run(seconds=options.seconds):
        numbers = (next(BLOCKS) * PER_RUN, PER_RUN) if is_new else (0, KNOWN)
        return wrk(target, 64, seconds, text=text, headers=headers, numbers=None if is_new is None else numbers)

    return run


# Of eight digits, none twice; the first belongs to what is known.
BLOCKS = iter(range(1, 100_000_000 // PER_RUN))


def measured(instance, run):
    """A run with the microseconds of CPU time that each program took for a request."""
    programs = {"edge_us": [instance.pid("edge")], "control_us": [instance.pid("control")]}
    before = {name: sum(map(cpu_us, pids)) for name, pids in programs.items()}
    backends = {pid: cpu_us(pid) for pid in children(instance.postmaster())}
    row = run()
    for name, pids in programs.items():
        row[name] = (sum(map(cpu_us, pids)) - before[name]) / max(1, row["requests"])
    # A process that is gone cannot be asked any more; one that has come began at nothing.
    after = {pid: cpu_us(pid) for pid in children(instance.postmaster())}
    row["postgres_us"] = sum(time - backends.get(pid, 0) for pid, time in after.items()) / max(1, row["requests"])
    return row


def children(pid):
    return [int(child) for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def cpu_us(pid):
    """User and system time of a process so far; of one that is gone, nothing."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf("SC_CLK_TCK")
