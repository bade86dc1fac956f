"""A webhook from the caller to the worker, through the three programs, as the README says it."""

import gzip
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest
import urllib.parse
import zlib

from http_raw import send
from instance import BIN, ROOT, Instance, free_ports, wait_for

JSON = {"content-type": "application/json"}


def flow(name, **trigger):
    """A flow whose one trigger has one case and leads somewhere either way."""
    node = {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"}, **trigger}
    return {
        "flow": name,
        "nodes": [node, {"id": "a", "type": "task"}, {"id": "other", "type": "task"}],
        "connections": ([{"from": "hook.a", "to": "a"}] if "events" in node else []) + [{"from": "hook.else", "to": "other"}],
    }


class WithInstance(unittest.TestCase):
    """Tests that share one running Headgate."""

    @classmethod
    def setUpClass(cls):
        cls.headgate = Instance()
        cls.addClassCleanup(cls.headgate.remove)
        cls.headgate.start()

    def path(self, trigger="t/hook"):
        return urllib.parse.urlsplit(self.headgate.url(trigger)).path

    def send(self, path, body="{}", headers=JSON, **more):
        return send(self.headgate.edge_port, path, body, headers, **more)


class FirstUse(unittest.TestCase):
    """What the README promises of the first command."""

    def test_the_first_command_its_curl_and_what_it_says_next(self):
        with Instance() as headgate:
            said = headgate._run_tool("--detach", "--no-build").stderr + headgate._run_tool("--detach", "--no-build").stdout
            curl = re.search(r"^\s*(curl .*?\n.*?)$", said, re.MULTILINE)
            self.assertIsNotNone(curl, said)
            answer = subprocess.run(["bash", "-c", curl.group(1)], capture_output=True, text=True, timeout=20)
            accepted = json.loads(answer.stdout)
            self.assertEqual(accepted["status"], "accepted")

            shown = headgate.cli("logs", "show", accepted["id"]).stdout
            for expected in ("approved", "welcome", "order_approved", "accepted"):
                self.assertIn(expected, shown)

            work = headgate.cli("run", "work", "--exec", "jq -c .", "--once", timeout=30)
            run = json.loads(next(line for line in work.stdout.splitlines() if line.startswith("{")))
            self.assertEqual(run["entry_node"], "welcome")
            self.assertEqual(run["variables"], {"email": "ana@example.com", "amount": 12.50})
            self.assertEqual(run["request_id"], accepted["id"])
            states = [entry["state"] for entry in headgate.json("run", "list")["runs"]]
            self.assertEqual(states, ["completed"])

            # A second start has the data.
            headgate.stop()
            self.assertNotEqual(subprocess.run([str(ROOT / "tools/run"), "--status"], env=headgate.environment, capture_output=True).returncode, 0)
            headgate.start()
            self.assertEqual(headgate.json("logs", "show", accepted["id"])["id"], accepted["id"])
            again = subprocess.run(["bash", "-c", curl.group(1)], capture_output=True, text=True, timeout=20)
            self.assertEqual(json.loads(again.stdout)["status"], "accepted")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_it_runs_as_an_ordinary_user(self):
        headgate = Instance()
        self.addCleanup(shutil.rmtree, headgate.home, ignore_errors=True)
        shutil.chown(headgate.home, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
        if subprocess.run([*as_user, "test", "-x", str(BIN / "headgate-edge")]).returncode != 0:
            self.skipTest("another user cannot reach this checkout")
        tool = [*as_user, str(ROOT / "tools/run")]
        self.addCleanup(subprocess.run, [*tool, "--stop"], env=headgate.environment, capture_output=True)
        result = subprocess.run([*tool, "--detach", "--no-build"], env=headgate.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        curl = re.search(r"^\s*(curl .*?\n.*?)$", result.stdout + result.stderr, re.MULTILINE)
        answer = subprocess.run(["bash", "-c", curl.group(1)], capture_output=True, text=True, timeout=20)
        self.assertEqual(json.loads(answer.stdout)["status"], "accepted")

    def test_a_port_in_use_is_named(self):
        headgate = Instance()
        self.addCleanup(headgate.remove)
        import socket
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", headgate.edge_port))
            taken.listen()
            result = subprocess.run([str(ROOT / "tools/run"), "--detach", "--no-build"], env=headgate.environment, capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("HEADGATE_EDGE_PORT", result.stderr)


class Authentication(WithInstance):
    """Each mode accepts the right credential and refuses every other alike."""

    def check(self, auth, right, wrongs):
        self.headgate.apply(flow("t", auth=auth))
        path = self.path()
        path_of = lambda request: path + request.get("query", "")
        accepted = self.send(path_of(right), right.get("body", "{}"), right["headers"])
        self.assertEqual(accepted.status, 200, accepted.body)
        answers = set()
        for wrong in wrongs:
            answer = self.send(path_of(wrong), wrong.get("body", "{}"), wrong["headers"])
            self.assertEqual(answer.status, 401, wrong)
            answers.add(repr(answer.without_date()))
        self.assertEqual(len(answers), 1, "a missing, wrong, empty and doubled credential look alike")

    def test_bearer(self):
        token = "a-token-of-sufficient-length"
        bearer = lambda *values: {"headers": [("content-type", "application/json"), *(("authorization", v) for v in values)]}
        self.check({"mode": "bearer", "secret": token}, bearer(f"Bearer {token}"), [
            bearer(), bearer("Bearer "), bearer("Bearer"), bearer(f"Bearer {token}x"), bearer(f"Bearer {token[:-1]}"), bearer(token),
            bearer(f"Basic {token}"), bearer(f"Bearer {token}", f"Bearer {token}"), bearer("Bearer wrong", f"Bearer {token}"),
        ])

    def test_header(self):
        token = "a-token-of-sufficient-length"
        header = lambda *values: {"headers": [("content-type", "application/json"), *(("x-token", v) for v in values)]}
        self.check({"mode": "header", "name": "X-Token", "secret": token}, header(token), [
            header(), header(""), header(token + "x"), header(token.upper()), header(token, token),
        ])

    def test_query(self):
        token = "a-token-of-sufficient-length"
        query = lambda text: {"headers": JSON, "query": text}
        self.check({"mode": "query", "secret": token}, query(f"?a=1&token={token}"), [
            query(""), query("?token="), query("?token"), query(f"?token={token}x"), query(f"?Token={token}"), query(f"?token={token}&token={token}"),
        ])
        stored = self.headgate.json("logs", "query", "--trigger", "t/hook", "--outcome", "accepted")["entries"]
        self.assertNotIn(token, json.dumps(stored))

    def test_github(self):
        secret, body = b"a-secret-of-sufficient-length", b'{"action":"opened"}'
        signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        signed = lambda *values, body=body: {"headers": [("content-type", "application/json"), *(("x-hub-signature-256", v) for v in values)], "body": body}
        self.check({"mode": "hmac", "preset": "github", "secret": secret.decode()}, signed(signature), [
            signed(), signed(""), signed("sha256="), signed(signature[:-1]), signed(signature[7:]), signed(signature, body=body + b" "),
            signed("sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest()), signed(signature, signature),
        ])

    def test_stripe_and_a_stale_timestamp(self):
        secret, body = b"whsec_of-sufficient-length", b'{"id":"evt_1","type":"charge.succeeded"}'

        def signed(at, key=secret):
            signature = hmac.new(key, b"%d." % at + body, hashlib.sha256).hexdigest()
            return {"headers": {"content-type": "application/json", "stripe-signature": f"t={at},v1={signature}"}, "body": body}

        now = int(time.time())
        self.check({"mode": "hmac", "preset": "stripe", "secret": secret.decode()}, signed(now), [signed(now - 400), signed(now + 400), signed(now, b"other")])
        causes = {entry["cause"] for entry in self.headgate.json("logs", "query", "--trigger", "t/hook", "--outcome", "rejected")["entries"]}
        self.assertLessEqual({"timestamp_stale", "signature_wrong"}, causes)

    def test_kiwify_signs_in_the_query(self):
        secret, body = b"kiwify-secret-of-length", b'{"webhook_event_type":"order_approved"}'
        signature = hmac.new(secret, body, hashlib.sha1).hexdigest()
        query = lambda text, body=body: {"headers": JSON, "query": text, "body": body}
        self.check({"mode": "hmac", "preset": "kiwify", "secret": secret.decode()}, query(f"?signature={signature}"), [
            query(""), query("?signature="), query(f"?signature={signature}", body + b" "), query(f"?signature={signature}&signature={signature}"),
        ])


class Gate(WithInstance):
    """Who may call, and what a stranger learns."""

    def test_unknown_and_disabled_triggers_look_alike(self):
        self.headgate.apply(flow("t"))
        path = self.path()
        self.assertEqual(self.send(path).status, 200)
        self.headgate.cli("trigger", "disable", "t/hook")
        disabled = self.send(path).without_date()
        unknown = self.send("/w/wh_" + "a" * 26).without_date()
        malformed = self.send("/w/x").without_date()
        self.assertEqual(disabled[0], 404)
        self.assertEqual(disabled, unknown)
        self.assertEqual(disabled, malformed)
        self.headgate.cli("trigger", "enable", "t/hook")
        self.assertEqual(self.send(path).status, 200)

    def test_an_unpublished_draft_is_not_there(self):
        self.headgate.cli("flow", "apply", "--yes", "--draft", "-f", "-", stdin=json.dumps(flow("draft")))
        self.assertEqual(self.send(self.path("draft/hook")).status, 404)
        self.headgate.cli("flow", "publish", "draft")
        self.assertEqual(self.send(self.path("draft/hook")).status, 200)

    def test_address_list_and_forged_header(self):
        self.headgate.apply(flow("ips", allow={"ips": ["203.0.113.0/24", "2001:db8::/32"]}))
        path = self.path("ips/hook")
        self.assertEqual(self.send(path).status, 403)
        forged = {**JSON, "x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7"}
        self.assertEqual(self.send(path, headers=forged).status, 403, "no proxy is trusted")
        self.headgate.apply(flow("ips", allow={"ips": ["127.0.0.0/8"]}))
        self.assertEqual(self.send(path).status, 200)

    def test_addresses_behind_a_trusted_proxy(self):
        self.headgate.apply(flow("proxied", allow={"ips": ["203.0.113.0/24", "2001:db8::/32"]}))
        path = self.path("proxied/hook")
        (port,) = free_ports(1)
        pki = self.headgate.home / "pki"
        process = subprocess.Popen(
            [str(BIN / "headgate-edge"), "--listen", f"127.0.0.1:{port}", "--control-plane", f"127.0.0.1:{self.headgate.control_port}",
             "--ca", str(pki / "ca.pem"), "--certificate", str(pki / "edge.pem"), "--key", str(pki / "edge.key"),
             "--trusted-proxies", "127.0.0.1/32,10.0.0.0/8"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        wait_for(lambda: ready(port), what="the edge node behind a proxy")
        status = lambda forwarded: send(port, path, "{}", [*JSON.items(), *(("x-forwarded-for", value) for value in forwarded)]).status
        self.assertEqual(status(["203.0.113.7"]), 200)
        self.assertEqual(status(["2001:db8::1"]), 200)
        self.assertEqual(status(["::ffff:203.0.113.7"]), 200)
        self.assertEqual(status(["203.0.113.7, 10.1.2.3"]), 200, "two trusted hops")
        self.assertEqual(status(["203.0.113.7, 198.51.100.9"]), 403, "the last untrusted hop is the client")
        self.assertEqual(status(["203.0.113.7", "198.51.100.9"]), 403, "a second header line continues the first")
        self.assertEqual(status(["198.51.100.9"]), 403)
        self.assertEqual(status([]), 403)
        self.assertEqual(status(["203.0.113.7, garbage"]), 403)

    def test_origins_are_a_gate(self):
        self.headgate.apply(flow("origins", allow={"origins": ["https://shop.example.com", "https://*.example.org"]}))
        path = self.path("origins/hook")
        status = lambda origin: self.send(path, headers={**JSON, **({"origin": origin} if origin else {})}).status
        self.assertEqual(status("https://shop.example.com"), 200)
        self.assertEqual(status("https://a.example.org"), 200)
        for origin in (None, "https://example.org", "http://shop.example.com", "https://shop.example.com.evil.test", "null"):
            self.assertEqual(status(origin), 403, origin)

    def test_methods(self):
        self.headgate.apply(flow("t"))
        path = self.path()
        refused = self.send(path, method="PUT")
        self.assertEqual((refused.status, refused.header("allow")), (405, "POST"))
        self.assertEqual(self.send(path, body="", method="GET").status, 405)
        head = self.send(path, body="", method="HEAD", seconds=3)
        self.assertEqual(head.status, 405)


class Rules(WithInstance):
    """Bodies, mapping and routing as the log tells them."""

    def test_routing_is_explained_and_numbers_keep_their_digits(self):
        self.headgate.apply(flow(
            "t", events={"path": "body.event", "cases": [{"id": "a", "value": "alpha", "label": "A"}]},
            map=[{"variable": "big", "from": "body.big"}, {"variable": "huge", "from": "body.huge", "type": "number"},
                 {"variable": "text", "from": "body.big", "type": "string"}, {"variable": "none", "from": "body.none", "default": "-"}]))
        answer = self.send(self.path(), '{"event":"alpha","big":9007199254740993,"huge":1e400}')
        identifier = json.loads(answer.body)["id"]
        shown = self.headgate.cli("logs", "show", identifier, "-o", "json").stdout
        entry = json.loads(shown)
        self.assertEqual((entry["outcome"], entry["output"], entry["explanation"]["entry_node"]), ("accepted", "a", "a"))
        self.assertIn("9007199254740993", shown)
        self.assertIn("1e400", shown)
        (variables,) = [row[0] for row in self.headgate.sql(f"select variables from runs where request_id = '{identifier}'")]
        self.assertEqual(variables.replace(" ", ""), '{"big":9007199254740993,"huge":1e400,"text":"9007199254740993","none":"-"}')

        other = json.loads(self.send(self.path(), '{"event":"beta"}').body)["id"]
        entry = self.headgate.json("logs", "show", other)
        self.assertEqual((entry["output"], entry["explanation"]["cases"][0]["matched"]), ("else", False))

    def test_form_bodies(self):
        self.headgate.apply(flow("t", map=[{"variable": "name", "from": "body.name", "required": True}]))
        answer = self.send(self.path(), "name=Jo%C3%A3o+Silva&x=1", {"content-type": "application/x-www-form-urlencoded"})
        self.assertEqual(answer.status, 200)
        run = self.headgate.json("logs", "show", json.loads(answer.body)["id"])["runs"][0]
        self.assertEqual(run["variables"], {"name": "João Silva"})

    def test_what_cannot_be_read_or_lacks_a_value_is_refused_and_logged(self):
        self.headgate.apply(flow("t", map=[{"variable": "email", "from": "body.email", "required": True}]))
        for body, status, cause in [("{", 400, "body_unparseable"), ('{"a":1}', 422, "required_missing"), ("[" * 100_000, 400, "body_unparseable")]:
            self.assertEqual(self.send(self.path(), body).status, status)
            entry = wait_for(lambda: self.headgate.json("logs", "query", "--trigger", "t/hook", "--cause", cause)["entries"], what="a log entry")[0]
            self.assertEqual((entry["outcome"], entry["status"]), ("rejected", status))

    def test_five_faults_are_five_lines_and_nothing_changes(self):
        self.headgate.apply(flow("five"))
        before = self.headgate.json("flow", "show", "five")
        broken = {
            "flow": "five",
            "nodes": [{
                "id": "hook", "type": "webhook_trigger", "auth": {"mode": "hmac", "preset": "gitbub"}, "allow": {"ips": ["300.1.2.3"]},
                "map": [{"variable": "email", "from": "body..email"}, {"variable": "amount", "from": "body.amount", "type": "numbr"}],
            }],
            "connections": [{"from": "hook.else", "to": "nowhere"}],
        }
        result = self.headgate.cli("flow", "apply", "--yes", "-f", "-", stdin=json.dumps(broken), check=False)
        self.assertEqual(result.returncode, 2, result.stderr)
        for path in ("nodes[0].auth.preset", "nodes[0].allow.ips[0]", "nodes[0].map[0].from", "nodes[0].map[1].type", "connections[0].to"):
            self.assertEqual(sum(path in line for line in result.stderr.splitlines()), 1, f"{path} in\n{result.stderr}")
        self.assertEqual(self.headgate.json("flow", "show", "five"), before)

    def test_applying_the_same_file_again_changes_nothing(self):
        definition = flow("same", auth={"mode": "bearer", "secret": "a-secret-of-sufficient-length"})
        self.headgate.apply(definition)
        before = self.headgate.json("flow", "show", "same")
        self.assertIn("no changes", self.headgate.apply(definition).stdout.lower())
        self.assertEqual(self.headgate.json("flow", "show", "same"), before)


class Bodies(WithInstance):
    """Every body format, and what is refused of it, over HTTP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.headgate.apply(flow("t", map=[{"variable": "v", "from": "body.v"}, {"variable": "whole", "from": "body"}]))

    def variables(self, body, content_type, encoding=None):
        """What was mapped of an accepted request; its bytes are stored as they were sent."""
        headers = {"content-type": content_type, **({"content-encoding": encoding} if encoding else {})}
        answer = self.send(self.path(), body, headers)
        self.assertEqual(answer.status, 200, answer.body)
        identifier = json.loads(answer.body)["id"]
        stored = self.headgate.sql(f"select encode(sha256(body), 'hex') from requests where id = '{identifier}'")
        self.assertEqual(stored, [[hashlib.sha256(body).hexdigest()]])
        return self.headgate.sql(f"select variables from runs where request_id = '{identifier}'")[0][0]

    def refused(self, body, headers, status, cause):
        answer = self.send(self.path(), body, headers)
        self.assertEqual(answer.status, status, answer.body)
        entry = wait_for(lambda: self.headgate.json("logs", "query", "--trigger", "t/hook", "--cause", cause)["entries"], what="a log entry")[0]
        self.assertEqual((entry["outcome"], entry["status"]), ("rejected", status))
        return answer

    def test_compressed_json(self):
        body = b'{"v":9007199254740993}'
        raw = zlib.compressobj(wbits=-15)
        for sent, encoding in [
            (gzip.compress(body), "gzip"), (gzip.compress(body[:5]) + gzip.compress(body[5:]), "x-gzip"), (zlib.compress(body), "deflate"),
            (raw.compress(body) + raw.flush(), "deflate"), (gzip.compress(zlib.compress(body)), "deflate, gzip"), (body, "identity"),
        ]:
            self.assertIn('"v":9007199254740993', self.variables(sent, "application/json", encoding).replace(" ", ""), encoding)

    def test_multipart_with_a_file(self):
        body = (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n2\r\n'
                b'--b\r\nContent-Disposition: form-data; name="v"; filename="a.bin"\r\nContent-Type: a/b\r\n\r\n\x00\xff\r\n--b--\r\n')
        variables = json.loads(self.variables(body, "multipart/form-data; boundary=b"))
        self.assertEqual(variables["v"], {"name": "a.bin", "type": "a/b", "size": 2, "base64": "AP8="})
        self.assertEqual(variables["whole"]["x"], ["1", "2"])
        self.refused(body[:-6], {"content-type": "multipart/form-data; boundary=b"}, 400, "body_unparseable")

    def test_xml(self):
        variables = json.loads(self.variables("<v a='1'><b>Jo\xe3o</b><b/></v>".encode("latin-1"), "text/xml; charset=iso-8859-1"))
        self.assertEqual(variables["v"], {"@a": "1", "b": ["Jo\xe3o", ""]})
        for body in (b"<v>", b'<!DOCTYPE v [<!ENTITY e SYSTEM "file:///etc/passwd">]><v>&e;</v>', b"<v>" * 1000):
            self.refused(body, {"content-type": "application/xml"}, 400, "body_unparseable")

    def test_text_and_what_is_none(self):
        self.assertEqual(json.loads(self.variables(b"caf\xe9", "text/plain; charset=windows-1252")), {"whole": "caf\xe9"})
        self.assertEqual(json.loads(self.variables(b"\x00\xff", "application/x-whatever")), {"whole": "AP8="})

    def test_what_is_not_of_its_encoding(self):
        sent = gzip.compress(b'{"v":1}')
        for body in (sent[:-1], sent + b"x", b'{"v":1}'):
            self.refused(body, {**JSON, "content-encoding": "gzip"}, 400, "body_unparseable")
        answer = self.refused(b'{"v":1}', {**JSON, "content-encoding": "br"}, 415, "encoding_unsupported")
        self.assertEqual(answer.header("accept-encoding"), "gzip, deflate")

    def test_a_bomb(self):
        """Almost 1 GB from almost 1 MB, then a bomb in a bomb."""
        peak = lambda: int(re.search(r"VmHWM:\s+(\d+) kB", (pathlib.Path("/proc") / str(self.headgate.pid("control")) / "status").read_text())[1])
        compressor = zlib.compressobj(9, wbits=31)
        bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(900)) + compressor.flush()
        self.assertLess(len(bomb), 1 << 20)
        self.variables(b"x" * len(bomb), "text/plain")
        before, started = peak(), time.monotonic()
        self.refused(bomb, {**JSON, "content-encoding": "gzip"}, 413, "body_too_large")
        self.refused(gzip.compress(bomb), {**JSON, "content-encoding": "gzip, gzip"}, 413, "body_too_large")
        self.assertLess(time.monotonic() - started, 5)
        self.assertLess(peak() - before, 32 << 10)


class Secrets(WithInstance):
    """No token is readable where it should not be."""

    def test_canaries(self):
        canary = "canary-7c1f4e0b9a"
        self.headgate.apply(flow("t", auth={"mode": "query", "secret": canary + "-query"}))
        self.headgate.apply(flow("u", auth={"mode": "bearer", "secret": canary + "-bearer"}))
        self.headgate.apply(flow("v", auth={"mode": "header", "name": "x-key", "secret": canary + "-header"}))
        self.assertEqual(self.send(self.path("t/hook") + f"?token={canary}-query", headers={**JSON, "cookie": f"session={canary}-cookie"}).status, 200)
        self.assertEqual(self.send(self.path("u/hook"), headers={**JSON, "authorization": f"Bearer {canary}-bearer"}).status, 200)
        self.assertEqual(self.send(self.path("v/hook"), headers={**JSON, "x-key": f"{canary}-header"}).status, 200)
        self.assertEqual(self.send(self.path("u/hook"), headers={**JSON, "authorization": f"Bearer {canary}-wrong"}).status, 401)
        self.headgate.cli("trigger", "rotate", "u/hook", "--secret-file", "-", "--reason", "test", stdin=canary + "-rotated-to")
        self.assertEqual(self.send(self.path("u/hook"), headers={**JSON, "authorization": f"Bearer {canary}-rotated-to"}).status, 200)
        self.assertEqual(self.headgate.secret("u/hook"), canary + "-rotated-to")
        self.headgate.sql("checkpoint")
        places = [str(self.headgate.home / "postgres") + "/", str(self.headgate.home / "logs"), str(self.headgate.home / "run")]
        found = subprocess.run(["grep", "-rlaF", canary, *places], capture_output=True, text=True)
        self.assertEqual(found.stdout, "", "a secret is readable")
        # The search can fail: what is not secret is found by it.
        self.assertNotEqual(subprocess.run(["grep", "-rlaF", "x-key", *places], capture_output=True, text=True).stdout, "")
        for name in ("control", "edge"):
            process = f"/proc/{self.headgate.pid(name)}"
            for file in ("cmdline", "environ"):
                with open(f"{process}/{file}", "rb") as f:
                    self.assertNotIn(canary.encode(), f.read())

    def test_a_ciphertext_in_another_row_opens_nothing(self):
        for name in ("one", "two"):
            self.headgate.apply(flow(name, auth={"mode": "bearer", "secret": f"secret-number-{name}-of-length"}))
        bearer = lambda name, of: self.send(self.path(f"{name}/hook"), headers={**JSON, "authorization": f"Bearer secret-number-{of}-of-length"}).status
        self.assertEqual((bearer("one", "one"), bearer("two", "two")), (200, 200))
        trigger = lambda name: self.headgate.json("trigger", "show", f"{name}/hook")["id"]
        one, two = trigger("one"), trigger("two")
        self.headgate.sql(f"update trigger_secrets set ciphertext = (select ciphertext from trigger_secrets where trigger_id = '{one}') where trigger_id = '{two}'")
        self.headgate.stop()
        self.headgate.start()
        self.assertEqual(bearer("one", "one"), 200)
        self.assertNotEqual(bearer("two", "one"), 200)
        self.assertNotEqual(bearer("two", "two"), 200)
        self.assertNotEqual(self.headgate.cli("trigger", "reveal", "two/hook", "--reason", "test", check=False).returncode, 0)

    def test_reveal_needs_the_admin_role_and_is_audited(self):
        self.headgate.apply(flow("t", auth={"mode": "bearer"}))
        pki = self.headgate.home / "pki"
        as_reader = ["--certificate", str(pki / "reader.pem"), "--key", str(pki / "reader.key")]
        self.assertEqual(self.headgate.cli("trigger", "show", "t/hook", *as_reader).returncode, 0)
        refused = self.headgate.cli("trigger", "reveal", "t/hook", "--reason", "curious", *as_reader, check=False)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        count = lambda: int(self.headgate.sql("select count(*) from audit_log where action ilike '%reveal%'")[0][0])
        before = count()
        self.headgate.secret("t/hook")
        self.assertEqual(count(), before + 1)


def ready(port):
    try:
        return send(port, "/readyz", method="GET", seconds=1).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
