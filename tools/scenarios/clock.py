"""Steps of the programs' wall clocks, by a library that is loaded before them."""

import os
import pathlib
import struct
import subprocess
import time

from instance import BIN, wait_for
from load import Load, account, recovered

SOURCE = pathlib.Path(__file__).with_name("clock_offset.c")
# Further than `--ingest-clock-skew-seconds` and beyond a lease's time.
STEP_SECONDS = 3600


class Clock:
    """The clock of one program, which is started anew with it."""

    def __init__(self, instance, name, library):
        self.file = instance.home / f"clock-{name}"
        self.set(0)
        instance.restart(name, environment={"LD_PRELOAD": str(library), "HEADGATE_TEST_CLOCK": str(self.file)})

    def set(self, seconds):
        """So many seconds ahead of the true time. The file is mapped: it is written in place."""
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(descriptor, struct.pack("q", seconds))
        os.close(descriptor)


def clock(instance, options, chance):
    """An hour ahead, back, an hour behind, back: of the control plane, then of the edge node."""
    library = instance.home / "clock_offset.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)], check=True)
    certificates_of_yesterday(instance, library)
    clocks = {name: Clock(instance, name, library) for name in ("control", "edge")}
    # Leases go by PostgreSQL's clock: runs are worked whatever the control plane's says.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = subprocess.Popen([str(BIN / "headgate"), "run", "work", "--exec", "true"], env=instance.environment, **quiet)
    load = Load(instance, options.rate, "clock")
    time.sleep(1.5)
    recoveries = {}
    try:
        for name, its in clocks.items():
            for step, seconds in (("ahead", STEP_SECONDS), ("back again", 0), ("behind", -STEP_SECONDS), ("right again", 0)):
                its.set(seconds)
                stepped = time.monotonic()
                time.sleep(0.5)
                recoveries[f"{name} {step}"] = load.seconds_until_well(stepped, seconds=20)
                before = finished(instance)
                wait_for(lambda: finished(instance) > before, seconds=10, what=f"runs being completed, {name} at {seconds:+} s")
    finally:
        worker.kill()
        worker.wait()
    load.finish()
    report = account(load, "clock", ("503",))
    report["recovery_s"] = recoveries
    return recovered(report, "recovery_s_max", None if None in recoveries.values() else max(recoveries.values()), 10)


def certificates_of_yesterday(instance, library):
    """Certificates made a moment ago are not valid yet an hour earlier: these are a day old."""
    yesterday = instance.home / "yesterday"
    yesterday.write_bytes(struct.pack("q", -86_400))
    pki = instance.home / "pki"
    for file in pki.iterdir():
        file.unlink()
    environment = {**os.environ, "LD_PRELOAD": str(library), "HEADGATE_TEST_CLOCK": str(yesterday)}
    commands = [["init"]] + [["issue", "--name", name, "--role", name] for name in ("control", "edge", "admin", "worker", "reader")]
    for command in commands:
        subprocess.run([str(BIN / "headgate-control"), "pki", command[0], "--directory", str(pki), *command[1:]],
                       env=environment, check=True, capture_output=True)


def finished(instance):
    return int(instance.sql("select count(*) from runs where finished_at is not null")[0][0])


SCENARIOS = {"clock": clock}
