"""SIGKILL of a part under load, again and again; of everything at once."""

import os
import signal
import time

from instance import wait_until_gone
from load import Load, account


def restart(instance, target, pause, chance):
    """Kills one part in one of several ways, waits, starts it again."""
    if target == "postgres":
        way = chance.choice(["postmaster", "immediate", "backend"])
        if way == "backend":
            backends = instance.sql("select pid from pg_stat_activity where application_name like 'headgate%'")
            if backends:
                os.kill(int(chance.choice(backends)[0]), signal.SIGKILL)
            time.sleep(pause)
            return
        if way == "immediate":
            postmaster = instance.postmaster()
            os.kill(postmaster, signal.SIGQUIT)
            wait_until_gone(postmaster)
            instance.forget_postgres()
        else:
            instance.kill_postgres()
    elif target == "everything":
        for name in ("edge", "control"):
            os.kill(instance.pid(name), signal.SIGKILL)
        instance.kill_postgres()
        for name in ("edge", "control"):
            wait_until_gone(instance.pid(name))
    else:
        instance.kill(target)
    time.sleep(pause)
    instance.start()


def campaign(target, tolerated):
    """Kills one part again and again under load; gives what was counted."""

    def run(instance, options, chance):
        load = Load(instance, options.rate, target)
        time.sleep(1.5)
        recoveries = []
        for _ in range(options.kills):
            begun = time.monotonic()
            restart(instance, target, chance.uniform(0.05, 0.8), chance)
            recoveries.append(time.monotonic() - begun)
            time.sleep(chance.uniform(0.6, 1.6))
        time.sleep(1)
        load.finish()
        report = account(load, target, tolerated)
        report["recovery_s_max"] = round(max(recoveries, default=0), 2)
        return report

    return run


# Whoever kills the control plane alone costs no caller an answer.
SCENARIOS = {
    "control": campaign("control", ()),
    "edge": campaign("edge", ("503", "connection")),
    "postgres": campaign("postgres", ("503",)),
    "everything": campaign("everything", ("503", "connection")),
}
