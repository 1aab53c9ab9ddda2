"""`explain` from a GAN's name to results and figures on disk; a stranger's pretrained pair is explained end to end."""

from __future__ import annotations

import json
import xml.etree.ElementTree
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from shared_data import need
from shared_runs import small_run
from torch import Tensor, nn

from ganatomy.data.catalogue import load as load_data
from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.plan import Plan
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.explanation import Explanation
from ganatomy.results.folder import load
from ganatomy.results.formats import Format, Score
from ganatomy.verbs import explainers
from ganatomy.verbs.answers import Answer
from ganatomy.verbs.asked import Asked, Explainer, Told
from ganatomy.verbs.explain import Wanted, chosen, explain
from ganatomy.verbs.explainers.catalogue import EXPLAINERS, GROUPS
from ganatomy.verbs.places import place_of
from ganatomy.verbs.subject import subject

PAIR = "gan_mnist_wgangp_akanametov"
MINE = """
import torch, ganatomy
from safetensors.torch import load_file
from torch import nn
def block(i, o, k, s): return nn.Sequential(nn.ConvTranspose2d(i, o, k, s), nn.BatchNorm2d(o), nn.ReLU())
class Block(nn.Module):
    def __init__(self, *a): super().__init__(); self.block = block(*a)
    def forward(self, x): return self.block(x)
class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = (64, 256, 3, 2), (256, 128, 4, 1), (128, 64, 3, 2)
        self.model = nn.Sequential(*(Block(*a) for a in sizes), nn.ConvTranspose2d(64, 1, 4, 2), nn.Tanh())
    def forward(self, z): return self.model(z[:, :, None, None])
def make():
    generator = Generator()
    generator.load_state_dict(load_file({path!r}))
    return ganatomy.GAN(generator, ganatomy.Normal(64), ganatomy.Format.picture(channels=1, size=28), data="mnist")
"""


@pytest.fixture(scope="module")
def concepts() -> tuple[Measurer, ...]:
    """With two classifiers, which take some seconds to train: once."""
    return measurers_for(Format.picture(1, 8), load_data("digits"))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, concepts: tuple[Measurer, ...]) -> None:
    """In an empty folder, on budgets of a few samples: what is measured well is tested where it is measured."""
    monkeypatch.chdir(tmp_path)

    def at_hand(format: Format, data: Dataset | None, own: list[Measurer], progress: object) -> tuple[Measurer, ...]:
        return concepts if data is not None and data.name == "digits" else measurers_for(format, None, own=own)

    monkeypatch.setattr("ganatomy.verbs.explain.measurers_for", at_hand)
    monkeypatch.setattr(Asked, "many", lambda self, usual, thorough: min(usual, 24))
    monkeypatch.setattr(explainers.generator, "Plan", lambda samples, images, **how: Plan(32, 8, **how))


@pytest.fixture(scope="module")
def gan() -> GAN:
    networks = DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4, dropout=0.0)
    return GAN(networks.generator(0), networks.latent, networks.format, networks.critic(0), data="digits")


def kept(answers: Iterator[Answer]) -> dict[str, Answer]:
    found = {str(answer.folder): answer for answer in answers}
    for answer in found.values():
        assert load(answer.folder).to_dict() == answer.told.record.to_dict()
        assert answer.said
        figure = answer.folder / "figure.svg"
        assert figure.exists() == (answer.told.figure is not None)
        if figure.exists():
            assert xml.etree.ElementTree.parse(figure).getroot().tag.endswith("svg")
    return found


@pytest.mark.parametrize("name", [n for n, each in EXPLAINERS.items() if not (each.needs_run or each.needs_plane)])
def test_every_explainer_saves_results_that_read_back_and_figures_that_parse(
    name: str, gan: GAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    if EXPLAINERS[name].needs_critic:  # which refuse to judge by fewer
        monkeypatch.setattr(
            Asked, "many", lambda self, usual, thorough: min(usual, 8 if name == "attribution" else 130)
        )
    if name in ("sets", "sensitivity"):  # one search a concept
        monkeypatch.setattr(Asked, "measurers", property(lambda asked: asked.concepts()[:2]))
    found = kept(
        explain(gan, [name], wanted=Wanted(sites=("up1.act",) if name in ("features", "dissection") else None))
    )
    assert found
    assert all(path.startswith(f"findings/{name}") for path in found)
    assert any(answer.told.figure for answer in found.values())
    assert not any(
        hooks for module in gan.generator.modules() for hooks in (module._forward_hooks, module._forward_pre_hooks)
    )


def test_without_names_all_that_apply_are_called(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    table = {
        name: Explainer(
            each.summary,
            lambda asked, name=name: iter(called.append(name) or ()),
            each.needs_data,
            each.needs_critic,
            each.by_default,
        )
        for name, each in EXPLAINERS.items()
    }
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    list(explain(gan))
    assert called == [name for name, each in EXPLAINERS.items() if each.by_default]
    called.clear()
    left: list[str] = []
    list(explain(GAN(gan.generator, gan.latent, gan.format), failed=lambda name, _error: left.append(name)))
    bare = [name for name, each in EXPLAINERS.items() if not (each.needs_data or each.needs_critic)]
    assert called == [name for name in bare if EXPLAINERS[name].by_default]
    assert left == ["critic", "artifacts", "invert"]
    called.clear()
    list(explain(gan, ["latent", "map", "gradients"], failed=lambda name, _error: left.append(name)))
    assert called == [*GROUPS["latent"], "gradients"]


def test_every_explainer_stands_in_one_group() -> None:
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(EXPLAINERS)


@pytest.mark.parametrize(("what", "left"), [((), ["map"]), (["all"], ["map"]), (["map"], ["map"])])
def test_without_a_critic_its_questions_stay_out(
    what: Sequence[str], left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"map": EXPLAINERS["map"], "score": Explainer("", lambda _asked: iter(()), needs_critic=True)}
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    monkeypatch.setattr("ganatomy.verbs.explain.GROUPS", {"all": ("map", "score"), "critic": ("score",)})
    assert chosen(what, critic=False) == left
    for named in (["score"], ["critic"], ["all", "score"]):
        with pytest.raises(UsageError, match="without a critic"):
            chosen(named, critic=False)
    assert chosen(["critic", "all"], critic=True) == ["score", "map"]


def test_what_cannot_be_done_is_said_before_anything_is_done(gan: GAN, tmp_path: Path) -> None:
    nameless = GAN(gan.generator, gan.latent, gan.format)
    for whom, what, said in (
        (gan, ["disection"], "there is no explainer called 'disection'\ndid you mean 'dissection'"),
        (nameless, ["invert"], "'invert' looks at real pictures, and none were named\nname them: --data digits"),
    ):
        with pytest.raises(UsageError, match=said):
            list(explain(whom, what))
    with pytest.raises(UsageError, match="the data 'shapes' are"):
        list(explain(gan, ["invert"], data="shapes"))
    with pytest.raises(UsageError, match="there is no site called"):
        list(explain(gan, ["gradients"], wanted=Wanted(sites=("up1.actt",))))
    assert list(tmp_path.iterdir()) == []


def test_permuted_results_lie_apart_and_are_only_there_for_what_has_a_null(gan: GAN) -> None:
    wanted = Wanted(sites=("up1.act",), permute_labels=4)
    with pytest.raises(UsageError, match="labels were to be permuted for map"):
        list(explain(gan, ["map"], wanted=wanted))
    found = list(explain(gan, ["dissection"], wanted=wanted))
    assert {answer.folder.parent for answer in found} == {Path("findings/permuted-4")}
    assert all(
        "shuffled" in str(answer.told.record.to_dict()["note"])
        for answer in found
        if answer.told.name != "together up1.act"
    )


def test_results_of_before_go_when_new_ones_come_and_nothing_else(gan: GAN) -> None:
    old, other = Path("findings/map-old"), Path("findings/maps-of-mine")
    for folder in (old, other):
        folder.mkdir(parents=True)
        (folder / "finding.json").write_text("{}")
    (old / "notes.txt").write_text("mine")
    list(explain(gan, ["map"]))
    assert sorted(path.name for path in old.iterdir()) == ["notes.txt"]
    assert (other / "finding.json").exists()
    assert Path("findings/map-latents/finding.json").exists()


def test_an_explainer_that_cannot_be_applied_ends_alone(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(asked: Asked) -> Iterator[Told]:
        raise UsageError("no such thing", "do without")
        yield

    table = {"gradients": Explainer("", fails), "map": EXPLAINERS["map"]}
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    told: list[str] = []
    found = list(explain(gan, failed=lambda name, error: told.append(f"{name}: {error.said}")))
    assert told == ["gradients: no such thing"]
    assert [answer.explainer for answer in found] == ["map", "map"]
    with pytest.raises(UsageError, match="no such thing"):  # what was named itself
        list(explain(gan, ["map", "gradients"], failed=lambda name, error: told.append(name)))
    with pytest.raises(UsageError, match="no such thing"):
        list(explain(gan))


def test_what_cannot_be_drawn_is_kept_and_said(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    def undrawable() -> Figure:
        raise UsageError("pictures of two channels have no colours", "draw them yourself")

    def answer(asked: Asked) -> Iterator[Told]:
        record = Explanation("m", "s", "t", (), {})
        for name in ("lstm#0", "lstm[0]", "LSTM 0"):
            yield Told(name, record, "found.", undrawable)

    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", {"gradients": Explainer("", answer)})
    found = list(explain(gan, ["gradients"]))
    assert [each.folder.name for each in found] == ["gradients-lstm-0", "gradients-lstm-0-2", "gradients-lstm-0-3"]
    assert all((each.folder / "finding.json").exists() for each in found)
    assert found[0].said == "found. It cannot be drawn: pictures of two channels have no colours."


def test_sites_are_looked_up_first_each_in_its_own_network(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[str, ...] | None] = {}

    def watching(name: str) -> Callable[[Asked], Iterator[Told]]:
        return lambda asked: iter(seen.update({name: asked.how.sites}) or ())

    table = {"map": Explainer("", watching("map")), "order": Explainer("", watching("order"), needs_critic=True)}
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    list(explain(gan, wanted=Wanted(sites=("up1.act", "down1.act"))))
    assert seen == {"map": ("up1.act",), "order": ("down1.act",)}
    list(explain(gan, wanted=Wanted(sites=("down1.act",))))
    assert seen == {"map": None, "order": ("down1.act",)}
    with pytest.raises(UsageError, match="there is no site called 'nope'"):
        list(explain(gan, wanted=Wanted(sites=("up1.act", "nope"))))


def test_results_of_a_run_lie_in_its_folder_and_others_here(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    found = list(explain(run, ["coordinates"]))
    assert all(answer.folder.parent == run / "findings" for answer in found)
    Path("mine.py").write_text("")
    assert place_of("mine.py:make", "findings") == Path("findings/mine-make")


def test_the_same_seed_gives_the_same_files(gan: GAN) -> None:
    first = {answer.folder.name: answer.told.record for answer in explain(gan, ["gradients"], out=Path("a"))}
    again = {answer.folder.name: answer.told.record for answer in explain(gan, ["gradients"], out=Path("b"))}
    assert first.keys() == again.keys()
    for name, record in first.items():
        other = again[name]
        assert isinstance(record, Explanation)
        assert isinstance(other, Explanation)
        for array in record.arrays:
            np.testing.assert_array_equal(record.arrays[array], other.arrays[array])
        assert Path("a", name, "figure.svg").read_bytes() == Path("b", name, "figure.svg").read_bytes()


@pytest.mark.thorough
def test_a_strangers_pretrained_generator_is_explained_end_to_end(tmp_path: Path) -> None:
    folder = need(PAIR)
    Path("mine.py").write_text(MINE.replace("{path!r}", repr(str(folder / "generator.safetensors"))))
    golden = np.load(folder / "golden.npz")
    gan = subject("mine.py:make")
    made = gan.decode(torch.from_numpy(golden["z"]).reshape(64, 64)).numpy()
    np.testing.assert_allclose(made[:16], golden["x16"], atol=1e-5)
    wanted = Wanted(sites=("model.2.block.2",), data_dir=tmp_path)
    found = kept(explain("mine.py:make", ["activations", "dissection"], wanted=wanted))
    assert "findings/mine-make/activations-film-picture" in found
    written = json.loads(Path("findings/mine-make/dissection-effects/finding.json").read_text())
    assert written["type"] == "Explanation"
    assert len(written["units"]) == 64


def test_a_score_that_is_the_wrong_way_round_is_turned_for_all_and_said(
    gan: GAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Asked, "many", lambda self, usual, thorough: min(usual, 130))

    class Upside(nn.Module):
        """Real digits are darker than these samples, and it scores them lower."""

        def forward(self, x: Tensor) -> Tensor:
            return x.mean((1, 2, 3))

    wrong = replace(gan, critic=Upside(), score=Score("unbounded"), architecture=None)
    found = {each.explainer: each for each in explain(wrong, ["order", "memory"], out=Path("w"))}
    assert "say the reverse" in found["order"].said
    assert found["memory"].said.startswith("The score is read the other way round than declared")


def test_real_pictures_of_other_classes_are_set_aside_once(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = DCGAN(Format.picture(1, 8), Normal(4, 3), width=4, critic_width=4, dropout=0.0)
    three = GAN(networks.generator(0), networks.latent, networks.format, networks.critic(0))
    seen: list[Dataset | None] = []
    table = {"credit": Explainer("", lambda asked: iter(seen.append(asked.held_out) or ()), needs_critic=True)}
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    told: list[str] = []
    list(explain(three, data="digits", failed=lambda name, error: told.append(f"{name}: {error.said}")))
    assert seen == [None]
    assert told == ["data: the GAN is conditional on 3 classes, and 'digits' does not have the same"]


def test_a_gan_without_a_critic_is_told_so_once(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", {"map": Explainer("", lambda _asked: iter(()))})
    told: list[str] = []
    bare = GAN(gan.generator, gan.latent, gan.format)
    list(explain(bare, failed=lambda name, error: told.append(f"{name}: {error.said}")))
    assert told == ["critic: this GAN has no critic"]


def test_a_critic_that_says_the_same_of_everything_is_refused_once(gan: GAN, monkeypatch: pytest.MonkeyPatch) -> None:
    class Same(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 0.0 * x.mean((1, 2, 3)) + 3.0

    table = {
        name: Explainer("", lambda _asked: iter(()), needs_critic=name != "map") for name in ("map", "cues", "flips")
    }
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    same, told = replace(gan, critic=Same(), architecture=None), []
    list(explain(same, failed=lambda name, error: told.append(f"{name}: {error.said}")))
    assert len(told) == 1
    assert told[0].startswith("critic: the critic gives all 32 samples the same score, 3")
    for what in (["cues"], ["map", "flips"]):
        with pytest.raises(InputError, match="nothing to explain"):
            list(explain(same, what, failed=lambda name, error: None))
