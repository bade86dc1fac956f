"""SIGSTOP of a part for a while, then SIGCONT: a process that is there and does nothing."""

import os
import signal
import subprocess
import time

from load import Load, account, recovered

# Up to this long a stop is bridged by holding requests; after a longer one some are answered 503.
HELD_SECONDS = 5
# Whatever happened, it is over within this.
RECOVERY_SECONDS = 10


def stopped_processes(instance, target):
    if target in ("control", "edge"):
        return [instance.pid(target)]
    postmaster = instance.postmaster()
    if target == "postmaster":
        return [postmaster]
    if target == "backend":
        # The connection that writes requests.
        rows = instance.sql("select pid from pg_stat_activity where application_name like 'headgate%' and query like '%requests%' "
                            "order by state_change desc limit 1")
        return [int(row[0]) for row in rows]
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
    return [postmaster, *map(int, children)]


def sigstop(instance, options, chance):
    """Each part in turn; gives the sum."""
    load = Load(instance, options.rate, "sigstop")
    time.sleep(1.5)
    recoveries = {}
    for target in ("control", "edge", "backend", "postmaster", "postgres"):
        pids = stopped_processes(instance, target)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(options.pause)
        finally:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
        recoveries[target] = load.seconds_until_well(time.monotonic())
        time.sleep(1)
    load.finish()
    report = account(load, "sigstop", () if options.pause <= HELD_SECONDS else ("503", "connection"))
    report["recovery_s"] = recoveries
    worst = None if None in recoveries.values() else max(recoveries.values())
    return recovered(report, "recovery_s_max", worst, RECOVERY_SECONDS)


SCENARIOS = {"sigstop": sigstop}
