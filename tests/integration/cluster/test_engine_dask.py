"""The Dask engine: every job once, whatever dies, hangs, comes late or does not fit."""

import asyncio
import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import dask
import distributed
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from distributed.deploy.spec import SpecCluster
from tornado.locks import Event

from benchmark.execution.cluster import scheduler
from benchmark.execution.cluster.engine import Dask
from benchmark.execution.cluster.scheduler import check_scheduler, connected, exposed
from benchmark.execution.engine import RunControl
from benchmark.specs.job import jobs_of
from benchmark.specs.plan import load_plan
from results.error import CatsError
from tests.integration.cluster import works
from tests.integration.cluster.engines import all_of_them, notes, own
from tests.integration.cluster.processes import LOOK, waited_for, written
from tests.support.plans import cells_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_every_job_is_done_once(jobs):
    begun = []
    control = RunControl(lambda job: begun.append(job) or job)
    listed = list(jobs(150))
    done = list(notes(own(works.key).outcomes(listed, control)))
    assert sorted(done) == sorted(job.cells[0].key for job in listed)
    assert len(begun) == 150


def test_a_job_that_kills_its_worker_three_times_fails_and_the_rest_is_done(jobs, caplog):
    left = [outcome.record for some in own(works.seed_or_death).outcomes(jobs(8), all_of_them()) for outcome in some]
    (failed,) = [record for record in left if record.status == "failed"]
    first, second = [record for record in left if record.given_out_again]
    assert first.key == second.key == failed.key
    assert [cost.missing for cost in (*first.costs, *second.costs)] == [["cpu", "ram"]] * 2
    assert sorted(record.names["seed"] for record in left if record.status == "finished") == list("0124567")
    assert (failed.status, failed.reason) == ("failed", "killed its worker 3 times")
    assert failed.key == next(job.cells[0].key for job in jobs(8) if job.cells[0].seed == 3)
    assert failed.names["seed"] == "3"
    assert [(cost.seconds > 0, cost.energy) for cost in failed.costs] == [(True, {})]
    lost = re.findall(r"worker tcp://\S+ was lost while it ran (.*), which is given out again", caplog.text)
    assert lost.count(str(next(job for job in jobs(8) if job.cells[0].seed == 3))) == 2


def test_workers_of_our_own_have_our_settings_where_the_user_has_none():
    names = ("distributed.worker.profile.enabled", "distributed.scheduler.worker-ttl", "distributed.worker.profile.interval")
    names += ("distributed.admin.system-monitor.interval",)
    with dask.config.set({"distributed.scheduler.worker-ttl": "7 minutes"}), connected(None, lambda: [{}]) as client:
        client.wait_for_workers(1, timeout=60)
        (found,) = client.run(lambda: [dask.config.get(name) for name in names]).values()
    assert found == [False, "7 minutes", "10ms", "10s"]
    assert dask.config.get(names[0])  # of this process


def test_a_job_whose_worker_hangs_is_done_by_another(jobs, home):
    with dask.config.set({"distributed.scheduler.worker-ttl": LOOK}):
        engine = own(works.seed_or_halt_once)
        done = list(notes(engine.outcomes(jobs(8), all_of_them())))
    assert (home / "halted").exists()
    assert sorted(done) == list(range(8))


def test_a_worker_that_dies_with_what_it_had_done_holds_nobody_up(jobs, by_hand, monkeypatch):
    fetch, first = distributed.Future.result, threading.Lock()

    def fetch_too_late(future, timeout=None):
        if future.key.startswith("cats-") and first.acquire(blocking=False):
            ((worker,),) = future.client.who_has(future).values()
            os.kill(future.client.run(os.getpid, workers=[worker])[worker], signal.SIGKILL)
            return fetch(future)  # as long as it takes
        return fetch(future, timeout)

    monkeypatch.setattr(distributed.Future, "result", fetch_too_late)
    by_hand.worker(), by_hand.worker()
    done = list(notes(Dask("cpu", by_hand.address, make=works.key).outcomes(jobs(20), all_of_them())))
    assert first.locked()
    assert sorted(done) == sorted(job.cells[0].key for job in jobs(20))


def test_closing_leaves_no_process_and_waits_for_no_job(jobs, spawned):
    before = set(psutil.Process().children(recursive=True))
    outcomes = own(works.long).outcomes(jobs(8), all_of_them())
    assert next(notes(outcomes)) == 0
    during = set(psutil.Process().children(recursive=True)) - before
    workers = [child for child in during if "spawn_main" in " ".join(child.cmdline())]
    outcomes.close()
    gone, alive = psutil.wait_procs(workers, timeout=200)
    assert not alive
    assert len(gone) == 2


def test_what_goes_wrong_while_jobs_are_listed_is_raised(jobs):
    def broken():
        yield from jobs(2)
        raise CatsError("no such thing")

    with pytest.raises(CatsError, match="no such thing"):
        list(own(works.key, 1).outcomes(broken(), all_of_them()))


def test_a_worker_stays_at_its_target(tmp_path):
    plan = tmp_path / "two.yaml"
    plan.write_text(
        "experiment: two\nsources: [scratch]\ntargets: [ihc, digits]\nbackbones: [test_resnet]\n"
        "recipe: {base: finetune, size: 16}\nseeds: 12\nallow_leakage: true\n"
    )
    jobs = jobs_of(cells_of(load_plan(str(plan))), "two", "DEU")
    changes, last = 0, defaultdict(lambda: None)
    for worker, *where in notes(own(works.place).outcomes(jobs, all_of_them())):
        place = tuple(where)
        changes += last[worker] not in {None, place}
        last[worker] = place
    assert len(last) == 2
    assert changes <= 1


def test_a_worker_that_comes_late_gets_jobs_too(jobs, by_hand):
    by_hand.worker()
    seen = set()
    for pid in notes(Dask("cpu", by_hand.address, make=works.pid).outcomes(jobs(400), all_of_them())):
        if not seen:
            by_hand.worker()
        seen.add(pid)
        if len(seen) == 2:
            break
    assert len(seen) == 2


def test_the_first_worker_may_come_after_the_driver(jobs, by_hand, caplog):
    def start_a_worker():
        while "no worker is connected" not in caplog.text:
            time.sleep(0.05)
        by_hand.worker()

    threading.Thread(target=start_a_worker, daemon=True).start()
    done = list(Dask("cpu", by_hand.address, make=works.key).outcomes(jobs(3), all_of_them()))
    assert len(done) == 3
    assert caplog.text.count("no worker is connected to the Dask scheduler") == 1


def other_timm(folder):
    """A folder that, ahead of all others on the path, says timm is another one."""
    info = folder / "other" / "timm-0.0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: timm\nVersion: 0.0.1\n")
    return str(info.parent)


def test_a_worker_with_another_version_is_refused_before_anything_begins(jobs, by_hand, tmp_path):
    by_hand.worker(before=other_timm(tmp_path))
    begun = []
    control = RunControl(lambda job: begun.append(job) or job)
    with pytest.raises(CatsError, match=r"worker tcp://\S+ has timm 0\.0\.1, the driver has timm \d\S+: they must be the same"):
        list(Dask("cpu", by_hand.address, make=works.key).outcomes(jobs(3), control))
    assert begun == []


def test_a_worker_with_another_version_that_comes_late_gets_nothing_and_is_told_of_once(jobs, by_hand, tmp_path, caplog):
    by_hand.worker()
    seen = set()
    for pid in notes(Dask("cpu", by_hand.address, make=works.pid).outcomes(jobs(400), all_of_them())):
        if not seen:
            by_hand.worker(before=other_timm(tmp_path))
        seen.add(pid)
        if "timm 0.0.1" in caplog.text:
            break
    assert caplog.text.count("it gets no job") == 1
    assert len(seen) == 1


def test_a_worker_without_the_drivers_home_is_refused_if_the_plan_pretrains(jobs, by_hand, tmp_path, home):
    by_hand.worker(CATS_HOME=str(tmp_path / "elsewhere"))
    with pytest.raises(CatsError, match="does not see the driver's CATS_HOME, .* must name one folder"):
        list(Dask("cpu", by_hand.address, make=works.key).outcomes(jobs(3), all_of_them()))
    done = list(Dask("cpu", by_hand.address, shared_home=False, make=works.key).outcomes(jobs(3), all_of_them()))
    assert len(done) == 3
    assert list(home.glob(".driver-*")) == []


def test_a_scheduler_that_dies_is_one_sentence(jobs, by_hand):
    by_hand.worker()
    outcomes = Dask("cpu", by_hand.address, make=works.pid).outcomes(jobs(400), all_of_them())
    next(outcomes)
    by_hand.scheduler.kill()
    with pytest.raises(CatsError, match="scheduler at .* is gone; nothing finished is lost"):
        list(outcomes)


def test_a_client_that_waits_for_its_scheduler_is_closed_without_a_traceback(by_hand, caplog):
    with connected(by_hand.address, list) as client:
        by_hand.scheduler.kill()
        while client.status != "connecting":
            time.sleep(0.01)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_a_pause_between_two_messages_that_a_closed_client_awaits_no_more_is_no_error(by_hand, caplog):
    with connected(by_hand.address, list):
        pass

    async def never_awaited():
        Event().wait(timedelta(milliseconds=1))
        asyncio.get_running_loop().create_future().set_exception(TimeoutError("the server is away"))
        await asyncio.sleep(0.05)

    asyncio.run(never_awaited())
    gc.collect()
    shown = [record.exc_info[1] for record in caplog.records if record.name == "asyncio" and record.exc_info]
    assert [str(error) for error in shown] == ["the server is away"]


def test_a_stopped_driver_takes_its_jobs_back_from_a_cluster_that_goes_on(jobs, by_hand):
    by_hand.worker()
    outcomes = Dask("cpu", by_hand.address, make=works.pid).outcomes(jobs(400), all_of_them())
    next(outcomes)
    outcomes.close()
    assert len(list(Dask("cpu", by_hand.address, make=works.key).outcomes(jobs(3), all_of_them()))) == 3


def test_a_scheduler_with_another_version_of_dask_is_one_sentence(by_hand, tmp_path, cats):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text(
        "import importlib.metadata as metadata\nreal = metadata.version\n"
        "metadata.version = lambda name: '2020.1.0' if name == 'distributed' else real(name)\n"
    )
    (tmp_path / "file").unlink()
    by_hand.dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(tmp_path / "file"),
                 before=str(tmp_path / "old"))  # fmt: skip
    address = json.loads(waited_for(lambda: written(tmp_path / "file"), by_hand.processes[-1]))["address"]
    (tmp_path / "plan.yaml").write_text("experiment: x\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\n")
    code, _, err = cats("run", "plan.yaml", "--engine", "dask", "--scheduler", address)
    here = distributed.__version__
    told = f"has distributed 2020.1.0, the driver has {here}: install the same on both"
    assert (code, err) == (2, f"cats: the Dask scheduler at {address} {told}\n")


def test_a_wrong_address_is_one_sentence(cats, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "ANSWER_SECONDS", 0.3)
    (tmp_path / "plan.yaml").write_text("experiment: x\nsources: [scratch]\ntargets: [ihc]\nbackbones: [test_resnet]\n")
    code, _, err = cats("run", "plan.yaml", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert code == 2
    assert err.startswith("cats: no Dask scheduler answers at tcp://127.0.0.1:9: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("8786", "missing port number in address '8786'"),
        ("", "missing port number in address ''"),
        ("http://127.0.0.1:1", "allowed are tcp://, tls://, "),
        ("tcp://[::1", "ipv6 needs brackets"),
    ],
)
def test_what_is_no_address_is_one_sentence_at_once(address, why, monkeypatch):
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("Dask goes on trying in the background"))
    with pytest.raises(
        CatsError, match=f"'{re.escape(address)}' is not the address of a Dask scheduler, .*{re.escape(why)}"
    ) as told:
        check_scheduler(address)
    assert "\n" not in str(told.value)


def test_an_address_with_tls_is_not_called_wrong_for_want_of_certificates(monkeypatch, tmp_path):
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("Dask goes on trying in the background"))
    with pytest.raises(
        CatsError, match=r"^a scheduler at tls://127\.0\.0\.1:1 needs certificates, .*: set distributed\.comm\.tls"
    ):
        check_scheduler("tls://127.0.0.1:1")
    names = ("ca-file", "client.cert", "client.key")
    with (
        dask.config.set({f"distributed.comm.tls.{name}": str(tmp_path / "none.pem") for name in names}),
        pytest.raises(CatsError, match=r"^the certificates in Dask's settings .* cannot be used for tls://127\.0\.0\.1:1: "),
    ):
        check_scheduler("tls://127.0.0.1:1")


def certificate(folder):
    """A key and a certificate that vouches for itself, in one file."""
    now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cats")])
    key = ec.generate_private_key(ec.SECP256R1())
    build = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    build = build.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = build.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, SHA256())
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tls.pem").write_bytes(plain + made.public_bytes(Encoding.PEM))
    return str(folder / "tls.pem")


def test_workers_of_our_own_speak_tls_if_dasks_settings_say_so(jobs, tmp_path, monkeypatch):
    file = certificate(tmp_path)
    names = ["ca-file", *(f"{role}.{part}" for role in ("scheduler", "worker", "client") for part in ("cert", "key"))]
    tls = {f"distributed.comm.tls.{name}": file for name in names}
    begun = []
    real = SpecCluster.__init__
    monkeypatch.setattr(SpecCluster, "__init__", lambda self, *a, **k: (begun.append(self), real(self, *a, **k))[1])
    with dask.config.set({"distributed.comm.require-encryption": True, **tls}):
        outcomes = own(works.key, 1).outcomes(jobs(2), all_of_them())
        next(outcomes)
        address = begun[0].scheduler_address
        assert len(list(outcomes)) == 1
    assert address.startswith("tls://127.0.0.1:")


def test_a_worker_is_asked_before_it_loads_torch():
    code = "import sys, benchmark.execution.cluster.engine; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("address", "open_to_others"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://10.0.0.5:8786", False),
        ("tcp://10.0.0.5:8786", True),
        ("tcp://head-node:8786", True),
        ("10.0.0.5:8786", True),
    ],
)
def test_who_can_reach_an_address_is_seen(address, open_to_others):
    assert exposed(address) is open_to_others
