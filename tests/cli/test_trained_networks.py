"""`export`, `measure` and `describe` of what `train` left: its record says which network it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from nasbench_mobile import catalog
from nasbench_mobile.cli import training
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.networks.tflite_file import read_tflite
from nasbench_mobile.plugins.code_files import code_of_file
from nasbench_mobile.training.preparation import Preparation

Command = Callable[..., Any]
FEW = (
    "--data", "digits", "--train-images", 80, "--validation-images", 20, "--epochs", 1,
    "--set", "batch_size=8", "--accelerator", "cpu",
)  # fmt: skip
SMALL = ("mnasnet-small", "--width", 0.1, "--stem-stride", 1, *FEW)
QUICK = ("--pairs", 10, "--interval", "100%", "--nominal-ms", 8)
CHAIN = "stem8 sepconv_r1_k3_s2_e1_o8_noskip head16 dropout0.0 relu"
OLD = Path(__file__).parents[1] / "data/compatibility/v1/training"

pytest.importorskip("sklearn", reason="digits come with scikit-learn (extra 'train')")


@pytest.fixture
def trained(command: Command, tmp_path: Path) -> Path:
    assert command("train", *SMALL, "--out", tmp_path / "t").code == 0
    return tmp_path / "t"


def network(stem_stride: int = 1) -> Network:
    return with_stem_stride(zoo.network("mnasnet-small", 0.1, 32, classes=10), stem_stride)


def images() -> torch.Tensor:
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def answers(network: Network, weights: Path) -> NDArray[np.float32]:
    """What a network answers with the weights of a training, computed apart from the commands."""
    module = to_module(network).eval()
    module.load_state_dict(torch.load(weights, weights_only=True))
    with torch.no_grad():
        return np.asarray(module(images()).numpy())


def exported(path: Path) -> NDArray[np.float32]:
    classify = Interpreter(str(path), num_threads=1).get_signature_runner()
    every = [classify(image=one[None].permute(0, 2, 3, 1).numpy())["output"] for one in images()]
    return np.concatenate(every)


def assert_same(one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    assert np.abs(one - other).max() <= 1e-5 * np.abs(other).max()


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--recipe", "full"),  # its weights are averaged
        ("--precision", "bf16", "--loaders", 1),
        ("--recipe", "full", "--precision", "bf16", "--set", "evaluation_crop=1.0", "--seed", 3),
    ],
    ids=["proxy", "averaged", "bf16", "all"],
)
def test_what_is_exported_answers_as_what_was_trained(
    command: Command, tmp_path: Path, options: tuple[Any, ...]
) -> None:
    """Weights fit a stem of stride 2 too, and another network would answer otherwise."""
    out, path = tmp_path / "t", tmp_path / "t.tflite"
    record = command("train", *SMALL, *options, "--out", out, "--json").json
    facts = command("export", "--from", out, "-o", path, "--json").json
    assert_same(exported(path), answers(network(), out / "weights.pt"))
    other = answers(network(2), out / "weights.pt")
    assert np.abs(exported(path) - other).max() > 1e-3 * np.abs(other).max()
    assert (facts["input_size"], facts["stem_stride"], facts["classes"]) == (32, 1, 10)
    assert facts["class_names"] == record["classes"] == [str(digit) for digit in range(10)]
    crop = 1.0 if "evaluation_crop=1.0" in options else 0.875
    prepared = Preparation(32, crop, "side", "float32").record()
    assert facts["preparation"] == record["preparation"] == prepared
    assert record["precision"] == ("bf16" if "bf16" in options else "32")
    assert facts["notes"] == []


def test_the_record_of_a_resumed_training_is_that_of_one_never_stopped(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = (*SMALL, "--recipe", "full", "--epochs", 2)
    whole = command("train", *longer, "--out", tmp_path / "whole", "--json").json

    def stop(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(training, "_print_epoch", stop)
        assert command("train", *longer, "--out", tmp_path / "t").code == 130
    refused = command("export", "--from", tmp_path / "t", "-o", tmp_path / "t.tflite")
    assert refused.code == 2
    assert "has not ended" in refused.err
    record = command("train", *longer, "--out", tmp_path / "t", "--json").json
    times = {"cost_s", "history"}
    assert {k: v for k, v in record.items() if k not in times} == {
        k: v for k, v in whole.items() if k not in times
    }
    assert command("export", "--from", tmp_path / "t", "-o", tmp_path / "t.tflite").code == 0


def test_every_command_takes_the_training_alone(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    facts = command("export", "--from", trained, "-o", tmp_path / "a.tflite", "--json").json
    frame = {key: facts[key] for key in ("width", "input_size", "stem_stride")}
    assert frame == {"width": 0.1, "input_size": 32, "stem_stride": 1}
    record = json.loads((trained / "training.json").read_text())
    said = command("describe", "--from", trained / "training.json", "--json").json
    assert frame.items() <= said.items()
    assert said["parameters"] == facts["parameters"]
    assert said["accuracy"]["top1"] == record["accuracy"]
    assert said["accuracy"]["test_top1"] == record["test_accuracy"]
    shown = command("describe", "--from", trained).out
    assert "32 px, stem stride 1, 10 classes" in shown
    found = command("measure", "--from", trained, *QUICK, "--json").json
    assert frame.items() <= found.items()
    assert found["model"] == "mnasnet-small x0.1 at 32 stem stride 1"
    assert 0 < facts["bytes"] - found["bytes"] < 10_000  # what the file says of itself
    again = command(
        "export", "mnasnet-small", "--weights", trained / "weights.pt", "-o", tmp_path / "b.tflite",
        "--json",
    ).json  # fmt: skip
    assert (tmp_path / "b.tflite").read_bytes() == (tmp_path / "a.tflite").read_bytes()
    assert again["record"] == str(trained / "training.json")


@pytest.mark.parametrize("command_name", ["export", "measure", "describe"])
@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (("--stem-stride", 2), ("--stem-stride", 1), "--stem-stride is 2, but the training was of"),
        (("--input-size", 224), ("--input-size", 32), "--input-size is 224, but the training was"),
        (("--classes", 1000), ("--classes", 10), "--classes is 1000, but the training was of 10"),
        (("--width", 1), ("--width", 0.1), "--width is 1.0, but the training was of"),
    ],
)
def test_options_that_contradict_the_record_are_refused(
    command: Command, trained: Path, tmp_path: Path, command_name: str,
    wrong: tuple[Any, ...], right: tuple[Any, ...], said: str,
) -> None:  # fmt: skip
    options = {"export": ("-o", tmp_path / "x.tflite"), "measure": QUICK, "describe": ()}
    asked = (command_name, "--from", trained, *options[command_name])
    refused = command(*asked, *wrong)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert str(trained / "training.json") in refused.err
    assert not (tmp_path / "x.tflite").exists()
    assert command(*asked, *right).code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("mnasnet-a1",), "MODEL is mnasnet-a1, but"),
        (("mnasnet-small", "--stem-stride", 2), "--stem-stride is 2"),
        (("mnasnet-small", "--width", 0.35), "--width is 0.35"),
        (("mnasnet-small", "--input-size", 64), "--input-size is 64"),
        (("mnasnet-small", "--seed", 4), "--seed is 4"),
    ],
)
def test_a_record_beside_the_weights_is_read_too(
    command: Command, trained: Path, tmp_path: Path, options: tuple[Any, ...], said: str
) -> None:
    weights = ("--weights", trained / "weights.pt", "-o", tmp_path / "x.tflite")
    refused = command("export", *options, *weights)
    assert refused.code == 2
    assert said in refused.err


def test_the_same_network_in_other_words_is_no_contradiction(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    words = json.loads((trained / "training.json").read_text())["block_string"]
    weights = ("--weights", trained / "weights.pt", "-o", tmp_path / "x.tflite")
    assert command("export", words, *weights).code == 0
    assert_same(exported(tmp_path / "x.tflite"), answers(network(), trained / "weights.pt"))


def test_weights_under_another_name_are_known_by_their_hash(
    command: Command, trained: Path, tmp_path: Path
) -> None:
    """Of others a note says what was taken as given."""
    (trained / "weights.pt").rename(trained / "mine.pt")
    asked = ("export", "mnasnet-small", "--json", "--force", "-o", tmp_path / "x.tflite")
    facts = command(*asked, "--weights", trained / "mine.pt").json
    assert (facts["input_size"], facts["stem_stride"], facts["notes"]) == (32, 1, [])
    shutil.move(trained / "mine.pt", tmp_path / "alone.pt")
    frame = ("--width", 0.1, "--classes", 10)
    facts = command(*asked, *frame, "--weights", tmp_path / "alone.pt").json
    assert (facts["input_size"], facts["stem_stride"], facts["record"]) == (224, 2, None)
    [note] = facts["notes"]
    assert "224 px and stem stride 2 are taken as given" in note
    given = ("--input-size", 32, "--stem-stride", 1, "--weights", tmp_path / "alone.pt")
    assert command(*asked, *frame, *given).code == 0
    assert_same(exported(tmp_path / "x.tflite"), answers(network(), tmp_path / "alone.pt"))


def test_a_network_or_a_training_is_named(command: Command, trained: Path, tmp_path: Path) -> None:
    for name, *options in (("export", "-o", tmp_path / "x"), ("measure",), ("describe",)):
        neither = command(name, *options)
        both = command(name, "mnasnet-small", "--from", trained, *options)
        assert (neither.code, both.code) == (2, 2)
        assert "name a MODEL, or a training with --from FOLDER: neither was given" in neither.err
        assert "both were given" in both.err
    file = command("measure", tmp_path / "x.tflite", "--from", trained)
    assert file.code == 2
    assert "is measured as it is" in file.err


def test_places_without_a_training_are_said(command: Command, tmp_path: Path) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search.json").write_text("{}")
    for place, said in (
        ("nowhere", "there is no training at nowhere"),
        (tmp_path, "holds no training.json; --from is the folder that `train --out` wrote"),
        (tmp_path / "search", "is a search, whose networks are untrained; train one with"),
    ):
        done = command("describe", "--from", place)
        assert done.code == 2
        assert said in done.err


@pytest.mark.parametrize("name", ["export", "measure"])
def test_weights_that_are_not_those_recorded_are_refused(
    command: Command, trained: Path, tmp_path: Path, name: str
) -> None:
    """A byte may be flipped so that every checksum of the file itself is right."""
    options = ("-o", tmp_path / "x.tflite") if name == "export" else QUICK
    weights = torch.load(trained / "weights.pt", weights_only=True)
    weights["head/dense.bias"][0] += 1
    torch.save(weights, trained / "weights.pt")
    done = command(name, "--from", trained, *options)
    assert done.code == 1
    assert "is not the file that its training wrote" in done.err
    (trained / "weights.pt").unlink()
    done = command(name, "--from", trained, *options)
    assert done.code == 2
    assert "there are no weights at" in done.err
    assert "the same `nasbench-mobile train` command writes them anew" in done.err
    assert command("describe", "--from", trained).code == 0


def test_a_damaged_record_is_told(command: Command, trained: Path) -> None:
    (trained / "training.json").write_text("{")
    done = command("describe", "--from", trained)
    assert done.code == 1
    assert "training.json is damaged: it is not JSON" in done.err


def test_a_record_whose_network_is_built_otherwise_now_is_refused(
    command: Command, trained: Path
) -> None:
    record = json.loads((trained / "training.json").read_text())
    record["block_string"] = CHAIN
    (trained / "training.json").write_text(json.dumps(record))
    done = command("describe", "--from", trained)
    assert done.code == 1
    assert "mnasnet-small has another block string in this version" in done.err


# Networks that have no name.

SPACE = """
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace

{ran}


class Chains(MnasNetCoarseSpace):
    name = "mine"


class Networks:
    name = "mine"

    def __init__(self):
        self._inner = MnasNetCoarseSpace()
        self.decisions = self._inner.decisions

    def validate(self, tokens):
        return self._inner.validate(tokens)

    def describe(self, tokens):
        return f"coarse {{list(tokens)}}"

    def network(self, tokens, **frame):
        return self._inner.network(tokens, **frame)
"""
RAN = "from pathlib import Path; Path(__file__).with_name('ran.txt').touch()"
TOKENS = "0,1,0,1,0"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with spaces of one's own, which leaves `ran.txt` beside it where it is run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_space.py").write_text(SPACE.format(ran=RAN))
    return tmp_path / "my_space.py"


def sizes(facts: dict[str, Any]) -> tuple[int, int]:
    return facts["parameters"], facts["multiply_adds"]


@pytest.mark.parametrize(
    "words",
    [(TOKENS, "--space", "mnasnet-coarse"), (",".join("0" * 42),), (CHAIN,)],
    ids=["tokens", "space found", "block string"],
)
def test_tokens_and_block_strings_are_found_again(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    frame = ("--width", 0.1, "--stem-stride", 1)
    assert command("train", *words, *frame, *FEW, "--out", tmp_path / "t").code == 0
    known = command(
        "describe", *words, *frame, "--input-size", 32, "--classes", 10, "--json"
    ).json  # fmt: skip
    found = command("describe", "--from", tmp_path / "t", "--json").json
    assert sizes(found) == sizes(known)
    assert (found["model"], found["block_string"]) == (known["model"], known["block_string"])
    assert command("export", "--from", tmp_path / "t", "-o", tmp_path / "x.tflite").code == 0


def test_cells_are_found_again(command: Command, tmp_path: Path) -> None:
    from nasbench_mobile.spaces.nasnet import NasNetSpace

    tokens = ",".join("0" * len(NasNetSpace().decisions))
    frame = ("--width", 0.1, "--input-size", 32)
    assert command("train", tokens, *frame, *FEW, "--out", tmp_path / "t").code == 0
    known = command("describe", tokens, *frame, "--classes", 10, "--json").json
    assert sizes(command("describe", "--from", tmp_path / "t", "--json").json) == sizes(known)


def test_a_chain_of_ones_own_space_needs_no_code(
    command: Command, own: Path, tmp_path: Path
) -> None:
    """Its block string says the network; the file may be gone, and is not run."""
    asked = (TOKENS, "--space", "my_space.py:Chains", "--width", 0.1)
    record = command("train", *asked, *FEW, "--out", "t", "--json").json
    assert record["space"] == f"{own}:Chains"
    assert record["space_code"] == f"sha256:{code_of_file(own).sha256}"
    assert record["tokens"] == [0, 1, 0, 1, 0]
    known = command("describe", *asked, "--input-size", 32, "--classes", 10, "--json").json
    (tmp_path / "ran.txt").unlink()
    own.unlink()
    found = command("describe", "--from", "t", "--json").json
    assert sizes(found) == sizes(known)
    assert found["model"] == "mine[0, 1, 0, 1, 0]"
    assert command("export", "--from", "t", "-o", "t.tflite").code == 0
    assert not (tmp_path / "ran.txt").exists()


def test_another_network_of_ones_own_space_runs_the_code_that_was_recorded(
    command: Command, own: Path, tmp_path: Path
) -> None:
    asked = (TOKENS, "--space", "my_space.py:Networks", "--width", 0.1)
    record = command("train", *asked, *FEW, "--out", "t", "--json").json
    assert (record["block_string"], record["cells"]) == (None, "coarse [0, 1, 0, 1, 0]")
    done = command("export", "--from", "t", "-o", "t.tflite")
    assert done.code == 0
    assert f"runs code for the space: {own} (sha256:" in done.err
    text = own.read_text()
    own.write_text(text + "\n# edited\n")
    refused = command("describe", "--from", "t")
    assert refused.code == 2
    assert "bring that one back" in refused.err
    other = command("describe", "--from", "t", "--space", "my_space.py:Networks")
    assert other.code == 2
    moved = tmp_path / "moved.py"
    moved.write_text(text)
    own.unlink()
    assert command("describe", "--from", "t").code == 2
    assert command("describe", "--from", "t", "--space", "moved.py:Networks").code == 0
    wrong = command("describe", "--from", "t", "--space", "mnasnet-coarse")
    assert wrong.code == 2
    assert "--space is mnasnet-coarse, but the training was of" in wrong.err


def test_code_in_a_trainings_own_folder_is_not_run_unasked(
    command: Command, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "t").mkdir()
    inside = own.rename(tmp_path / "t" / "my_space.py")
    asked = (TOKENS, "--space", "t/my_space.py:Networks", "--width", 0.1)
    assert command("train", *asked, *FEW, "--out", "t").code == 0
    (tmp_path / "t" / "ran.txt").unlink()
    for name in list(sys.modules):
        if name.startswith("nasbench_mobile_user_my_space"):
            del sys.modules[name]  # as in a process that has not run it
    refused = command("describe", "--from", "t")
    assert refused.code == 2
    assert f"is code in the training's own folder, {inside}" in refused.err
    assert not (tmp_path / "t" / "ran.txt").exists()
    assert command("describe", "--from", "t", "--space", "t/my_space.py:Networks").code == 0


class Installed:
    """A distribution, as importlib.metadata gives it."""

    name, version, requires = "their-spaces", "1.2.3", ()


class Point:
    """A space of an installed package."""

    dist = Installed()

    def load(self) -> Any:
        return catalog.load("space", "mnasnet-coarse")


def test_a_space_of_a_package_is_recorded_with_its_version(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(catalog, "_entry_points", lambda kind: {"theirs": Point()})
        asked = (TOKENS, "--space", "theirs", "--width", 0.1, *FEW, "--out", tmp_path / "t")
        record = command("train", *asked, "--json").json
        assert (record["space"], record["space_code"]) == ("theirs", "their-spaces 1.2.3")
        known = command("describe", "--from", tmp_path / "t", "--json").json
        assert known["notes"] == []
        patched.setattr(Installed, "version", "2.0")
        [note] = command("describe", "--from", tmp_path / "t", "--json").json["notes"]
        assert "the space theirs is their-spaces 2.0 here" in note
        assert "was trained with their-spaces 1.2.3" in note
    found = command("describe", "--from", tmp_path / "t", "--json").json
    assert (sizes(found), found["notes"]) == (sizes(known), [])


# Records of the first schema.


def test_an_old_training_is_exported_and_what_its_record_lacks_is_said(
    command: Command, tmp_path: Path
) -> None:
    shutil.copytree(OLD / "small", tmp_path / "t")
    torch.save(to_module(network(), seed=4).state_dict(), tmp_path / "t" / "weights.pt")
    path = tmp_path / "x.tflite"
    facts = command("export", "--from", tmp_path / "t", "-o", path, "--json").json
    assert_same(exported(path), answers(network(), tmp_path / "t" / "weights.pt"))
    [note] = facts["notes"]
    assert "does not say the hash of its weights, how images were prepared" in note
    # Digits have been prepared in one way ever since.
    known = Preparation.from_record(facts["preparation"])
    assert known == Preparation(32, 0.875, "side", "float32")
    refused = command("export", "--from", tmp_path / "t", "--stem-stride", 2, "-o", path, "--force")
    assert refused.code == 2
    tokens = command("describe", "--from", OLD / "tokens", "--json").json
    assert tokens["model"].startswith("mnasnet[0, 0")
    assert (tokens["width"], tokens["input_size"], tokens["stem_stride"]) == (0.1, 32, 1)


def test_an_old_training_of_a_block_string_is_told_it(command: Command, tmp_path: Path) -> None:
    """The first schema does not say it; what it says is held to all the same."""
    path = tmp_path / "x.tflite"
    refused = command("export", "--from", OLD / "chain", "-o", path)
    assert refused.code == 2
    assert "give it as MODEL, with --weights" in refused.err
    asked = ("export", CHAIN, "--weights", OLD / "chain" / "weights.pt", "-o", path)
    facts = command(*asked, "--json").json
    assert (facts["input_size"], facts["stem_stride"], facts["classes"]) == (32, 1, 10)
    assert any("does not say which network was trained" in note for note in facts["notes"])
    assert read_tflite(path).input_shape == (1, 32, 32, 3)
    assert command(*asked, "--force", "--stem-stride", 2).code == 2


@pytest.mark.slow
def test_one_process_of_several_writes_the_record(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    words = [
        str(word) for word in (*SMALL, "--accelerator-count", 2, "--out", tmp_path / "t", "--json")
    ]
    done = subprocess.run(
        [sys.executable, "-m", "nasbench_mobile", "train", *words],
        capture_output=True, text=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    record = json.loads((tmp_path / "t" / "training.json").read_text())
    assert json.loads(done.stdout) == record
    written = sorted(path.name for path in (tmp_path / "t").iterdir())
    assert written == ["checkpoint.pt", "training.json", "weights.pt"]
    again = subprocess.run(
        [sys.executable, "-m", "nasbench_mobile", "export", "--from", str(tmp_path / "t"),
         "-o", str(tmp_path / "x.tflite"), "--json"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(again.stdout)["notes"] == []
    assert_same(exported(tmp_path / "x.tflite"), answers(network(), tmp_path / "t" / "weights.pt"))
