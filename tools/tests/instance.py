"""A whole Headgate of its own for a test: started by tools/run in a temporary home, on free ports of 127.0.0.1."""

import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / ".build" / "release"


def free_ports(count):
    """That many ports that nobody listens on now, each with a free one after it.

    From below the range that the system takes for outgoing connections, which could take one before it is used.
    """
    found = []
    while len(found) < count:
        port = random.randrange(15_000, 32_000, 2)
        if port not in found and all(is_free(candidate) for candidate in (port, port + 1)):
            found.append(port)
    return found


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class CommandFailed(Exception):
    """A command ended with another exit code than 0."""

    def __init__(self, command, result):
        super().__init__(f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
        self.code, self.stdout, self.stderr = result.returncode, result.stdout, result.stderr


class Instance:
    """PostgreSQL, a control plane and an edge node, with the CLI to steer them."""

    def __init__(self, keep=False, directory=BIN, wal_mb=0):
        self.directory = directory
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="headgate-test-"))
        os.chmod(self.home, 0o755)
        self.keep = keep
        self.edge_port, self.control_port, self.postgres_port = free_ports(3)
        # Directory of the socket and port of another server that has taken PostgreSQL's place.
        self.database = None
        self.environment = {
            **os.environ,
            "HEADGATE_BIN": str(directory),
            "HEADGATE_HOME": str(self.home),
            "HEADGATE_EDGE_PORT": str(self.edge_port),
            "HEADGATE_CONTROL_PORT": str(self.control_port),
            "HEADGATE_POSTGRES_PORT": str(self.postgres_port),
            "HEADGATE_WAL_MB": str(wal_mb),
        }

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def start(self):
        """Starts what does not run."""
        self._run_tool("--detach", "--no-build")

    def stop(self):
        """Stops everything; the data stays."""
        self._run_tool("--stop")

    def remove(self):
        """Stops everything and removes the data."""
        try:
            self.stop()
        finally:
            cluster = self.home / "postgres"
            if not self.keep:
                if cluster.is_symlink():
                    shutil.rmtree(cluster.resolve(), ignore_errors=True)
                shutil.rmtree(self.home, ignore_errors=True)

    def _run_tool(self, *arguments):
        result = subprocess.run(
            [str(ROOT / "tools" / "run"), *arguments], env=self.environment, capture_output=True, text=True, timeout=180
        )
        if result.returncode != 0:
            raise CommandFailed("tools/run " + " ".join(arguments), result)
        return result

    # The programs

    def cli(self, *arguments, stdin=None, check=True, timeout=60):
        """Runs `headgate` and gives its result."""
        result = subprocess.run(
            [str(self.directory / "headgate"), *arguments],
            env=self.environment, capture_output=True, text=True, input=stdin, timeout=timeout,
        )
        if check and result.returncode != 0:
            raise CommandFailed("headgate " + " ".join(arguments), result)
        return result

    def json(self, *arguments, stdin=None):
        """Runs `headgate … -o json` and gives what it printed."""
        return json.loads(self.cli(*arguments, "-o", "json", stdin=stdin).stdout)

    def apply(self, definition):
        """Applies and publishes a flow given as a value."""
        return self.cli("flow", "apply", "--yes", "-f", "-", stdin=json.dumps(definition))

    def url(self, trigger):
        return self.cli("trigger", "url", trigger).stdout.strip()

    def secret(self, trigger):
        """The newest secret of a trigger."""
        secrets = self.json("trigger", "reveal", trigger, "--reason", "test")["secrets"]
        return secrets[0]["value"]

    @property
    def edge(self):
        return f"http://127.0.0.1:{self.edge_port}"

    def pid(self, name):
        """The process id of "control" or "edge"."""
        return int((self.home / "run" / f"{name}.pid").read_text())

    def postmaster(self):
        """The process id of PostgreSQL's first process."""
        result = subprocess.run(
            ["head", "-n", "1", str((self.home / "postgres").resolve() / "data" / "postmaster.pid")],
            capture_output=True, text=True, check=True,
        )
        return int(result.stdout)

    def log(self, name):
        return (self.home / "logs" / f"{name}.log").read_text(errors="replace")

    # Faults

    def kill(self, name, number=signal.SIGKILL):
        """Sends a signal to "control" or "edge" and waits until it is gone."""
        pid = self.pid(name)
        os.kill(pid, number)
        wait_until_gone(pid)

    def kill_postgres(self):
        """SIGKILL to PostgreSQL's first process; waits until its children are gone as well."""
        pid = self.postmaster()
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
        os.kill(pid, signal.SIGKILL)
        for process in [pid, *map(int, children)]:
            wait_until_gone(process, seconds=15)
        self.forget_postgres()

    def forget_postgres(self):
        """Removes the lock files of a dead PostgreSQL: where nobody reaps it, its process id still looks alive."""
        (self.home / "postgres" / "data" / "postmaster.pid").unlink(missing_ok=True)
        for lock in pathlib.Path((self.home / "run" / "postgres.socket").read_text().strip()).glob(".s.PGSQL.*"):
            lock.unlink()

    def restart(self, name, options=None, environment=None, directory=None, prefix=()):
        """Stops "control" or "edge" by SIGTERM and starts it again with other options.

        options: names with new values, such as {"--database": "host=…"}; what is not named stays.
        environment: variables beyond those it had; directory: where the program is; prefix: words before it.
        """
        pid = self.pid(name)
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
        variables = dict(entry.split("=", 1) for entry in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry)
        program = next(index for index, word in enumerate(words) if word.endswith(f"headgate-{name}"))
        words = [*prefix, str((directory or self.directory) / f"headgate-{name}"), *words[program + 1:]]
        for option, value in (options or {}).items():
            if option in words:
                words[words.index(option) + 1] = value
            else:
                words += [option, value]
        os.kill(pid, signal.SIGTERM)
        wait_until_gone(pid)
        with open(self.home / "logs" / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                words, env={**variables, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        (self.home / "run" / f"{name}.pid").write_text(str(process.pid))
        port = int(words[words.index("--admin-listen" if name == "control" else "--listen") + 1].rpartition(":")[2])
        wait_for(lambda: is_ready(port), seconds=30, what=f"{name} being ready")
        return process

    # The database, for checks that do not trust the programs

    def sql(self, statement):
        """Rows of a query, each a list of texts."""
        socket_directory, port = self.database or ((self.home / "run" / "postgres.socket").read_text().strip(), self.postgres_port)
        result = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-h", str(socket_directory), "-p", str(port), "-U", "headgate",
             "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env={**self.environment, "PGPASSFILE": str(self.home / "pgpass")}, capture_output=True, text=True, timeout=120,
        )
        if result.returncode != 0:
            raise CommandFailed("psql", result)
        return [line.split("\t") for line in result.stdout.splitlines()]


def wait_until_gone(pid, seconds=40):
    """Waits until the process has ended (a zombie has)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise TimeoutError(f"process {pid} did not end in {seconds} s")


def is_ready(port):
    """Whether /readyz on the port of 127.0.0.1 says so."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_for(condition, seconds=10, what="a condition"):
    """Waits until the condition is true; it is asked every 20 ms."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not come about in {seconds} s")
