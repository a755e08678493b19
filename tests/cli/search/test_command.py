from __future__ import annotations

import io
import json
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.cli.search.progress import SearchProgress
from nasbench_mobile.cli.shared.model_argument import parse_subject
from nasbench_mobile.runs.event_log import read_log, same_run
from nasbench_mobile.runs.events import Tell
from nasbench_mobile.search.problem import Outcome
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.studies.study import Study
from nasbench_mobile.training.trainer import EpochReport
from nasbench_mobile.types import Failure, LatencyReading, Measurement
from tests.image_search.made_up import the_log

Command = Callable[..., Any]
TINY = (
    "--width", "0.1", "--train-images", "60", "--validation-images", "20", "--epochs", "1",
    "--set", "batch_size=6", "--top", "1",
)  # fmt: skip
DIGITS = ("--data", "digits", "--strategy", "random", "--budget", "2", *TINY)


def test_a_search_ends_with_the_best_and_is_not_done_twice(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "s"
    done = command("search", *DIGITS, "--target-ms", 60, "--out", out, "--json")
    summary = done.json
    assert done.err == ""
    assert summary == json.loads((out / "best.json").read_text())
    assert (summary["candidates"], summary["failures"], summary["target_ms"]) == (2, {}, 60)
    [best] = summary["best"]
    [run] = Study.open(out).runs()
    chosen = max(run.trials, key=lambda trial: trial.reward or 0)
    assert best["tokens"] == list(chosen.tokens)
    assert best["reward"] == chosen.reward
    assert json.loads(Path(best["record"]).read_text()) == best
    assert Path(best["tflite"]).read_bytes()[4:8] == b"TFL3"
    assert min(row["latency_ms"] for row in summary["front"]) == summary["front"][0]["latency_ms"]
    log, epochs = the_log(out).read_bytes(), sorted((out / "trainings").iterdir())
    assert [path.suffix for path in epochs] == [".json", ".json"]
    assert command("search", *DIGITS, "--target-ms", 60, "--out", out, "--json").json == summary
    assert command("resume", out, "--json").json["best"][0] == best
    assert the_log(out).read_bytes() == log
    other = command("search", *DIGITS, "--budget", 3, "--seed", 1, "--target-ms", 60, "--out", out)
    assert other.code == 2
    assert "--budget 3, there 2; --seed 1, there 0" in other.err


def test_the_train_command_is_of_that_architecture(command: Command, tmp_path: Path) -> None:
    summary = command("search", *DIGITS, "--budget", 1, "--out", tmp_path / "s", "--json").json
    [best] = summary["best"]
    program, name, model, *words = shlex.split(best["train"])
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert (program, name) == ("nasbench-mobile", "train")
    assert parse_subject(model, given["--space"]).tokens == tuple(best["tokens"])
    assert (given["--recipe"], given["--input-size"]) == ("full", "224")
    small = ("--train-images", 20, "--validation-images", 10, "--epochs", 1, "--width", 0.1)
    cheap = (*small, "--set", "batch_size=4", "--input-size", 32, "--json")
    refused = command("export", "--from", best["record"], "-o", tmp_path / "x.tflite")
    assert refused.code == 2
    assert (
        "is of a search's network, which is untrained; train it with `nasbench-mob" in refused.err
    )
    assert command(name, model, *words, *cheap).json["recipe"]["name"] == "full"
    exported = command(*shlex.split(best["export"])[1:], "--json").json
    assert exported["input_size"] == 32
    assert exported["record"] == str(tmp_path / "s" / "full-1" / "training.json")


def test_people_see_epochs_and_candidates(command: Command, tmp_path: Path) -> None:
    done = command(
        "search", *DIGITS, "--strategy", "local-search", "--start-from", "mnasnet-a1", "--out",
        tmp_path / "s",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "candidate 2 of 2:" in done.err
    assert done.err.count("epoch 1 of 1, accuracy") == 2
    assert done.err.count("hint: 32 px leave a last feature map of 1 pixel") == 1
    assert done.err.count(" reward ") == 3  # one of them in the headline
    assert "T = 75 ms (the paper's)" in done.err
    assert "nasbench-mobile train " in done.out
    summary = json.loads((tmp_path / "s" / "best.json").read_text())
    highest = max(row["accuracy"] for row in summary["front"])
    assert ("beware" in done.out) == (highest < 1.5 * 0.1)  # ten classes
    page = (tmp_path / "s" / "report.html").read_text()
    assert "nasbench-mobile search" in page
    assert "2 of 2 trainings spent" in command("report", tmp_path / "s").out


def test_where_every_training_fails_it_says_why(command: Command, tmp_path: Path) -> None:
    done = command(
        "search", *DIGITS, "--time-limit-s", 1e-6, "--budget", 1, "--out", tmp_path / "s"
    )
    assert done.code == 1
    assert "no candidate got a reward; the training took longer than its limit" in done.err


def test_ctrl_c_says_how_to_go_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    arguments = ("search", *DIGITS, "--budget", 1, "--out", tmp_path / "s", "--json")
    with monkeypatch.context() as patched:
        patched.setattr(SearchProgress, "epoch", interrupt)
        done = command(*arguments)
    assert done.code == 130
    assert f"nasbench-mobile resume {tmp_path / 's'}" in done.err.replace("\n", " ")
    [checkpoint] = half_trained(tmp_path / "s")
    assert torch.load(checkpoint, weights_only=True)["step"] == 15  # the epoch is kept
    assert command(*arguments).json["candidates"] == 1


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the system stops writing there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_the_search_not_a_trial(command: Command, tmp_path: Path) -> None:
    arguments = ("search", *DIGITS, "--out", tmp_path / "s", "--json")
    with full_disk(50_000):
        done = command(*arguments)
    assert done.code == 1
    assert "cannot write" in done.err
    assert "Traceback" not in done.err
    assert not any(isinstance(event, Tell) for event in read_log(the_log(tmp_path / "s")).events)
    assert command(*arguments).json["candidates"] == 2


def broken_image(folder: Path, write_images: Callable[..., None]) -> None:
    write_images(folder, [f"c{label}/{number}.jpg" for label in range(2) for number in range(20)])
    image = folder / "c0/3.jpg"
    image.write_bytes(image.read_bytes()[:200])


@pytest.fixture
def write_images() -> Callable[..., None]:
    """`write_images(folder, names)`: small JPEG files of noise."""
    from PIL import Image

    def write(folder: Path, names: list[str], side: int = 12) -> None:
        for number, name in enumerate(names):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise((side, side), 20 + number).convert("RGB").save(folder / name)

    return write


def test_mistakes_about_data_are_named(
    command: Command, tmp_path: Path, write_images: Callable[..., None]
) -> None:
    empty, single, cut = tmp_path / "empty", tmp_path / "single", tmp_path / "cut"
    empty.mkdir()
    write_images(single, [f"only/{number}.jpg" for number in range(4)])
    broken_image(cut, write_images)
    for data, options, code, said in (
        (empty, (), 2, "has no images"),
        (single, (), 2, "has one class"),
        (cut, ("--validation-images", 40), 2, "does not fit a set of 40"),
        (cut, ("--validation-images", 10, "--train-images", 31), 2, "train_images is 31"),
        (cut, ("--validation-images", 10), 1, "c0/3.jpg"),
    ):
        out = tmp_path / "s"
        done = command("search", "--data", data, "--budget", 1, *options, "--out", out)
        assert (done.code, said in done.err) == (code, True), done.err
        assert "Traceback" not in done.err
        assert not out.exists()


def test_a_broken_image_that_is_met_while_training_ends_the_search(
    command: Command, tmp_path: Path, write_images: Callable[..., None]
) -> None:
    names = [f"c{label}/{number}.jpg" for label in range(2) for number in range(30)]
    write_images(tmp_path / "set", names, side=140)  # too large to be decoded beforehand
    image = tmp_path / "set/c0/3.jpg"
    image.write_bytes(image.read_bytes()[:200])
    arguments = (
        "search", "--data", tmp_path / "set", "--budget", 1, "--input-size", 32, "--width", 0.1,
        "--epochs", 1, "--validation-images", 6, "--top", 1,
    )  # fmt: skip
    done = command(*arguments, "--out", tmp_path / "fail")
    assert done.code == 1
    assert "c0/3.jpg" in done.err
    with pytest.warns(match="c0/3.jpg"):
        done = command(*arguments, "--broken", "skip", "--out", tmp_path / "skip", "--json")
    assert "--broken skip" in done.json["best"][0]["train"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--strategy", "pppo"), "did you mean 'ppo'"),
        (("--strategy", "random,ppo"), "name one strategy"),
        (("--space", "mnasnet:bocks=3"), "has no option 'bocks'"),
        (("--latency", "pixel2"), "latency is 'pixel2'"),
        (("--accelerator", "nonsense"), "cannot be used"),
        (("--objective", "softish"), "objective is 'softish'"),
        (("--set", "dropout=null"), "dropout=null cannot be kept"),
        (("--time-limit-s", "0"), "limit time_s is 0"),
        (("--train-images", "17"), "a batch would have 1 image, and needs 2"),
    ],
)
def test_mistakes_are_named_and_can_be_corrected(
    command: Command, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "s"
    done = command("search", *DIGITS, *options, "--out", out)
    assert done.code == 2
    assert said in done.err
    assert not (out / "study.json").exists()


def test_a_folder_with_other_things_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    done = command("search", *DIGITS, "--out", tmp_path)
    assert done.code == 2
    assert "not empty and holds no search" in done.err


def test_other_data_under_the_same_name_is_refused(
    command: Command, tmp_path: Path, write_images: Callable[..., None]
) -> None:
    names = [f"c{label}/{number}.jpg" for label in range(2) for number in range(15)]
    write_images(tmp_path / "set", names)
    arguments = (
        "search", "--data", tmp_path / "set", "--budget", 1, "--width", 0.1, "--epochs", 1,
        "--validation-images", 6, "--top", 1, "--out", tmp_path / "s",
    )  # fmt: skip
    first = command(*arguments)
    assert first.code == 0, first.err
    write_images(tmp_path / "set", ["c0/new.jpg"])
    again = command(*arguments)
    assert again.code == 2
    assert "images were added, removed or renamed" in again.err


def test_a_terminal_shows_the_candidate_under_way() -> None:
    space = MnasNetSpace()
    screen = Console(file=io.StringIO(), force_terminal=True, width=200, highlight=False)
    found = Measurement(accuracy=0.4, latency_ms=20.0)
    with SearchProgress(None, 5, 2.0, screen) as progress:
        progress.begins(Architecture(space, (0,) * len(space.decisions)), 1.0)
        progress.latency(LatencyReading(20.0))
        progress.epoch(EpochReport(1.0, 2.0, 0.3, 4.0))
        line = progress.line().plain
        assert "candidate 1 of 5, 20 ms, epoch 1 of 2, accuracy 30.00%" in line
        assert "no reward yet" in line
        progress.ends(Outcome(found, 0.5, found))
        progress.begins(Architecture(space, (0,) * len(space.decisions)), 1.0)
        progress.ends(Failure("out of memory"))
        said = progress.line().plain
        assert "best 0.5000 (40.00%, 20 ms), less than a minute for the other 3 trainings" in said
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "reward 0.5000" in shown
    assert "failed after 0 s: out of memory" in shown


SCRIPT = "from nasbench_mobile.cli import main; main()"


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def killed_when(ready: Callable[[], bool], *arguments: object) -> None:
    """Start a command and kill it, without notice, as soon as something is so."""
    driver = start(*arguments)
    while driver.poll() is None and not ready():
        time.sleep(0.005)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert driver.returncode == -signal.SIGKILL, "it ended before it could be killed"


def told(folder: Path) -> int:
    logs = list(folder.glob("runs/*/*.jsonl"))
    return logs[0].read_bytes().count(b'"event":"tell"') if logs else 0


def half_trained(folder: Path) -> list[Path]:
    """Checkpoints of trainings under way, written within an epoch."""
    return list((folder / "trainings").glob("[0-9a-f]*.pt"))


@pytest.mark.slow
def test_killed_within_a_training_it_ends_as_if_it_had_not_been(
    command: Command, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = ("search", *DIGITS, "--strategy", "ppo", "--batch", 2, "--budget", 4)
    assert command(*arguments, "--out", whole).code == 0
    killed_when(
        lambda: told(cut) >= 1 and bool(half_trained(cut)),
        *arguments, "--checkpoint-s", 0.1, "--out", cut,
    )  # fmt: skip
    [checkpoint] = half_trained(cut)
    state = torch.load(checkpoint, weights_only=True)
    assert 0 < state["step"] <= 15
    prefix = the_log(cut).read_bytes()
    assert command(*arguments, "--out", cut).code == 0
    assert the_log(cut).read_bytes().startswith(prefix)
    assert same_run(the_log(whole), the_log(cut))
    assert half_trained(cut) == []


@pytest.mark.slow
def test_successive_halving_killed_within_a_full_training_ends_with_full_trainings(
    command: Command, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    halving = ("--strategy", "successive-halving:min_fidelity=0.25", "--budget", 4)
    arguments = ("search", *DIGITS, *halving, "--top", 2)
    people = command(*arguments, "--out", whole)
    assert people.code == 0, people.err
    assert "candidate 5 (in full), 2 of 4 trainings spent: accuracy" in people.err
    assert "10 candidates (0 repeats, 8 trained for a part of the full training, 0" in people.out
    killed_when(
        lambda: told(cut) >= 4 and bool(half_trained(cut)),
        *arguments, "--checkpoint-s", 0.1, "--out", cut,
    )  # fmt: skip
    prefix = the_log(cut).read_bytes()
    so_far = command("report", cut)
    assert f"nasbench-mobile resume {cut}" in so_far.err + (cut / "report.html").read_text()
    summary = command("resume", cut, "--json").json
    assert the_log(cut).read_bytes().startswith(prefix)
    assert same_run(the_log(whole), the_log(cut))
    [run] = Study.open(cut).runs()
    trained = {number: trial.measurement for number, trial in enumerate(run.trials, start=1)}
    epochs = {number: found.fidelity.epochs for number, found in trained.items()
              if found and found.fidelity and found.fidelity.epochs}  # fmt: skip
    full = {number for number, share in epochs.items() if share == 1.0}
    assert sorted(epochs.values()) == [0.25] * 8 + [1.0] * 2
    assert {row["candidate"] for row in summary["best"]} == full
    assert command("report", cut, "--json").json == summary


@pytest.mark.slow
def test_tiny_imagenet_on_this_host(command: Command, tmp_path: Path, shared_folder: Path) -> None:
    data = shared_folder / "data/tiny-imagenet-20/tiny-imagenet-20cls.tar"
    if not data.is_file():
        pytest.skip(f"{data} is not there")
    out = tmp_path / "s"
    arguments = (
        "search", "--data", data, "--strategy", "ppo", "--batch", 2, "--latency", "host",
        "--budget", 6, "--epochs", 1, "--width", 0.1, "--input-size", 32, "--train-images", 100,
        "--validation-images", 20, "--set", "batch_size=10", "--top", 1, "--out", out, "--json",
    )  # fmt: skip
    measured = out / "latencies.json"

    def in_the_second_batch() -> bool:
        return told(out) >= 1 and len(json.loads(measured.read_bytes())) >= 3

    killed_when(in_the_second_batch, *arguments)
    prefix, latencies = the_log(out).read_bytes(), json.loads(measured.read_bytes())
    summary = command(*arguments).json
    assert summary["candidates"] == 6
    assert the_log(out).read_bytes().startswith(prefix)
    [run] = Study.open(out).runs()
    assert run.finished
    kept = {tuple(row["tokens"]): row["latency_ms"] for row in latencies}
    space = MnasNetSpace()
    found = [t for t in run.trials if t.measurement and space.canonical(t.tokens) in kept]
    assert len(found) >= 3  # what was measured before it was killed was not measured again
    assert all(
        t.measurement and t.measurement.latency_ms == kept[space.canonical(t.tokens)] for t in found
    )
    assert {m.fidelity.width for t in found if (m := t.measurement) and m.fidelity} == {0.1}
    assert run.header.benchmark["latency"]["kind"] == "measured"
