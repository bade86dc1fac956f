"""What disks do: they fill up, and they lose what was not flushed when the power goes."""

import fcntl
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

from instance import CommandFailed, Instance, wait_until_gone
from load import FLOW, Load, account, recovered

# ext4's and xfs's ioctl that ends a mounted file system at once, and its flag for not even writing the journal: what was
# not flushed is lost, as when the power goes (linux/fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH).
SHUTDOWN, WITHOUT_JOURNAL = 0x8004587D, 2


class OwnFileSystem(Instance):
    """An instance with file systems of its own for the cluster or the logs; only root can have that."""

    def __init__(self, mounts, keep=False):
        super().__init__(keep)
        self.mounted = []
        for name, command in mounts.items():
            directory = self.home / name
            directory.mkdir()
            try:
                subprocess.run([*command(self.home), str(directory)], check=True, capture_output=True, text=True)
            except subprocess.CalledProcessError as error:
                self.remove()
                raise NoFileSystem(error.stderr.strip()) from error
            self.mounted.append(directory)
            if name == "postgres":
                shutil.chown(directory, "postgres")

    def remove(self):
        keep, self.keep = self.keep, True
        try:
            super().remove()
        finally:
            self.keep = keep
            for directory in self.mounted:
                subprocess.run(["umount", "-l", str(directory)], check=False)
            if not keep:
                shutil.rmtree(self.home, ignore_errors=True)


class NoFileSystem(Exception):
    """This machine does not let us mount one."""


def tmpfs(megabytes):
    return lambda home: ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "headgate"]


def ext4(megabytes):
    def command(home):
        image = home / "disk"
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True, text=True)
        return ["mount", "-o", "loop", str(image)]

    return command


def fill(directory):
    """Takes all the room that is left; gives the file that takes it."""
    filler = directory / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    return filler


def diskfull(_, options, chance):
    """The disk of PostgreSQL fills up, then that of the programs' logs; both get room again."""
    try:
        instance = OwnFileSystem({"postgres": tmpfs(260), "logs": tmpfs(2)}, keep=options.keep)
    except NoFileSystem as error:
        return {"scenario": "diskfull", "skipped": str(error)}
    with instance:
        instance.apply(FLOW)
        load = Load(instance, options.rate, "diskfull")
        time.sleep(1.5)
        # First the logs alone: nobody must notice.
        logs = fill(instance.home / "logs")
        instance.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'headgate%'")
        time.sleep(2)
        load_errors_before = sum(1 for answer, _ in load.answers.values() if answer != 200)
        filler = fill(instance.home / "postgres")
        try:
            # Whole segments of the write-ahead log are there already: the next one is not.
            for _ in range(4):
                instance.sql("select pg_switch_wal()")
        except CommandFailed:
            pass
        time.sleep(options.pause)
        filler.unlink()
        # Where the postmaster has ended, something starts it again.
        instance.start() if not is_there(instance) else None
        recovery = load.seconds_until_well(time.monotonic())
        logs.unlink()
        time.sleep(1)
        load.finish()
        report = account(load, "diskfull", ("503",))
        report["errors_while_logs_were_full"] = load_errors_before
        report["held"] = report["held"] and load_errors_before == 0
        return recovered(report, "recovery_s", recovery, 10)


def is_there(instance):
    try:
        os.kill(instance.postmaster(), 0)
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


def powerloss(is_flushed):
    """The power goes at some moment: what PostgreSQL did not flush is gone."""
    name = "powerloss" if is_flushed else "powerloss-unflushed"

    def run(_, options, chance):
        try:
            instance = OwnFileSystem({"postgres": ext4(400)}, keep=options.keep)
        except (NoFileSystem, FileNotFoundError, subprocess.CalledProcessError) as error:
            return {"scenario": name, "skipped": str(error)}
        with instance:
            instance.apply(FLOW)
            if not is_flushed:
                instance.sql("alter system set fsync = off")
                instance.sql("select pg_reload_conf()")
                instance.restart("control", {"--allow-unsafe-durability": "true"})
            os.sync()
            load = Load(instance, options.rate, name)
            recoveries = []
            for _ in range(options.kills):
                time.sleep(chance.uniform(0.8, 2.5))
                lose_power(instance)
                begun = time.monotonic()
                instance.start()
                recoveries.append(load.seconds_until_well(begun))
            load.finish()
            report = account(load, name, ("503",))
            report["recovery_s_max"] = None if None in recoveries else max(recoveries)
            if not is_flushed:
                # The negative of the other: it shows that what is not flushed is lost here indeed.
                report["held"] = report["lost"] > 0
            return report

    return run


def lose_power(instance):
    directory = instance.home / "postgres"
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_JOURNAL))
    finally:
        os.close(descriptor)
    kill_cluster(instance)
    subprocess.run(["umount", str(directory)], check=True)
    subprocess.run(["mount", "-o", "loop", str(instance.home / "disk"), str(directory)], check=True)
    instance.forget_postgres()


def kill_cluster(instance):
    """SIGKILL to PostgreSQL's processes; its files cannot be read any more."""
    data = str((instance.home / "postgres").resolve())
    pids = []
    for process in pathlib.Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.readlink(process / "cwd").startswith(data):
                    pids.append(int(process.name))
            except OSError:
                pass
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for pid in pids:
        wait_until_gone(pid, seconds=15)


SCENARIOS = {"diskfull": diskfull, "powerloss": powerloss(True), "powerloss-unflushed": powerloss(False)}
# They make their own instances.
ALONE = set(SCENARIOS)
