"""Two hosts, each a network namespace with a worker and a provider of its own; the database is on
one of them, and the link between them is cut in the middle. two_hosts.py TIERWAY"""
import json
import os
import subprocess
import sys
import tempfile

from checks import check, run_tests
from gateway import LIMIT, wait_until
from job_queue import line

TIERWAY = sys.argv[1]
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stores", "server.sh")
COUNT = 60


class Host:
    """A network namespace, which lasts as long as the process that holds it."""

    def __init__(self, address):
        self.address = address
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        mine = os.readlink("/proc/self/ns/net")
        check(f"{address}: a namespace of its own", True,
              wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != mine))
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *arguments):
        return ["nsenter", "-t", str(self.holder.pid), "-n", *arguments]

    def run(self, *arguments, **options):
        return subprocess.run(self.command(*arguments), check=True, timeout=120, **options)

    def start(self, *arguments, **options):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, text=True,
                                **options)

    def provider(self):
        """A stand-in provider; its process and its address."""
        process = self.start(TIERWAY, "fake-provider", "--seed", "1", "--latency", "flex=50")
        return process, process.stdout.readline().strip()

    def requests(self, provider):
        answer = self.run("curl", "-sS", f"http://{provider}/fake/stats", capture_output=True)
        return json.loads(answer.stdout)["requests"]

    def worker(self, folder, provider, store):
        return self.start(TIERWAY, "jobs", "work", "--policy", "queue.tier", "--upstream",
                          f"http://{provider}/v1", "--store", store, "--lease", "1s",
                          "--concurrency", "4", "--until-empty", "--format", "json", cwd=folder,
                          stderr=subprocess.DEVNULL)

    def close(self):
        self.holder.kill()
        self.holder.wait()


def connect(one, other):
    """A cable between the two."""
    one.run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
            str(other.holder.pid))
    for host in (one, other):
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "cable")
        host.run("ip", "link", "set", "cable", "up")


def start_database(host, folder):
    """A server on the host, and an empty database on it; None where there is no PostgreSQL."""
    file = os.path.join(folder, "address")
    host.run("env", f"TIERWAY_TEST_LISTEN={host.address}", SERVER, "start", file,
             stdout=subprocess.DEVNULL)
    with open(file, encoding="utf-8") as address:
        socket = address.read().strip()
    if not socket:
        return None, file
    subprocess.run(["psql", "-qX", socket, "-c", "CREATE DATABASE hosts TEMPLATE template0"],
                   check=True)
    return f"postgres://tierway@{host.address}/hosts", file


def cut_in_the_middle(near, far, folder, store):
    """`near` has the database. Who is cut off goes on by itself once the link is back."""
    providers = {host: host.provider() for host in (near, far)}
    jobs = "".join(line(f"job{number:03}") for number in range(COUNT))
    far.run(TIERWAY, "jobs", "submit", "--store", store, input=jobs.encode(),
            stdout=subprocess.DEVNULL)
    away = far.worker(folder, providers[far][1], store)
    check("the far worker works", True,
          wait_until(lambda: far.requests(providers[far][1]) >= 8))
    far.run("ip", "link", "set", "cable", "down")
    home = near.worker(folder, providers[near][1], store)
    counts = json.loads(home.communicate(timeout=120)[0])
    check("the near worker does the rest", True, 0 < counts["done"] < COUNT)
    check("the far one still waits", None, away.poll())
    far.run("ip", "link", "set", "cable", "up")
    ends = [counts, json.loads(away.communicate(timeout=120)[0])]
    check("each job ended once", COUNT, sum(each["done"] for each in ends))
    check("none failed", 0, sum(each["failed"] for each in ends))
    check("statuses", (0, 0), (home.returncode, away.returncode))
    exported = far.run(TIERWAY, "jobs", "export", "--store", store, capture_output=True).stdout
    ids = [json.loads(one)["custom_id"] for one in exported.splitlines()]
    check("a result for each", [f"job{number:03}" for number in range(COUNT)], sorted(ids))
    paid = sum(host.requests(providers[host][1]) for host in (near, far))
    rows = far.run("psql", "-qXAt", store, "-c", "SELECT count(*) FROM tierway.ledger",
                   capture_output=True).stdout
    check("the ledger has a row for each answer", paid, int(rows))
    check("no more were paid twice than ran when the link was cut", True, paid <= COUNT + 4)
    check("and those are counted", paid - COUNT, sum(each["lost"] for each in ends))
    for process, _ in providers.values():
        process.terminate()
        process.wait(LIMIT)
        process.stdout.close()


def test_cut():
    with tempfile.TemporaryDirectory(prefix="tierway-hosts-") as folder:
        with open(os.path.join(folder, "queue.tier"), "w", encoding="utf-8") as policy:
            policy.write("otherwise -> flex\n")
        near, far = Host("10.77.0.1"), Host("10.77.0.2")
        connect(near, far)
        store, file = start_database(near, folder)
        try:
            if store:
                cut_in_the_middle(near, far, folder, store)
            else:
                print("skipped: no PostgreSQL server is installed")
        finally:
            near.run(SERVER, "stop", file)
            near.close()
            far.close()


run_tests(dict(globals()))
