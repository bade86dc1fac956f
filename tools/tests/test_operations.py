"""What operators rely on: metrics, the live view, the check of a backup, workers that die."""

import json
import os
import re
import signal
import subprocess
import unittest
import urllib.request

from instance import BIN, Instance, wait_for

FLOW = {
    "flow": "ops",
    "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": "a-secret-for-operations"}}, {"id": "task", "type": "task"}],
    "connections": [{"from": "hook.else", "to": "task"}],
}


class Operations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.instance = Instance()
        try:
            cls.instance.start()
            cls.instance.apply(FLOW)
        except BaseException:
            cls.instance.remove()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.instance.remove()

    def send(self):
        request = urllib.request.Request(self.instance.url("ops/hook"), data=b'{"a": 1}', method="POST")
        request.add_header("authorization", "Bearer a-secret-for-operations")
        request.add_header("content-type", "application/json")
        self.assertEqual(urllib.request.urlopen(request, timeout=10).status, 200)

    def admin_url(self, path):
        return f"http://127.0.0.1:{(self.instance.home / 'run' / 'control.admin-port').read_text().strip()}{path}"

    def test_metrics_count_what_happened(self):
        self.send()
        text = urllib.request.urlopen(self.admin_url("/metrics"), timeout=5).read().decode()
        accepted = re.search(r'^headgate_ingest_requests_total\{outcome="accepted"\} (\d+)$', text, re.MULTILINE)
        self.assertGreaterEqual(int(accepted.group(1)), 1)
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? [-+.0-9eInf]+)$")

    def test_top_piped_is_lines_of_json(self):
        out = self.instance.cli("top", "--interval", "100ms", "--count", "2").stdout.splitlines()
        self.assertEqual(len(out), 2)
        self.assertTrue(all(json.loads(line)["ready"] for line in out))

    def backup_check(self, *more, keys=None):
        home = self.instance.home
        socket = (home / "run" / "postgres.socket").read_text().strip()
        return subprocess.run(
            [str(BIN / "headgate-control"), "backup-check", "--database",
             f"host={socket} port={self.instance.postgres_port} user=headgate dbname=postgres",
             "--master-keys", str(keys or home / "keys" / "master.keys"), *more],
            env={**os.environ, "PGPASSFILE": str(home / "pgpass")}, capture_output=True, text=True, timeout=60)

    def test_backup_check(self):
        self.send()
        good = self.backup_check()
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertNotIn("BAD", good.stdout)
        self.assertRegex(good.stdout, r"ok\s+secrets\s+\d+, all opened")
        other = self.instance.home / "other.keys"
        subprocess.run([str(BIN / "headgate-control"), "keys", "init", "--file", str(other)], check=True, capture_output=True)
        bad = self.backup_check(keys=other)
        self.assertEqual(bad.returncode, 1)
        self.assertRegex(bad.stdout, r"BAD\s+secrets")
        for result in (good, bad):
            self.assertNotIn("a-secret-for-operations", result.stdout + result.stderr)
        nowhere = subprocess.run(
            [str(BIN / "headgate-control"), "backup-check", "--database", "host=/nonexistent", "--master-keys", str(other)],
            capture_output=True, text=True, timeout=60)
        self.assertNotEqual(nowhere.returncode, 0)

    def test_a_killed_worker_takes_its_command_with_it(self):
        mark = self.instance.home / "command.pid"
        self.send()
        worker = subprocess.Popen(
            [str(BIN / "headgate"), "run", "work", "--exec", f"echo $$ > {mark}; sleep 300; true"],
            env=self.instance.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: mark.exists() and mark.read_text().strip(), what="the command")
            command = int(mark.read_text())
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            wait_for(lambda: not is_alive(command), seconds=10, what="the command's end")
        finally:
            worker.kill()
            worker.wait()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    unittest.main()
