"""The pictures that the benchmark of large data sets generates lie as the published ones do: our readers read them."""

import sys

import pytest

from benchmark.specs import catalogue
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    import bench_large

    sys.path.remove(str(ROOT / "scripts"))
    return bench_large


@pytest.mark.slow
def test_generated_patches_have_the_true_layouts(bench, tmp_path):
    bench.made.pcam(tmp_path, 1 / 4096)
    samples = catalogue.target("pcam").dataset.read(tmp_path / "pcam")
    assert [samples.parts.count(part) for part in ("train", "val", "test")] == [64, 8, 8]
    assert {image.shape for image in samples.images} == {(96, 96, 3)}
    assert len(set(samples.groups)) == 64 + 8 + 8

    bench.made.idc(tmp_path, 1 / 400)
    samples = catalogue.target("idc").dataset.read(tmp_path / "idc")
    assert len(samples.ids) == 693
    assert len(set(samples.groups)) == 279
    assert set(samples.parts) == {"train", "val", "test", "extra"}
    shapes = [image.shape for image in samples.images]
    assert shapes.count((50, 50, 3)) == 686
    assert len(shapes) == 693


def test_the_table_gives_the_growth_of_cpu_seconds(bench):
    def row(count):
        return {"seconds": count / 100, "cpu": count / 200, "peak_mib": 100.0}

    found = {str(count): {"guard": row(count), "store": {"mib": 1.0}} for count in (1000, 10_000)}
    lines = bench.table(found | {"idc": {"guard": row(5), "check": row(7), "store": {"mib": 2.0}}}).splitlines()
    assert lines[0] == "| step | 1,000 | 10,000 | `idc` | slope |"
    assert lines[2] == "| guard | 10 s, 5 s, 100 MiB | 100 s, 50 s, 100 MiB | 0 s, 0 s, 100 MiB | 1.00 |"
    assert lines[3] == "| check | – | – | 0 s, 0 s, 100 MiB | – |"
