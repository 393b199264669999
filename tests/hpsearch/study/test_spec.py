from __future__ import annotations

import time
from pathlib import Path

import pytest
from support import spaces

from hpsearch.study.spec import load_spec
from trainables.base.errors import InputError
from trainables.training.config import TrainConfig

FAULTY = """\
search:
  objective: validation/mae
  sampler: tpee
  pruner: {median: {warmup_epoch: 3}}
  budget: {trials: 0}
  seed: {int: [0, 5]}
network:
  backbone: {choice: [resnet10, resnet19]}
  dropout: {float: [0.9, 0.1]}
pretext:
  choice:
    - none
    - puzling
    - puzzling:
        grid: {int: [2, 9]}
        heads: 1
        ssl_weight: {float: [0, 5], log: true}
        flag: {int: [1, 4], setp: 2}
optimizer: {adamw: {lr: "1e-3"}}
epochs: {float: [2, 5]}
seed: true
weigthing: fixed
"""


def test_every_fault_is_told_at_once_with_line_path_value_and_nearest_name(tmp_path: Path) -> None:
    faults = spaces.faults(tmp_path, FAULTY)
    assert {fault.file for fault in faults} == {str(tmp_path / "space.yaml")}
    told = [(fault.line, fault.where, fault.message) for fault in faults]
    expected = [
        (3, "search.objective", "'validation/mae' is not a metric of any target (did you mean"),
        (4, "search.sampler", "'tpee' is unknown (did you mean 'tpe'? valid: grid, random, tpe)"),
        (5, "search.pruner.median.warmup_epoch", "unknown key (did you mean 'warmup_epochs'?"),
        (6, "search.budget.trials", "input should be greater than or equal to 1, got 0"),
        (7, "search.seed", "no hole may stand here"),
        (
            9,
            "network.backbone",
            "'resnet19' is unknown (did you mean 'resnet18'? valid: resnet10, resnet18, resnet34, resnet50, ",
        ),
        (10, "network.dropout", "low must be below high, got [0.9, 0.1]"),
        (14, "pretext", "'puzling' is unknown (did you mean 'puzzling'?"),
        (16, "pretext.puzzling.grid", "input should be less than or equal to 5, got 9"),
        (17, "pretext.puzzling.heads", "input should be a valid boolean, got 1"),
        (18, "pretext.puzzling.ssl_weight", "a log range must stay above 0, got low = 0"),
        (19, "pretext.puzzling.flag", "'setp' is not a key of a hole of kind 'int' (did you mean 'step'?"),
        (20, "optimizer.adamw.lr", "input should be a valid number, got '1e-3' (text: write the number"),
        (21, "epochs", "input should be a valid integer, got 2.0"),
        (21, "epochs", "input should be a valid integer, got 5.0"),
        (22, "seed", "input should be a valid integer, got True"),
        (23, "weigthing", "unknown key (did you mean 'weighting'?"),
    ]
    assert [(line, where) for line, where, _ in told] == [(line, where) for line, where, _ in expected]
    for (_, _, message), (_, _, wanted) in zip(told, expected, strict=True):
        assert message.startswith(wanted)


@pytest.mark.parametrize(
    ("text", "line", "where", "message"),
    [
        ("search: 3", 2, "search", "expected a mapping of settings, got 3"),
        ("network: []", 2, "network", "expected a mapping of settings, got []"),
        ("pretext: []", 2, "pretext", "expected one name, got []"),
        ("serach: {}", 2, "serach", "unknown key (did you mean 'search'?"),
        ("choice: [a, b]", 2, "choice", "unknown key"),
        ("search: {enqueue: [{seed: {int: [0, 2]}}]}", 2, "search.enqueue.0.seed", "no hole may stand here"),
        ("search: {resources: {gpus: 1.5}}", 2, "search.resources.gpus", "a trial trains on one GPU"),
        ("search: {resources: {gpus: 2}}", 2, "search.resources.gpus", "a trial trains on one GPU"),
        ("search: {resources: {gpus: 0.005}}", 2, "search.resources.gpus", "a share of a GPU is at least"),
        ("search:\n  name: ../x", 3, "search.name", "a study's name must match"),
        ("search:\n  name: /x", 3, "search.name", "a study's name must match"),
        # holes
        ("seed: {choice: []}", 2, "seed", "choice needs at least one option"),
        ("seed: {choice: 3}", 2, "seed", "choice takes a list of options"),
        ("seed: {choice: [1, 2, 1]}", 2, "seed", "two options are named 1"),
        ("seed:\n  choice: [1]\n  log: true", 4, "seed", "'log' is not a key of a hole of kind 'choice'"),
        ("network: {choice: [{backbone: resnet10, dropout: 0.1}]}", 2, "network", "an option of several"),
        ("clip_norm: {choice: [.nan, 1.0]}", 2, "clip_norm", "an option must be finite, got nan"),
        ("seed: {chioce: [1, 2]}", 2, "seed", "input should be a valid integer, got {'chioce'"),
        ("seed: {int: [1, 2.5]}", 2, "seed", "int takes [low, high], two whole numbers, got [1, 2.5]"),
        ("seed: {int: [1]}", 2, "seed", "int takes [low, high]"),
        ("seed: {int: [false, true]}", 2, "seed", "int takes [low, high]"),
        ("clip_norm: {float: ['1', 2]}", 2, "clip_norm", "float takes [low, high], two numbers, got ['1'"),
        ("clip_norm: {float: [1, .inf]}", 2, "clip_norm", "float takes [low, high]"),
        ("seed: {int: [1, " + "9" * 400 + "]}", 2, "seed.int.1", "a whole number lies between"),
        ("seed: {int: [1, 9999999999999999]}", 2, "seed", "int takes [low, high]"),
        ("clip_norm: {float: [0.1, 1], step: 1e-300}", 2, "clip_norm", "9e+299 steps of 1e-300 are too many"),
        ("clip_norm: {float: [1e-300, 1], step: 1e-300}", 2, "clip_norm", "1e+300 steps"),
        ("clip_norm: .inf", 2, "clip_norm", "input should be a finite number, got inf"),
        ("network: {dropout: .nan}", 2, "network.dropout", "input should be a finite number, got nan"),
        ("search: {budget: {hours: .inf}}", 2, "search.budget.hours", "input should be a finite number"),
        ("search: {budget: {hours: 1e308}}", 2, "search.budget.hours", "input should be less than or"),
        ("search: {epoch_timeout_s: .inf}", 2, "search.epoch_timeout_s", "input should be a finite number"),
        ("clip_norm: {choice: [null, -.inf]}", 2, "clip_norm", "an option must be finite, got -inf"),
        ("search: {name: run\u0661}", 2, "search.name", "a study's name must match"),
        ("seed: {int: [2, 2]}", 2, "seed", "low must be below high, got [2, 2]"),
        ("seed: {int: [1, 5], log: 1}", 2, "seed", "log is true or false, got 1"),
        ("seed: {int: [1, 5], log: true, step: 2}", 2, "seed", "a log range takes no step"),
        ("seed: {int: [1, 5], step: 0}", 2, "seed", "step must be one of the whole numbers above 0, got 0"),
        ("seed: {int: [1, 5], step: 0.5}", 2, "seed", "step must be one of the whole numbers"),
        ("seed: {int: [1, 5], step: true}", 2, "seed", "step must be one of the whole numbers"),
        ("seed:\n  int: [1, 5]\n  step: 3", 4, "seed", "steps of 3 from 1 do not reach 5"),
        ("clip_norm: {float: [0.1, 0.5], step: 0.15}", 2, "clip_norm", "steps of 0.15 from 0.1 do not reach"),
        # options and ends that no config can be built from
        ("pretext: {puzzling: {flag: {choice: [1, 5]}}}", 2, "pretext.puzzling.flag", "input should be less"),
        (
            "pretext: {puzzling: {branch: {out_channels: {int: [4, 64]}}}}",
            2,
            "pretext.puzzling.branch.out_channels",
            "input should be a multiple of 4, got 5",
        ),
        (
            "pretext:\n  choice: {a: {puzzling: {grid: {choice: [2, 3]}}},\n"
            "           b: {puzzling: {grid: {choice: [2, 4]}}}}",
            4,
            "pretext.puzzling.grid",
            "two options have different holes at this path",
        ),
        # the pruner
        (
            "epochs: {int: [2, 4]}\nsearch:\n  pruner: {hyperband: {warmup_epochs: 4}}",
            4,
            "search.pruner",
            "the warm-up of 4 epochs must end before the last of 4 epochs",
        ),
        # known configs
        ("seed: {int: [0, 4]}\nsearch:\n  enqueue:\n  - seed: 5", 5, "search.enqueue.0.seed", "5 lies"),
        (
            "seed: {int: [0, 4], step: 2}\nsearch: {enqueue: [{seed: 1}]}",
            3,
            "search.enqueue.0.seed",
            "1 lies outside [0, 4] in steps of 2",
        ),
        ("search: {enqueue: [{epochs: 5}]}", 2, "search.enqueue.0.epochs", "the space does not set this key"),
        (
            "epochs: 5\nsearch: {enqueue: [{epochs: 6}]}",
            3,
            "search.enqueue.0.epochs",
            "the space fixes this to 5, got 6",
        ),
        (
            "pretext: {choice: [none, rotation]}\nsearch: {enqueue: [{pretext: rotatoin}]}",
            3,
            "search.enqueue.0.pretext",
            "'rotatoin' is not an option here (did you mean 'rotation'?",
        ),
        ("search: {enqueue: 3}", 2, "search.enqueue", "input should be"),
        # the grid
        (
            "seed: {int: [0, 2000000000]}\nsearch: {sampler: grid}",
            3,
            "search.sampler",
            "the grid has 2000000001 combinations, more than 10000",
        ),
        (
            "clip_norm: {float: [1, 2]}\nsearch:\n  sampler: grid\n  enqueue: [clip_norm: 1.5]",
            5,
            "search.enqueue.0",
            "this combination is not in the grid",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_stands(
    tmp_path: Path, text: str, line: int, where: str, message: str
) -> None:
    (fault,) = spaces.faults(tmp_path, text)
    assert (fault.line, fault.where) == (line, where)
    assert fault.message.startswith(message)


@pytest.mark.parametrize("name", ["equal_within", "equal_within_deg"])
def test_a_fault_of_an_older_name_is_told_where_that_stands(name: str, tmp_path: Path) -> None:
    (fault,) = spaces.faults(tmp_path, f"search:\n  confirm:\n    {name}: -1\n")
    assert (fault.line, fault.where) == (4, f"search.confirm.{name}")  # line 1 names the data
    (twice,) = spaces.faults(tmp_path, "search: {confirm: {equal_within: 1, equal_within_deg: 1}}\n")
    assert twice.where == "search.confirm.equal_within_deg" and "unknown key" in twice.message


def test_a_misspelt_hole_is_recognised(tmp_path: Path) -> None:
    faults = spaces.faults(
        tmp_path, "seed: {chioce: [1, 2]}\nclip_norm: {flot: [1, 2]}\nhead: {choices: [bins]}"
    )
    hints = [fault.message.partition(" (is this a hole? then write ")[2] for fault in faults]
    assert hints == ["'choice')", "'float')", "'choice')"]


def test_several_values_without_a_hole_get_a_hint(tmp_path: Path) -> None:
    faults = spaces.faults(
        tmp_path,
        "seed: [1, 4]\nclip_norm: {uniform: [1, 2]}\nhead: [bins, rot6d]\nepochs: {values: [3, 5, 7]}",
    )
    hints = [fault.message.rpartition(" (")[2] for fault in faults]
    assert hints == [
        "to search between them write {int: [1, 4]}, to try each {choice: [1, 4]})",
        "is this a hole? then write {float: [low, high]} or {int: [low, high]}, perhaps log: true)",
        "to try each of them write {choice: ['bins', 'rot6d']})",
        "is this a hole? then write {choice: [one, another]})",
    ]


def test_two_values_that_do_not_go_together_are_found(tmp_path: Path) -> None:
    text = "pretext:\n  puzzling: {grid: {choice: [2, 5]}}\nnetwork: {dropout: {float: [0.1, 0.5]}}"
    path = tmp_path / "space.yaml"
    path.write_text("data:\n  train: {dataset: a}\n  image_px: {choice: [64, 32]}\n" + text)
    with pytest.raises(InputError) as caught:
        load_spec(path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.where) == (4, "pretext")
    assert fault.message.startswith("a grid of 5 cuts 32 px into tiles below 8 px")


def test_what_is_missing_or_unnamed_is_told_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "my space.yaml"
    path.write_text("search: {}\n")
    with pytest.raises(InputError) as caught:
        load_spec(path)
    assert [(f.where, f.message.partition(":")[0]) for f in caught.value.faults] == [
        ("", "'my space' cannot name a study (rule"),
        ("data", "this key is required"),
    ]


@pytest.mark.parametrize("text", ["", "search: null", "search:\n", "search: {enqueue: [{}]}"])
def test_a_space_without_holes_is_one_run(tmp_path: Path, text: str) -> None:
    spec = spaces.load(tmp_path, text)
    assert spec.trials == 1
    assert spec.name == "space"
    assert isinstance(spec.config({}), TrainConfig)


def test_a_choice_of_one_option_is_a_hole(tmp_path: Path) -> None:
    spec = spaces.load(
        tmp_path, "seed: {choice: [3]}\nnetwork: {choice: {small: {dropout: {float: [0, 0.1]}}}}"
    )
    assert [hole.name for hole in spec.space.holes()] == ["seed", "network", "network.dropout"]
    assert spec.config({"seed": 3, "network": "small", "network.dropout": 0.05}).network.dropout == 0.05


def test_the_budget(tmp_path: Path) -> None:
    wide, hole = "network: {dropout: {float: [0, 0.5]}}\n", "seed: {int: [0, 5]}\n"
    assert spaces.load(tmp_path, wide).trials == 20
    assert spaces.load(tmp_path, hole).trials == 6, "as many as there are designs"
    assert spaces.load(tmp_path, wide + "search: {budget: {trials: 7}}").trials == 7
    assert spaces.load(tmp_path, wide + "search: {budget: {hours: 1}}").trials is None
    assert spaces.load(tmp_path, hole + "search: {sampler: grid}").trials == 6
    assert spaces.load(tmp_path, hole + "search: {sampler: grid, budget: {trials: 4}}").trials == 4
    path = spaces.write(tmp_path, wide + "search: {budget: {trials: 7}}")
    assert load_spec(path, trials=9).trials == 9


def test_known_configs_come_first(tmp_path: Path) -> None:
    spec = spaces.load(
        tmp_path,
        """\
pretext:
  choice:
    - none
    - puzzling: {grid: {choice: [2, 3]}, flag: {int: [1, 4]}}
network: {choice: {small: {backbone: resnet10}, large: {backbone: resnet50, dropout: {float: [0, 0.5]}}}}
schedule: {multi_step: {epochs: [{int: [1, 3]}, 9]}}
search:
  enqueue:
    - pretext: none
    - pretext: puzzling
    - pretext: {puzzling: {flag: 4}}
      network: small
    - network: {backbone: resnet50, dropout: 0.25}
    - schedule: {multi_step: {epochs: [2, 9]}}
      data: {image_px: 64}
""",
    )
    assert spec.enqueued == (
        {"pretext": "none"},
        {"pretext": "puzzling"},
        {"pretext": "puzzling", "pretext.puzzling.flag": 4, "network": "small"},
        {"network": "large", "network.dropout": 0.25},
        {"schedule.multi_step.epochs.0": 2},
    )


def test_a_grid_visits_known_configs_first_and_each_combination_once(tmp_path: Path) -> None:
    holes = "seed: {int: [0, 2]}\npretext: {choice: [none, {rotation: {grid: {choice: [2, 3]}}}]}\n"
    search = "search: {sampler: grid, enqueue: [{seed: 1, pretext: {rotation: {grid: 3}}}, {pretext: none}]}"
    spec = spaces.load(tmp_path, holes + search)
    plain = spaces.load(tmp_path, holes + "search: {sampler: grid}")
    assert len(spec.enqueued) == len(plain.enqueued) == spec.space.size() == 9
    assert spec.enqueued[0] == {"seed": 1, "pretext": "rotation", "pretext.rotation.grid": 3}
    assert [params["pretext"] for params in spec.enqueued[1:4]] == ["none"] * 3
    assert {frozenset(p.items()) for p in spec.enqueued} == {frozenset(p.items()) for p in plain.enqueued}


def test_a_grid_gives_each_known_arm_its_first_seed_before_any_its_second(tmp_path: Path) -> None:
    holes = "seed: {choice: [0, 1, 2]}\npretext: {choice: [none, {rotation: {grid: {choice: [2, 3]}}}]}\n"
    arms = "[{pretext: {rotation: {grid: 3}}}, {pretext: none}]"
    spec = spaces.load(tmp_path, f"{holes}search: {{sampler: grid, enqueue: {arms}, budget: {{trials: 6}}}}")
    assert spec.trials == 6
    tried = [(p["pretext"], p.get("pretext.rotation.grid"), p["seed"]) for p in spec.enqueued[:6]]
    assert tried == [(*arm, seed) for seed in range(3) for arm in (("rotation", 3), ("none", None))]


def test_a_large_space_is_read_in_seconds(tmp_path: Path) -> None:
    magnitudes = "".join(
        f"      {key}: {{choice: [0.0, {', '.join(str(i / 50) for i in range(1, 40))}]}}\n"
        for key in ("zoom", "contrast", "brightness", "cutout", "noise")
    )
    began = time.monotonic()
    spec = spaces.load(tmp_path, f"augmentation:\n  choice:\n  - none\n  - heavy:\n{magnitudes}")
    assert spec.space.size() == 40**5 + 1
    assert time.monotonic() - began < 5


def test_an_unknown_key_is_said_once_whichever_option_fills_it(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text(
        "data: {train: {dataset: rendered-heads}}\npretxt:\n  choice:\n    - none\n    - {puzzling: {}}\n"
    )
    with pytest.raises(InputError) as raised:
        load_spec(space)
    assert [(fault.where, fault.line) for fault in raised.value.faults] == [("pretxt", 2)]
