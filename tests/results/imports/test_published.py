"""Published layouts whose maps ship: tiny tables in the layout of the real files."""

import json

import pandas as pd
import pytest

from benchmark.cli.import_runs import load_map
from results.error import CatsError
from results.imports.column_map import ColumnMap
from results.imports.long_scores import table_scores
from results.imports.matrix import cells_of, read_grid, scores_of
from results.imports.table import read_table, runs_of

TMLR = """dataset,model,test_score,classes,transf_metric,transf_score
sun397,densenet121,0.4972795969773301,397,imagenet,74.434
sun397,densenet161,0.5144584382871537,397,imagenet,77.138
sun397,densenet121,0.4972795969773301,397,reg_hscore_score,79.21137259876511
sun397,densenet161,0.5144584382871537,397,reg_hscore_score,72.85189551976782
skin_splits,densenet121,0.8696020633214172,2,etran_energy_score,1.2141449603341248
"""
HEAD = (
    "Start Time,Duration,Run ID,Name,Source Type,Source Name,User,Status,batch_size,epochs,file,letter,"
    "listeners,lr,manual,max_epoch,max_time,model,momentum,params,source_flag,target_flag,wd,workload,"
    "workload_listener,SMI - GPU Util,SMI - Mem Used,SMI - Mem Util,SMI - Performance State,SMI - Power Draw,"
    "SMI - Timestamp,TOP - CPU Utilization,TOP - Memory Utilization,TOP - Swap Memory GB,stopped_at,test_acc,"
    "test_auc,test_loss,val_acc,val_auc,val_loss"
)
MIDDLE = "fine-tuning_imagenet.py,0_B,smi+top,{lr},False,5,172800,fine-tuning_imagenet.py,0.0,-"
ENDS = [
    (f"2024-11-20 15:23:42,38.1min,9c33,newt,PROJECT,/a,a,FINISHED,256,400,{MIDDLE.format(lr=0.1)},efficientnet,bloodmnist,0.0,"
    "18,'',1,76613,0.07,0,189.49,1732114911.0,345.1,0.2,0,162,0.98,0.9992,0.0767,0.99,1,0.0234"),
    (f"2024-11-14 13:25:00,18.4s,6ec6,gnu,PROJECT,/home/a,a,FAILED,128,400,{MIDDLE.format(lr=0.01)},densenet,bloodmnist,0.001,"
    "27,'',1,18944,0.08,0,196.16,1731589537.5,252.9,0.1,0,,,,,,,"),
    (f"2024-11-14 13:25:00,,7ec6,gnat,PROJECT,/home/a,a,RUNNING,128,400,{MIDDLE.format(lr=0.01)},vgg,bloodmnist,0.001,"
    "27,'',1,18944,0.08,0,,1731589537.5,252.9,0.1,0,,,,,,,"),
]  # fmt: skip
RUNS = "\n".join([HEAD, *ENDS])
STUDY = """task,model,val_acc_score,test_acc_score
breakhis,densenet169,0.9919183359013868,0.9846537139045528
breakhis,resnet50,0.99512583461736,0.9870961777932452
"""
VALUES = """task,model,metric,value
breakhis,densenet169,nce_score,-0.5378367181287438
breakhis,densenet169,reg_hscore_score,0.7275363640764927
breakhis,resnet50,nce_score,-0.5425661860488136
"""
LONG = {
    "title": "long", "source": {"value": "imagenet"}, "target": "to", "backbone": "net", "scores": {"auc": "auc"},
    "measures": {"name": "measure", "score": "score"},
}  # fmt: skip
ROW = {"to": "idc", "net": "r18", "auc": 0.9, "measure": "lp", "score": 1.0}


@pytest.fixture
def table(tmp_path):
    def read(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return read_table(path)

    return read


def test_rows_that_differ_in_the_measure_alone_are_one_run_and_one_pair(table):
    read, how = table(TMLR), load_map("chaves_tmlr")
    runs = runs_of(read, how, "e", "t")
    assert [(r.names["target"], r.names["backbone"], r.scores) for r in runs] == [
        ("sun397", "densenet121", {"accuracy": 0.4972795969773301}),
        ("sun397", "densenet161", {"accuracy": 0.5144584382871537}),
        ("skin_splits", "densenet121", {"accuracy": 0.8696020633214172}),
    ]
    pairs = table_scores(read, how, "e", "t")
    assert pairs[0].names == {"source": "imagenet", "target": "sun397", "backbone": "densenet121", "seed": "unknown"}
    assert pairs[0].validation == {"measure_imagenet_accuracy": 74.434, "measure_hscore_shrunk": 79.21137259876511}
    assert pairs[2].validation == {"measure_etran": 1.2141449603341248}
    assert json.loads(pairs[2].facts["reasons"]).keys() == {"imagenet_accuracy", "hscore_shrunk"}


def test_results_and_scores_may_lie_in_two_tables_of_one_experiment(table):
    runs = runs_of(table(STUDY), load_map("chaves2023"), "e", "t")
    assert runs[1].scores == {"balanced_accuracy": 0.9870961777932452}
    assert runs[1].validation == {"val_balanced_accuracy": 0.99512583461736}
    pairs = table_scores(table(VALUES), load_map("chaves2023_scores"), "e", "t")
    assert [pair.validation for pair in pairs] == [
        {"measure_nce": -0.5378367181287438, "measure_hscore_shrunk": 0.7275363640764927},
        {"measure_nce": -0.5425661860488136},
    ]
    assert {pair.names["target"] for pair in pairs} == {run.names["target"] for run in runs}


def test_a_table_as_mlflow_exports_it(table):
    runs = runs_of(table(RUNS), load_map("cats2024_architectures"), "e", "t")
    assert [run.status for run in runs] == ["finished", "failed", "interrupted"]
    assert [run.names["backbone"] for run in runs] == ["efficientnet", "densenet", "vgg"]
    assert [run.costs[0].seconds for run in runs] == pytest.approx([38.1 * 60, 18.4, 0])
    assert runs[0].costs[0].energy["gpu"].kwh == pytest.approx(189.49 * 38.1 * 60 / 3.6e6)
    assert runs[2].costs[0].energy["gpu"].kwh is None
    assert runs[0].settings["weight_decay"] == "0.0"
    assert (runs[0].scores["auc"], runs[0].validation["val_loss"]) == (0.9992, 0.0234)


def test_a_lower_measure_is_turned_and_an_empty_score_is_no_figure():
    how = ColumnMap.model_validate(LONG | {"measures": {**LONG["measures"], "lower": ["fid"]}, "missing": [-1]})
    rows = [ROW, ROW | {"measure": "fid"}, ROW | {"measure": "lp", "net": "r50", "score": None}]
    rows += [ROW | {"measure": "fid", "net": "r50", "score": -1}]
    pairs = table_scores(pd.DataFrame(rows), how, "e", "t")
    assert [pair.validation for pair in pairs] == [{"measure_lp": 1.0, "measure_fid": -1.0}, {}]


@pytest.mark.parametrize(
    ("rows", "changes", "sentence"),
    [
        ([{}, {"measure": "fu", "auc": 0.8}], {}, "t: rows 1 and 2 are the same run, and auc is 0.9 in one and 0.8 in the"),
        ([{}, {"score": 2.0}], {}, "t, row 2: lp has a second score of imagenet and idc and r18, 2 after 1"),
        ([{"score": float("inf")}], {}, "t, row 1: score is inf; correct it"),
        ([{"score": "high"}], {}, "t, row 1: score is 'high', which is not a number"),
        ([{"measure": None}], {}, "t, row 1: measure is missing"),
        ([{"measure": "l p"}], {}, "'l p' is not a valid name of a measure"),
        ([{}], {"measures": {"name": "measur", "score": "score"}}, "t has no column 'measur'; did you mean 'measure'?"),
        ([{}], {"measures": {**LONG["measures"], "lower": ["lq"]}}, "'lq' is a measure without scores, .* allowed are lp"),
        ([{"auc": "38.1 parsecs"}], {"duration": {"column": "auc", "unit": "text"}, "scores": {"f1": "score"}},
         "t, row 1: duration is '38.1 parsecs'; a number and its unit are needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(rows, changes, sentence):
    read, how = pd.DataFrame([ROW | row for row in rows]), ColumnMap.model_validate(LONG | changes)
    with pytest.raises(CatsError, match=sentence):
        table_scores(read, how, "e", "t") if runs_of(read, how, "e", "t") else None


def test_a_map_without_any_figure_is_refused():
    with pytest.raises(ValueError, match="neither scores nor measures names a column"):
        ColumnMap.model_validate({name: value for name, value in LONG.items() if name not in {"scores", "measures"}})


def test_the_rows_of_a_matrix_may_be_backbones_of_one_source(tmp_path):
    path = tmp_path / "lp.csv"
    path.write_text(",source,bloodmnist\n0,densenet,0.88725\n1,vgg,0.81\n")
    cells, scores = cells_of(read_grid(path), "auc", "unknown", "e", "lp.csv", "imagenet"), scores_of(
        {"lp": read_grid(path)}, [], "unknown", "e", "imagenet"
    )  # fmt: skip
    for records in (cells, scores):
        assert [(r.names["source"], r.names["backbone"]) for r in records] == [("imagenet", "densenet"), ("imagenet", "vgg")]
    assert scores[0].validation == {"measure_lp": 0.88725}
