#!/usr/bin/env python3
"""Queries and follows the log, and works runs, from Python.

  main.py [connection] query [--trigger FLOW/NODE] [--limit N]
  main.py [connection] tail [--trigger FLOW/NODE] [--count N]
  main.py [connection] work --exec COMMAND [--flow NAME] [--count N]

connection: --address HOST:PORT --ca FILE, and --certificate FILE --key FILE or --api-key-file FILE. COMMAND gets a run's variables as JSON on its standard input; exit status 0 completes the run.
"""

import argparse
import os
import subprocess
import sys
import threading
import time

from headgate import CallFailed, Control, Lasting

UNAVAILABLE, ABORTED, NOT_FOUND = 14, 10, 5
LEASE_MS, WAIT_MS = 30_000, 20_000


def show(entry):
    print(entry.id, entry.trigger, entry.status, entry.event.decode(errors="replace") or "-", flush=True)


def query(control, options):
    """The newest requests, page by page."""
    cursor, left = "", options.limit
    while left > 0:
        page = control.call("LogService.Query", trigger=options.trigger, page_size=min(left, 1000), cursor=cursor)
        for entry in page.entries:
            show(entry)
        left -= len(page.entries)
        cursor = page.next_cursor
        if not cursor:
            return


def tail(connect, options):
    """Requests as they are recorded; after a cut behind the last one seen, on a new connection."""
    control, seen = connect(), 0
    # From the newest one on, so that a cut before the first one loses nothing either.
    newest = control.call("LogService.Query", trigger=options.trigger, page_size=1).entries
    last = newest[0].id if newest else ""
    while True:
        try:
            for entry in control.stream("LogService.Tail", filter={"trigger": options.trigger}, after=last):
                show(entry)
                last, seen = entry.id, seen + 1
                if seen == options.count:
                    return
        except CallFailed as failure:
            if failure.code != UNAVAILABLE:
                raise
        control = again(connect)


def again(connect):
    """A connection, as soon as there is a control plane."""
    while True:
        time.sleep(1)
        try:
            return connect()
        except (OSError, CallFailed):
            continue


def work(connect, options):
    """Leases one run after the other and reports how its command ended."""
    done, control = 0, Lasting(connect)
    while options.count == 0 or done < options.count:
        leased = control.call("RunService.Lease", patience=None, timeout=WAIT_MS / 1000 + 10, worker=f"python-{os.getpid()}", flow=options.flow,
                              max_runs=1, lease_ms=LEASE_MS, wait_ms=WAIT_MS)
        for run in leased.runs:
            execute(control, run, options.exec)
            done += 1


def execute(control, run, command):
    process = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    ended = threading.Event()
    heart = threading.Thread(target=heartbeats, args=(control, run, process, ended))
    heart.start()
    _, errors = process.communicate(run.variables + b"\n")
    ended.set()
    heart.join()
    try:
        if process.returncode == 0:
            control.call("RunService.Complete", id=run.id, lease_epoch=run.lease_epoch)
        else:
            text = f"exit status {process.returncode}: {errors.decode(errors='replace')[-1000:]}"
            control.call("RunService.Fail", id=run.id, lease_epoch=run.lease_epoch, error=text)
        print(run.id, "completed" if process.returncode == 0 else "failed", flush=True)
    except CallFailed as failure:
        if failure.code not in (ABORTED, NOT_FOUND):
            raise
        print(run.id, "lost", flush=True)


def heartbeats(control, run, process, ended):
    """Keeps the lease while the command runs; ends the command when the lease is lost."""
    while not ended.wait(LEASE_MS / 3000):
        try:
            control.call("RunService.Heartbeat", patience=5, id=run.id, lease_epoch=run.lease_epoch, lease_ms=LEASE_MS)
        except (OSError, CallFailed) as failure:
            if isinstance(failure, CallFailed) and failure.code in (ABORTED, NOT_FOUND):
                return process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1:7400")
    parser.add_argument("--ca", required=True)
    for name in ("--certificate", "--key", "--api-key-file"):
        parser.add_argument(name)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("query", "tail"):
        commands.add_parser(name).add_argument("--trigger", default="")
    commands.choices["query"].add_argument("--limit", type=int, default=50)
    commands.choices["tail"].add_argument("--count", type=int, default=0, help="end after so many; 0: never")
    worker = commands.add_parser("work")
    worker.add_argument("--exec", required=True)
    worker.add_argument("--flow", default="")
    worker.add_argument("--count", type=int, default=0, help="end after so many runs; 0: never")
    options = parser.parse_args()
    api_key = open(options.api_key_file).read().strip() if options.api_key_file else None

    def connect():
        return Control(options.address, options.ca, options.certificate, options.key, api_key)

    try:
        if options.command == "query":
            query(connect(), options)
        else:
            {"tail": tail, "work": work}[options.command](connect, options)
    except CallFailed as failure:
        sys.exit(f"error {failure.code}: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
