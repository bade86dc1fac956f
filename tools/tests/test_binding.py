"""Customers and chats through the whole system: two control planes, parallel requests, a binding that the database refuses."""

import contextlib
import http.client
import itertools
import json
import pathlib
import queue
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from instance import Instance, free_ports, wait_for

TOKEN = "s3cr3t-s3cr3t-s3cr3t-s3cr3t"
KEYS = {"email": "ana@x.com", "phone": "+5511988887777", "document": "52998224725", "whatsapp": "+5511977776666", "telegram": "ana"}
CHAT = "+5511966665555"
CALLERS = 32


def flow(name):
    customer = [{"field": field, "from": f"body.{field}", "key": True} for field in KEYS]
    node = {
        "id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer", "secret": TOKEN},
        "customer": [*customer, {"field": "name", "from": "body.name"}], "chat": {"channel": "whatsapp", "from": "body.chat"},
    }
    return {"flow": name, "nodes": [node, {"id": "task", "type": "task"}], "connections": [{"from": "hook.else", "to": "task"}]}


def is_ready(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


@contextlib.contextmanager
def second_pair(headgate):
    """One more control plane on the same database, and an edge node that knows only that one; gives the edge node's port."""
    control, admin, edge = free_ports(3)
    first_admin = (headgate.home / "run" / "control.admin-port").read_text().strip()
    ports = {str(headgate.control_port): control, first_admin: admin, str(headgate.edge_port): edge}
    started = []
    with open(headgate.home / "logs" / "second.log", "ab") as log:
        try:
            for name, port in (("control", admin), ("edge", edge)):
                process = pathlib.Path(f"/proc/{headgate.pid(name)}")
                command = [argument.decode() for argument in (process / "cmdline").read_bytes().split(b"\0")[:-1]]
                for old, new in ports.items():
                    command = [argument.replace(f":{old}", f":{new}") for argument in command]
                entries = (entry.split(b"=", 1) for entry in (process / "environ").read_bytes().split(b"\0") if b"=" in entry)
                started.append(subprocess.Popen(command, env=dict(entries), stdout=log, stderr=log))
                wait_for(lambda: is_ready(port), what=f"the second {name} to be ready")
            yield edge
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


class Binding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.headgate = cls.enterClassContext(Instance())

    def send_all(self, flow_name, bodies, ports):
        """Sends bodies by many callers at once, to the ports in turn; gives the answers in order."""
        path = "/" + self.headgate.url(f"{flow_name}/hook").split("/", 3)[3]
        headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
        idle = {port: queue.SimpleQueue() for port in ports}

        def send(number):
            port = ports[number % len(ports)]
            try:
                connection = idle[port].get_nowait()
            except queue.Empty:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", path, json.dumps(bodies[number]), headers)
            response = connection.getresponse()
            answer = (response.status, json.loads(response.read()))
            idle[port].put(connection)
            return answer

        with ThreadPoolExecutor(CALLERS) as callers:
            return list(callers.map(send, range(len(bodies))))

    def test_parallel_requests_of_one_new_customer_through_two_control_planes(self):
        """Each names three or more of five keys, so that any two have one in common: one customer and one chat, no error."""
        self.headgate.apply(flow("parallel"))
        subsets = [keys for count in (3, 4, 5) for keys in itertools.combinations(KEYS, count)]
        bodies = [
            {**{key: KEYS[key] for key in subsets[number % len(subsets)]}, "name": f"Ana {number % 7}", "chat": CHAT}
            for number in range(1000)
        ]
        with second_pair(self.headgate) as port:
            answers = self.send_all("parallel", bodies, [self.headgate.edge_port, port])
        self.assertEqual({status for status, _ in answers}, {200})
        trigger = "trigger_id = (SELECT trigger_id FROM requests WHERE id = '%s')" % answers[0][1]["id"]
        counts = "count(*), count(DISTINCT customer_id), count(DISTINCT chat_id), count(*) FILTER (WHERE customer_id IS NULL)"
        for table in ("requests", "runs"):
            self.assertEqual(self.headgate.sql(f"SELECT {counts} FROM {table} WHERE {trigger}"), [["1000", "1", "1", "0"]], table)
        customers = self.headgate.json("customer", "list", "--contact", KEYS["email"])["customers"]
        self.assertEqual(len(customers), 1)
        customer = self.headgate.json("customer", "show", customers[0]["id"])
        found = sorted((contact["kind"], contact["value"]) for contact in customer["contacts"])
        self.assertEqual(found, sorted([*KEYS.items(), ("whatsapp", CHAT)]))
        self.assertEqual([chat["contact"] for chat in customer["chats"]], [CHAT])

    def test_a_binding_that_the_database_refuses_fails_alone(self):
        self.headgate.apply(flow("refused"))
        self.headgate.sql("ALTER TABLE customers ADD CONSTRAINT short_name CHECK (length(name) < 100)")
        self.addCleanup(self.headgate.sql, "ALTER TABLE customers DROP CONSTRAINT short_name")
        bodies = [{"email": f"c{number}@x.com", "name": "x" * (300 if number == 11 else 3)} for number in range(24)]
        answers = self.send_all("refused", bodies, [self.headgate.edge_port])
        self.assertEqual({status for status, _ in answers}, {200})
        for number, (_, answer) in enumerate(answers):
            shown = self.headgate.cli("logs", "show", answer["id"]).stdout
            if number == 11:
                self.assertIn("SQLSTATE 23514", shown)
                self.assertIn("The run starts without customer and chat.", shown)
            else:
                self.assertIn("was created", shown)
        found = self.headgate.json("customer", "list", "--name", "xxx")["customers"]
        self.assertEqual(len(found), 23)


if __name__ == "__main__":
    unittest.main()
