"""Webhooks at a steady rate with a history of what was sent and answered, and its comparison with the database."""

import hashlib
import http.client
import json
import threading
import time

FLOW = {
    "flow": "faults",
    "nodes": [
        {
            "id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
            "events": {"path": "body.event", "cases": [{"id": "even", "value": "even"}]},
            "map": [{"variable": "n", "from": "body.n", "type": "number", "required": True}],
        },
        {"id": "even", "type": "task"},
        {"id": "other", "type": "task"},
    ],
    "connections": [{"from": "hook.even", "to": "even"}, {"from": "hook.else", "to": "other"}],
}
# How long a client waits for an answer.
CLIENT_SECONDS = 15


def is_success(answer):
    return isinstance(answer, int) and 200 <= answer < 300


class Load:
    """A client that sends at a steady rate over several connections and keeps the history.

    Not a test's load alone: `numbers` continue over several loads on one instance, so that bodies stay unlike.
    """

    numbers = 0
    running = []

    def __init__(self, instance, rate, name):
        self.instance, self.rate = instance, rate
        self.ports = [instance.edge_port]
        self.path = instance.url("faults/hook").removeprefix(instance.edge)
        self.already = {row[0] for row in instance.sql("select id from requests")}
        self.history = open(instance.home / f"history-{name}", "w", buffering=1)
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.sent = {}      # number: SHA-256 of the body
        self.answers = {}   # number: (status or error, seconds)
        self.answered = []  # (when, status or error), in order
        self.first = self.next = Load.numbers
        self.start = time.monotonic()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(max(16, rate // 4))]
        Load.running.append(self)
        for thread in self.threads:
            thread.start()

    def take(self):
        """The next number and when it is due."""
        with self.lock:
            number = self.next
            self.next += 1
            return number, self.start + (number - self.first) / self.rate

    def work(self, index):
        connection, port = None, None
        while not self.stopped.is_set():
            number, due = self.take()
            if self.stopped.wait(max(0, due - time.monotonic())):
                return
            body = json.dumps({"event": "even" if number % 2 == 0 else "odd", "n": number, "pad": "x" * (number % 700)}).encode()
            digest = hashlib.sha256(body).hexdigest()
            with self.lock:
                self.sent[number] = digest
                self.history.write(f"send {number} {digest}\n")
                wanted = self.ports[index % len(self.ports)]
            begun = time.monotonic()
            try:
                if connection is not None and port != wanted:
                    connection.close()
                    connection = None
                if connection is None:
                    connection, port = http.client.HTTPConnection("127.0.0.1", wanted, timeout=CLIENT_SECONDS), wanted
                connection.request("POST", self.path, body, {"content-type": "application/json"})
                response = connection.getresponse()
                response.read()
                answer = response.status
                if response.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                answer = type(error).__name__
                if connection is not None:
                    connection.close()
                    connection = None
                time.sleep(0.05)
            now = time.monotonic()
            with self.lock:
                self.answers[number] = (answer, now - begun)
                self.answered.append((now, answer))
                self.history.write(f"answer {number} {answer}\n")

    def seconds_until_well(self, since, seconds=30):
        """How long after `since` (monotonic) half a second's worth of requests in a row were answered with 2xx; waits for it."""
        wanted = max(10, self.rate // 2)
        end = since + seconds
        while time.monotonic() < end:
            with self.lock:
                latest = [entry for entry in self.answered[-4 * wanted:] if entry[0] >= since]
            row = 0
            for when, answer in latest:
                row = row + 1 if is_success(answer) else 0
                if row == 1:
                    first = when
                if row >= wanted:
                    return round(first - since, 2)
            time.sleep(0.1)
        return None

    @staticmethod
    def stop_all():
        for load in list(Load.running):
            load.finish()

    def finish(self):
        Load.running.remove(self)
        self.stopped.set()
        for thread in self.threads:
            thread.join(CLIENT_SECONDS + 5)
        self.history.close()
        Load.numbers = self.next


def account(load, scenario, tolerated=()):
    """Compares the history with the database.

    tolerated: answers other than 2xx that the scenario allows: "503", or "connection" for connections that break or wait.
    """
    instance = load.instance
    rows = instance.sql("select id, encode(sha256(body), 'hex'), convert_from(body, 'UTF8')::jsonb->>'n' from requests")
    rows = [row for row in rows if row[0] not in load.already]
    runs = dict(instance.sql("select request_id, count(*) from runs group by 1"))
    by_number = {}
    for identifier, digest, number in rows:
        by_number.setdefault(int(number), []).append((identifier, digest))
    acknowledged = [n for n, (answer, _) in load.answers.items() if is_success(answer)]
    kinds = {}
    for answer, _ in load.answers.values():
        if not is_success(answer):
            kinds[str(answer)] = kinds.get(str(answer), 0) + 1
    unanswered = len(load.sent) - len(load.answers)
    if unanswered:
        kinds["unanswered"] = unanswered
    untolerated = sum(
        count for kind, count in kinds.items() if (kind if kind.isdigit() else "connection") not in tolerated
    )
    report = {
        "scenario": scenario,
        "sent": len(load.sent),
        "acknowledged": len(acknowledged),
        "recorded": len(rows),
        "lost": sum(1 for n in acknowledged if n not in by_number),
        "doubled": sum(1 for entries in by_number.values() if len(entries) > 1) + sum(1 for row in rows if int(runs.get(row[0], 0)) > 1),
        "corrupted": sum(1 for n, entries in by_number.items() for _, digest in entries if load.sent.get(n) != digest),
        "unexpected": sum(1 for n in by_number if n not in load.sent),
        "runless": sum(1 for n in acknowledged for identifier, _ in by_number.get(n, []) if identifier not in runs),
        "errors": len(load.sent) - len(acknowledged),
        "error_kinds": kinds,
        "latency_s_max": round(max((seconds for _, seconds in load.answers.values()), default=0), 2),
    }
    must_be_zero = ["lost", "doubled", "corrupted", "unexpected", "runless"]
    report["held"] = all(report[name] == 0 for name in must_be_zero) and untolerated == 0 and bool(acknowledged)
    return report


def recovered(report, name, seconds, limit):
    """Adds a time to recover, which must be within a limit."""
    report[name] = seconds
    report["held"] = report["held"] and seconds is not None and seconds <= limit
    return report
