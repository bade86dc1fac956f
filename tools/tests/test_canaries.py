"""No secret is readable where it should not be: 64 of them are planted, and everything that is written or shown is searched."""

import base64
import json
import os
import pathlib
import secrets
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from http_raw import send
from instance import BIN, Instance, wait_for

JSON = {"content-type": "application/json"}

# Providers whose secret is any text.
SIGNED = [
    "github", "github-sha1", "gitea", "bitbucket", "jira", "shopify", "slack", "stripe", "kiwify", "woocommerce", "typeform",
    "intercom", "calendly", "linear", "notion", "paystack", "razorpay", "vercel", "sentry", "pagerduty",
]


def flow(name, auth):
    return {
        "flow": name,
        "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": auth}, {"id": "next", "type": "task"}],
        "connections": [{"from": "hook.else", "to": "next"}],
    }


def forms(secret):
    """The texts that a secret may hide behind: as it is, in hex, in base 64 wherever it begins, escaped."""
    raw = secret.encode()
    found = {secret, raw.hex(), raw.hex().upper(), urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]}
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode()
        # The first characters and the last ones depend on the neighbours.
        inner = encoded[-(-offset * 8 // 6):len(encoded.rstrip("=")) - 1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


class Canaries(unittest.TestCase):
    """One run with everything in it; what it finds is told by the name of the secret and the place."""

    @classmethod
    def setUpClass(cls):
        cls.headgate = Instance()
        cls.addClassCleanup(cls.headgate.remove)
        # Everything that can be said is said.
        cls.headgate.environment |= {"HEADGATE_CONTROL_LOG_LEVEL": "trace", "HEADGATE_EDGE_LOG_LEVEL": "trace"}
        cls.headgate.start()

    def setUp(self):
        self.planted = {}
        self.shown = []

    def plant(self, name, secret=None):
        """A secret of its own, searched for afterwards."""
        secret = secret or f"canary-{secrets.token_hex(8)}"
        self.assertNotIn(name, self.planted)
        self.planted[name] = secret
        return secret

    def cli(self, *arguments, stdin=None, key=None, ok=True):
        """A command whose output must show no secret; what it says is kept for the search."""
        environment = self.headgate.environment | ({"HEADGATE_API_KEY": key} if key else {})
        result = subprocess.run(
            [str(BIN / "headgate"), *arguments], env=environment, capture_output=True, text=True, input=stdin, timeout=60)
        self.assertEqual(result.returncode == 0, ok, f"{arguments}: {result.stderr}")
        self.shown.append((f"headgate {' '.join(arguments)}", result.stdout + result.stderr))
        return result.stdout

    def hook(self, name, query="", headers=(), body="{}", status=None):
        path = urllib.parse.urlsplit(self.headgate.url(f"{name}/hook")).path
        answer = send(self.headgate.edge_port, path + query, body, [*JSON.items(), *headers])
        self.shown.append((f"the answer of {name}", repr(answer.headers) + answer.body.decode("latin-1")))
        if status:
            self.assertEqual(answer.status, status, (name, answer.body))
        return answer

    # Planting

    def plant_tokens(self):
        for name in ("one", "two", "three", "four"):
            token = self.plant(f"bearer {name}")
            self.headgate.apply(flow(f"bearer-{name}", {"mode": "bearer", "secret": token}))
            self.hook(f"bearer-{name}", headers=[("authorization", f"Bearer {token}")], status=200)
            wrong = self.plant(f"wrong bearer {name}")
            self.hook(f"bearer-{name}", headers=[("authorization", f"Bearer {wrong}")], status=401)
        for name in ("one", "two"):
            token = self.plant(f"header {name}")
            self.headgate.apply(flow(f"header-{name}", {"mode": "header", "name": "x-key", "secret": token}))
            self.hook(f"header-{name}", headers=[("x-key", token)], status=200)
            self.hook(f"header-{name}", headers=[("x-key", self.plant(f"wrong header {name}"))], status=401)
        for name in ("one", "two"):
            token = self.plant(f"query {name}")
            self.headgate.apply(flow(f"query-{name}", {"mode": "query", "secret": token}))
            self.hook(f"query-{name}", query=f"?token={token}", status=200)
            self.hook(f"query-{name}", query=f"?token={self.plant(f'wrong query {name}')}", status=401)
        for number in range(6):
            cookie = self.plant(f"cookie {number}")
            token = self.planted["bearer one"]
            self.hook("bearer-one", headers=[("authorization", f"Bearer {token}"), ("cookie", f"session={cookie}")], status=200)
        self.headgate.cli("trigger", "rotate", "bearer-one/hook", "--secret-file", "-", stdin=self.plant("rotated to"))
        generated = self.headgate.json("trigger", "rotate", "bearer-two/hook")["value"]
        self.hook("bearer-two", headers=[("authorization", f"Bearer {self.plant('generated', generated)}")], status=200)
        for name in ("three", "four"):
            self.headgate.cli("trigger", "reveal", f"bearer-{name}/hook", "--reason", "test")

    def plant_signatures(self):
        for preset in SIGNED:
            secret = self.plant(f"{preset} secret")
            self.headgate.apply(flow(f"signed-{preset}", {"mode": "hmac", "preset": preset, "secret": secret}))
            # Wrong in every way that the provider has.
            self.hook(f"signed-{preset}", headers=[("x-hub-signature-256", "sha256=00"), ("stripe-signature", "t=1,v1=00")], status=401)

    def plant_verify_tokens(self):
        for number in range(2):
            auth = {"mode": "hmac", "preset": "meta", "secret": self.plant(f"meta secret {number}"), "verify_token": self.plant(f"verify token {number}")}
            self.headgate.apply(flow(f"meta-{number}", auth))
            token = self.planted[f"verify token {number}"]
            path = urllib.parse.urlsplit(self.headgate.url(f"meta-{number}/hook")).path
            right = send(self.headgate.edge_port, f"{path}?hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}", method="GET")
            if right.status == 200:
                self.assertEqual(right.body, b"42")
            wrong = self.plant(f"wrong verify token {number}")
            send(self.headgate.edge_port, f"{path}?hub.mode=subscribe&hub.challenge=42&hub.verify_token={wrong}", method="GET")

    def plant_variables(self):
        for number in range(5):
            self.cli("env", "set", f"partner_{number}", "--secret", "--from-file", "-", stdin=self.plant(f"variable {number}"))
        self.cli("env", "list")

    def plant_keys(self):
        for role in ("admin", "reader", "worker"):
            key = self.headgate.cli("apikey", "create", f"canary-{role}", "--role", role, "--value-only").stdout.strip()
            self.cli("whoami", key=self.plant(f"API key of a {role}", key))
        self.cli("apikey", "revoke", "canary-reader")
        self.cli("whoami", key=self.planted["API key of a reader"], ok=False)
        self.cli("whoami", key=self.plant("wrong API key", "hgk_" + secrets.token_urlsafe(36)), ok=False)
        self.cli("apikey", "list")
        self.cli("apikey", "list", "-o", "json")
        self.cli("key", "rotate")
        self.cli("key", "status")

    def plant_what_the_instance_has(self):
        home = self.headgate.home
        self.plant("password of the owner", (home / "postgres.password").read_text().strip())
        self.plant("password of the serving role", (home / "postgres.serving-password").read_text().strip())
        master = [line for line in (home / "keys" / "master.keys").read_text().splitlines() if line and not line.startswith("#")][0]
        self.plant("master key", master.split(":", 1)[1].rstrip("="))
        for name in ("control", "edge", "admin", "ca"):
            lines = (home / "pki" / f"{name}.key").read_text().splitlines()
            self.plant(f"key PEM of {name}", lines[2] if len(lines) > 3 else lines[1])

    # Searching

    def search(self, patterns, text):
        """Names of the planted secrets that stand in the bytes."""
        result = subprocess.run(["grep", "-aoFf", str(patterns)], input=text, capture_output=True)
        return sorted({self.by_form[line.decode()] for line in result.stdout.splitlines() if line.decode() in self.by_form})

    def test_no_secret_is_found_anywhere(self):
        self.plant_what_the_instance_has()
        self.plant_tokens()
        self.plant_signatures()
        self.plant_verify_tokens()
        self.plant_variables()
        self.plant_keys()
        self.assertGreaterEqual(len(self.planted), 64)
        headgate = self.headgate
        marker = "marker-that-is-no-secret"
        token = self.planted["bearer three"]
        self.hook("bearer-three", headers=[("authorization", f"Bearer {token}")], body=json.dumps({"a": marker}), status=200)

        # What the system shows of itself.
        for arguments in (
            ["logs", "query", "--all", "-o", "json"], ["run", "list", "--all", "-o", "json"], ["trigger", "list", "-o", "json"],
            ["flow", "list", "-o", "json"], ["flow", "show", "bearer-one"], ["flow", "show", "meta-0", "-o", "json"], ["status", "-o", "json"],
            ["trigger", "show", "bearer-one/hook", "-o", "json"], ["audit", "query", "--all", "-o", "json"], ["preset", "list", "-o", "json"],
        ):
            self.cli(*arguments)
        wait_for(lambda: len(headgate.json("logs", "query", "--outcome", "rejected")["entries"]) >= 8, what="rejections in the log")
        for entry in headgate.json("logs", "query", "--limit", "200")["entries"]:
            self.cli("logs", "show", entry["id"], "-o", "json")
        # Commands that fail name what they were given, not what it is for.
        broken = flow("broken", {"mode": "bearer", "secret": self.planted["bearer one"], "nonsense": 1})
        self.cli("flow", "apply", "--yes", "-f", "-", stdin=json.dumps(broken), ok=False)
        admin_port = (headgate.home / "run" / "control.admin-port").read_text().strip()
        for address in (f"http://127.0.0.1:{admin_port}/metrics", f"{headgate.edge}/metrics"):
            try:
                with urllib.request.urlopen(address, timeout=10) as answer:
                    self.shown.append((address, answer.read().decode()))
            except urllib.error.HTTPError:
                pass
        headgate.sql("checkpoint")

        self.by_form = {form: name for name, secret in self.planted.items() for form in forms(secret)}
        found = []
        with tempfile.TemporaryDirectory() as private:
            patterns = pathlib.Path(private) / "patterns"
            patterns.write_text("\n".join(self.by_form) + "\n")
            # The search finds each of them, in every form.
            for offset in range(3):
                text = "\n".join(base64.b64encode(bytes(offset) + secret.encode() + b"ab").decode() for secret in self.planted.values())
                self.assertEqual(self.search(patterns, text.encode()), sorted(self.planted))
            text = "\n".join(secret.encode().hex() for secret in self.planted.values())
            self.assertEqual(self.search(patterns, text.encode()), sorted(self.planted))
            for place, text in self.shown:
                found += [(place, name) for name in self.search(patterns, text.encode())]
            # The tables in the clear, whatever PostgreSQL compressed; bytea comes in hex.
            socket_directory = (headgate.home / "run" / "postgres.socket").read_text().strip()
            dump = subprocess.run(
                ["pg_dump", "-h", socket_directory, "-p", str(headgate.postgres_port), "-U", "headgate", "-d", "postgres"],
                env={**headgate.environment, "PGPASSFILE": str(headgate.home / "pgpass")}, capture_output=True, check=True).stdout
            found += [("a dump of the database", name) for name in self.search(patterns, dump)]
            for pid in self.processes():
                for file in ("cmdline", "environ"):
                    try:
                        text = pathlib.Path(f"/proc/{pid}/{file}").read_bytes()
                    except OSError:
                        continue
                    found += [(f"/proc/{pid}/{file}", name) for name in self.search(patterns, text)]
            # Files: all of them but those that hold the instance's own secrets, which only their owner may read.
            allowed = {"postgres.password", "postgres.serving-password", "pgpass", "pgpass.serving", "keys/master.keys"}
            allowed |= {f"pki/{file.name}" for file in (headgate.home / "pki").glob("*.key")}
            for name in allowed:
                self.assertEqual((headgate.home / name).stat().st_mode & 0o077, 0, f"{name} is open to others")
            for root in (headgate.home, (headgate.home / "postgres").resolve()):
                listed = subprocess.run(["grep", "-rlaFf", str(patterns), f"{root}/"], capture_output=True, text=True).stdout.splitlines()
                for file in listed:
                    if os.path.relpath(file, headgate.home) not in allowed:
                        found += [(file, name) for name in self.search(patterns, pathlib.Path(file).read_bytes())] or [(file, "?")]

            # The search finds what is there: a header's name in the dump, in hex, and the body in PostgreSQL's files.
            patterns.write_text(marker + "\n" + marker.encode().hex() + "\n")
            self.assertTrue(subprocess.run(["grep", "-acFf", str(patterns)], input=dump, capture_output=True).stdout.strip() != b"0")
            # (A body that PostgreSQL compressed would not be found; this one is short.)
            listed = subprocess.run(["grep", "-rlaFf", str(patterns), f"{(headgate.home / 'postgres').resolve()}/"], capture_output=True, text=True)
            self.assertNotEqual(listed.stdout, "")
        self.assertEqual(found, [], "secrets that are readable, by place and name")

    def processes(self):
        """Everything that runs for the instance: its programs, PostgreSQL and that one's children."""
        postmaster = self.headgate.postmaster()
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
        return [self.headgate.pid("control"), self.headgate.pid("edge"), postmaster, *map(int, children)]

    def test_no_core_file_would_be_written(self):
        for name in ("control", "edge"):
            limits = pathlib.Path(f"/proc/{self.headgate.pid(name)}/limits").read_text()
            line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
            self.assertEqual(line.split()[4], "0", f"{name}: {line}")


if __name__ == "__main__":
    unittest.main()
