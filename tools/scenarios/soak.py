"""Minutes of mixed use: requests, listeners, tails, workers, searches; and what grows meanwhile that should not."""

import pathlib
import subprocess
import threading
import time

from instance import BIN
from load import Load, account

# The first part of the time is not looked at: caches and pools fill, processes reach their size.
WARM_SHARE = 0.3
# What may come on top in the rest, by process: memory in MB per hour for long runs, or so many in a short one.
MEMORY_MB, FILES, THREADS = 8, 6, 2


class Sampler:
    """Memory, open files and threads of the programs, and dead rows, every few seconds."""

    def __init__(self, instance):
        self.instance, self.samples = instance, []

    def take(self):
        sample = {"at": time.monotonic()}
        for name in ("edge", "control"):
            pid = self.instance.pid(name)
            status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
            sample[name] = {
                "rss_mb": round(int(status["VmRSS"].split()[0]) / 1024, 1),
                "files": len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())),
                "threads": int(status["Threads"]),
            }
        sample["connections"] = int(self.instance.sql(
            "select count(*) from pg_stat_activity where application_name like 'headgate%'")[0][0])
        self.samples.append(sample)
        return sample


def middle(values):
    return sorted(values)[len(values) // 2]


def drift(samples, name, what):
    """By how much the middle of the last third is above that of the first third."""
    third = max(1, len(samples) // 3)
    return round(middle([s[name][what] for s in samples[-third:]]) - middle([s[name][what] for s in samples[:third]]), 1)


def repeat(instance, stop, failures, *arguments, pause=0.2):
    """Runs a command of the client again and again."""
    while not stop.is_set():
        try:
            instance.cli(*arguments, timeout=60)
        except Exception as error:  # noqa: BLE001: counted, told at the end
            failures.append(f"{arguments[0]}: {str(error)[-300:]}")
        stop.wait(pause)


def soak(instance, options, chance):
    """Moderate mixed load for --soak minutes."""
    stop, failures = threading.Event(), []
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": instance.environment}
    # Workers and tails stay; listeners, searches and statistics come and go.
    lasting = [
        subprocess.Popen([str(BIN / "headgate"), *words], **quiet)
        for words in (["run", "work", "--exec", "true", "--concurrency", "2"], ["logs", "tail", "-f", "-o", "json"],
                      ["listen", "faults/hook", "-o", "json"])
    ]
    coming = [
        threading.Thread(target=repeat, args=(instance, stop, failures, *words), kwargs={"pause": pause}, daemon=True)
        for words, pause in (
            (("logs", "query", "--limit", "20"), 1), (("logs", "stats", "--since", "10m"), 3), (("status",), 2),
            (("run", "list", "--limit", "5"), 2), (("flow", "show", "faults"), 3))
    ]
    for thread in coming:
        thread.start()
    load = Load(instance, options.rate, "soak")
    sampler = Sampler(instance)
    seconds = options.soak * 60
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(5, seconds / 30))
        sampler.take()
    ended = [process.args[1] for process in lasting if process.poll() is not None]
    stop.set()
    load.finish()
    for thread in coming:
        thread.join(70)
    for process in lasting:
        process.terminate()
        process.wait(20)
    report = account(load, "soak")
    samples = sampler.samples[int(len(sampler.samples) * WARM_SHARE):]
    report["last"] = {name: value for name, value in sampler.samples[-1].items() if name != "at"}
    report["drift"] = {name: {what: drift(samples, name, what) for what in ("rss_mb", "files", "threads")} for name in ("edge", "control")}
    report["tables"] = [
        {"table": row[0], "live": int(row[1]), "dead": int(row[2]), "mb": round(int(row[3]) / 1e6, 1)}
        for row in instance.sql("select relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) from pg_stat_user_tables "
                                "where n_live_tup + n_dead_tup > 0 order by 4 desc limit 6")
    ]
    report["failed_commands"], report["ended"] = failures[:5], ended
    hours = max(seconds * (1 - WARM_SHARE) / 3600, 0.25)
    within = all(
        values["rss_mb"] <= MEMORY_MB * max(1, hours) and values["files"] <= FILES and values["threads"] <= THREADS
        for values in report["drift"].values())
    report["held"] = report["held"] and within and not failures and not ended
    return report


SCENARIOS = {"soak": soak}
