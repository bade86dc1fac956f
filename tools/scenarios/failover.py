"""PostgreSQL fails over: a synchronous standby takes the primary's place while requests arrive."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from instance import Instance, free_ports, wait_for
from load import FLOW, Load, account, recovered

# How long there is no server that could be written to, beyond the time that promotion takes.
READ_ONLY_SECONDS = 1.5


class Standby:
    """A copy of an instance's cluster that follows it."""

    def __init__(self, instance):
        self.instance = instance
        self.port = free_ports(1)[0]
        self.bin = pathlib.Path(next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))))
        # A path of its own: sockets' names must be short, and the user postgres must get there.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="headgate-standby-"))
        self.is_root = os.geteuid() == 0
        if self.is_root:
            shutil.chown(self.home, "postgres")
        self.socket = pathlib.Path((instance.home / "run" / "postgres.socket").read_text().strip())
        password = (instance.home / "postgres.password").read_text()
        self.run(
            "pg_basebackup", "-D", str(self.home / "data"), "-R", "-X", "stream", "-c", "fast", "-C", "-S", "standby",
            "-d", f"host={self.socket} port={instance.postgres_port} user=headgate password={password} application_name=standby",
        )
        self.run(
            "pg_ctl", "-w", "-D", str(self.home / "data"), "-l", str(self.home / "log"),
            "-o", f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.home}", "start",
        )
        instance.sql("alter system set synchronous_standby_names = '*'")
        instance.sql("select pg_reload_conf()")
        wait_for(
            lambda: instance.sql("select sync_state from pg_stat_replication") == [["sync"]], seconds=20, what="a synchronous standby")

    def run(self, program, *arguments):
        words = [str(self.bin / program), *arguments]
        if self.is_root:
            words = ["runuser", "-u", "postgres", "--", *words]
        result = subprocess.run(words, capture_output=True, text=True, cwd="/", timeout=60)
        if result.returncode != 0:
            raise RuntimeError(f"{program} ended with {result.returncode}: {result.stderr.replace('password=', 'password')[-500:]}")

    def promote(self):
        self.run("pg_ctl", "-w", "-D", str(self.home / "data"), "promote")

    def stop(self):
        try:
            self.run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.home / "data"), "stop")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)


def failover(_, options, chance):
    """The primary is killed and stays away; for a moment there is only a server that cannot be written to."""
    with Instance(keep=options.keep) as instance:
        instance.apply(FLOW)
        standby = Standby(instance)
        try:
            instance.restart("control", {
                "--database": f"host={standby.socket},{standby.home} port={instance.postgres_port},{standby.port} "
                              "dbname=postgres user=headgate_serving"})
            load = Load(instance, options.rate, "failover")
            time.sleep(2)
            instance.kill_postgres()
            time.sleep(READ_ONLY_SECONDS)
            standby.promote()
            promoted = time.monotonic()
            instance.database = (standby.home, standby.port)
            recovery = load.seconds_until_well(promoted)
            time.sleep(1)
            load.finish()
            report = account(load, "failover", ("503",))
        finally:
            standby.stop()
        return recovered(report, "recovery_s", recovery, 10)


SCENARIOS = {"failover": failover}
ALONE = set(SCENARIOS)
