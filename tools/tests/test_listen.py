"""Listening on the production URL: under load, over a killed control plane, by many at once, and trying a trigger out."""

import http.client
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from instance import BIN, wait_for
from test_way_of_a_request import JSON, WithInstance, flow


class Listener:
    """`headgate listen` as a process, its lines with the time they came at."""

    def __init__(self, headgate, *arguments):
        self.lines = []
        self.process = subprocess.Popen(
            [str(BIN / "headgate"), "listen", *arguments], env=headgate.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), json.loads(line)))

    def events(self, kind):
        return [event for _, event in list(self.lines) if event["event"] == kind]

    def wait_until_open(self):
        wait_for(lambda: self.events("session"), seconds=20, what="the session")
        return self

    def shown(self):
        """The ids of the requests shown, in order."""
        return [event["request"]["id"] for event in self.events("request")]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.reader.join(timeout=10)
        return self.process.returncode


class Load:
    """Requests at a rate over connections that stay, until it is stopped."""

    def __init__(self, port, path, rate, threads=8):
        self.sent, self.failed = 0, 0
        self.stopped = threading.Event()
        self.workers = [threading.Thread(target=self._work, args=(port, path, threads / rate), daemon=True) for _ in range(threads)]
        for worker in self.workers:
            worker.start()

    def _work(self, port, path, interval):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        due = time.monotonic()
        while not self.stopped.is_set():
            try:
                connection.request("POST", path, b'{"n":1}', JSON)
                connection.getresponse().read()
                self.sent += 1
            except OSError:
                self.failed += 1
                connection.close()
            due = max(due + interval, time.monotonic() - 1)
            self.stopped.wait(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        for worker in self.workers:
            worker.join(timeout=20)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


class Listening(WithInstance):
    def open(self, *arguments):
        listener = Listener(self.headgate, *arguments)
        self.addCleanup(listener.stop)
        return listener.wait_until_open()

    def setUp(self):
        self.headgate.apply(flow("t"))
        self.headgate.apply(flow("other"))

    def accepted(self, path, **more):
        answer = self.send(path, seconds=30, **more)
        return json.loads(answer.body)["id"] if answer.status == 200 else None

    def test_kill_of_the_control_plane_under_load(self):
        """Everything that was answered 2xx is shown once, over two kills."""
        path = self.path()
        listener = self.open("t/hook", "--time", "5m")
        accepted, stop = [], threading.Event()

        def work():
            while not stop.is_set():
                try:
                    if (request := self.accepted(path)) is not None:
                        accepted.append(request)
                except OSError:
                    pass
                time.sleep(0.02)

        workers = [threading.Thread(target=work, daemon=True) for _ in range(4)]
        for worker in workers:
            worker.start()
        for _ in range(2):
            time.sleep(1.5)
            self.headgate.kill("control")
            self.headgate.start()
        time.sleep(1.5)
        stop.set()
        for worker in workers:
            worker.join(timeout=40)
        self.assertGreater(len(accepted), 50)
        wait_for(lambda: set(accepted) <= set(listener.shown()), seconds=30, what="everything accepted being shown")
        shown = listener.shown()
        self.assertEqual(len(shown), len(set(shown)), "a request was shown twice")
        recorded = {row[0] for row in self.headgate.sql(
            "select r.id from requests r join triggers t on t.id = r.trigger_id join flows f on f.id = t.flow_id where f.name = 't'")}
        self.assertLessEqual(set(shown), recorded)
        self.assertFalse(listener.events("lagged"))
        self.assertEqual(listener.stop(), 0)
        print(f"\n  {len(accepted)} accepted, {len(shown)} shown over 2 kills", end=" ", flush=True)

    def test_latency_at_500_requests_a_second_of_other_traffic(self):
        path, other = self.path(), self.path("other/hook")
        listener = self.open("t/hook")
        load = Load(self.headgate.edge_port, other, rate=500)
        self.addCleanup(load.stop)
        time.sleep(1)
        begin, sent_before, sent = time.monotonic(), load.sent, {}
        connection = http.client.HTTPConnection("127.0.0.1", self.headgate.edge_port, timeout=15)
        for number in range(200):
            start = time.monotonic()
            connection.request("POST", path, b"{}", JSON)
            sent[json.loads(connection.getresponse().read())["id"]] = start
            time.sleep(max(0, start + 0.03 - time.monotonic()))
        rate = (load.sent - sent_before) / (time.monotonic() - begin)
        wait_for(lambda: len(listener.shown()) >= len(sent), what="all requests")
        self.assertEqual(set(listener.shown()), set(sent), "what came before the session is not shown")
        came = {event["request"]["id"]: at for at, event in listener.lines if event["event"] == "request"}
        took = [came[request] - start for request, start in sent.items()]
        figures = ", ".join(f"p{share * 100:g} {percentile(took, share) * 1000:.1f} ms" for share in (0.5, 0.9, 0.99))
        print(f"\n  sender to listener at {rate:.0f} other requests/s: {figures}", end=" ", flush=True)
        self.assertEqual(load.failed, 0)
        # The goal is 50 ms on a machine that does nothing else; here the load and the tests share it.
        self.assertLess(percentile(took, 0.99), float(os.environ.get("HEADGATE_TEST_LISTEN_SECONDS", "1")))

    def test_many_at_once(self):
        path = self.path()
        listeners = [Listener(self.headgate, "t/hook") for _ in range(20)]
        for listener in listeners:
            self.addCleanup(listener.stop)
        for listener in listeners:
            listener.wait_until_open()
        sent = {self.accepted(path) for _ in range(10)}
        for listener in listeners:
            wait_for(lambda: set(listener.shown()) == sent, what="all requests")

    def test_a_session_says_how_it_ends(self):
        path = self.path()
        one = self.open("t/hook", "--max", "1", "--mode", "capture")
        self.assertIsNotNone(self.accepted(path))
        self.assertEqual(one.process.wait(timeout=10), 0)
        one.reader.join(timeout=5)
        self.assertEqual(one.events("request")[0]["request"]["outcome"], "captured")
        self.assertEqual(one.events("session")[-1]["session"]["state"], "completed")
        timed = self.open("t/hook", "--time", "1s")
        self.assertEqual(timed.process.wait(timeout=10), 0)
        timed.reader.join(timeout=5)
        self.assertEqual(timed.events("session")[-1]["session"]["state"], "expired")
        interrupted = self.open("t/hook")
        self.assertEqual(interrupted.stop(), 0)
        self.assertEqual(interrupted.events("session")[-1]["session"]["state"], "cancelled")
        session = interrupted.events("session")[0]["session"]["id"]
        self.assertEqual(self.headgate.sql(f"select state from listen_sessions where id = '{session}'"), [["4"]])

    def test_what_is_refused_can_be_allowed_and_mapped_in_one_step(self):
        self.headgate.apply(flow("t", allow={"ips": ["203.0.113.7"]}))
        path = self.path()
        listener = self.open("t/hook")
        self.assertEqual(self.send(path, '{"user":{"email":"a@b.example"}}').status, 403)
        event = wait_for(lambda: listener.events("request"), what="the refused request")[0]
        self.assertEqual((event["request"]["cause"], event["allow_ip"]), ("ip_not_allowed", "127.0.0.1"))
        self.assertIn({"path": "body.user.email", "type": "string", "value": "a@b.example"}, event["leaves"])
        listener.stop()
        self.headgate.cli("trigger", "amend", "t/hook", "--allow-ip", event["allow_ip"], "--map", "email=body.user.email", "--publish")
        request = self.accepted(path, body='{"user":{"email":"a@b.example"}}')
        runs = self.headgate.json("logs", "show", request)["runs"]
        self.assertEqual(runs[0]["variables"], {"email": "a@b.example"})
        wrong = self.headgate.cli("trigger", "amend", "t/hook", "--map", "x=body..y", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("map[0].from", wrong.stderr)


class TryingOut(WithInstance):
    """`trigger test` signs as the provider would, and the edge node's request is accepted."""

    def test_schemes(self):
        presets = ["github", "stripe", "shopify", "slack", "twilio-form", "standard-webhooks", "kiwify", "square"]
        auths = [{"preset": preset} for preset in presets] + [{"mode": "bearer"}, {"mode": "query"}, {"mode": "basic", "username": "shop"}]
        for auth in auths:
            with self.subTest(auth=auth):
                self.headgate.apply(flow("t", auth=auth))
                form = auth.get("preset") == "twilio-form"
                with tempfile.NamedTemporaryFile("w", suffix=".txt" if form else ".json") as sample:
                    sample.write("b=2&a=1" if form else '{"event":"paid"}')
                    sample.flush()
                    more = ["--content-type", "application/x-www-form-urlencoded"] if form else []
                    result = self.headgate.json("trigger", "test", "t/hook", "--sample", sample.name, "--path", "/x?a=1", *more)
                self.assertEqual(result["answer"]["status"], 200, result)
                self.assertEqual(result["request"]["outcome"], "accepted")
        self.headgate.apply(flow("t", auth={"mode": "bearer"}, map=[{"variable": "n", "from": "body.n", "required": True}]))
        refused = self.headgate.cli("trigger", "test", "t/hook", "--sample", "-", stdin="{}", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("answered 422", refused.stdout)
        self.assertIn("The variable is required", refused.stdout)


if __name__ == "__main__":
    unittest.main()
