"""Explain a GAN: every explainer of this package, each answer saved with its arrays and its figure.

    for answer in explain("runs/0001-digits-mlp-s0", ["dissection"], data="digits"):
        print(answer.said, answer.folder)

Without names all that apply are called, on a budget of about a minute for small pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.data.decode import FolderOptions
from ganatomy.errors import GanatomyError, UsageError, choose
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.own import measurer_from
from ganatomy.explain.critic.constant import refuse_constant_critic
from ganatomy.explain.critic.inside.layers import critic_places
from ganatomy.explain.critic.order import order, oriented
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import draws
from ganatomy.models.gan import GAN
from ganatomy.tracing.site import site_named
from ganatomy.training.described import NO_CRITIC
from ganatomy.verbs.answers import Answer, Asking, kept_as_told, recalled
from ganatomy.verbs.asked import Asked
from ganatomy.verbs.explainers.catalogue import EXPLAINERS, GROUPS
from ganatomy.verbs.explainers.game import RECORDED
from ganatomy.verbs.places import known_as, place_of, record_of, require_usable, run_of, trained_in, unforeseen
from ganatomy.verbs.real import Source, of_its_classes, real_pictures
from ganatomy.verbs.subject import earlier, subject

FINDINGS = "findings"
ORDERED = 256  # pictures of each sort that tell which side of the score is real
Inside = Mapping[bool, tuple[str, ...] | None]  # sites of the generator (False) and of the critic
Failed = Callable[[str, GanatomyError], None]
Progress = Callable[[str], Callable[[int, int], None]]  # of an explainer's name: samples done, of how many


@dataclass(frozen=True)
class Wanted:
    """How things are done. `own`: concepts as file.py:function. `permute_labels`: a seed; nothing is true then.

    folder: how data that are named as folder:PATH are read. again: also what has been answered already.
    """

    seed: int = 0
    thorough: bool = False
    sites: tuple[str, ...] | None = None
    own: tuple[str, ...] = ()
    smallest: float = 0.1
    permute_labels: int | None = None
    data_dir: Path | None = None
    folder: FolderOptions | None = None
    again: bool = True


def explain(
    gan: GAN | str | Path,
    what: Sequence[str] = (),
    *,
    data: str | None = None,
    out: Path | None = None,
    wanted: Wanted | None = None,
    progress: Progress = lambda _name: lambda _done, _total: None,
    failed: Failed | None = None,
) -> Iterator[Answer]:
    """`data`: what the GAN was trained on, for what looks at real pictures; by default the set that it names.

    `what`: explainers or groups of them. An explainer's earlier results in the same place go when its new ones come;
    without `wanted.again` they stand where they answer this very question, and what others have told comes as well.
    `failed` is told of an explainer that cannot be applied, and the others go on; without it, or where the explainer
    was named itself, or where nothing is left to go on with, the error is raised.
    """
    wanted = wanted or Wanted()
    _check(what, wanted)
    folder = out or place_of(gan, FINDINGS)
    folder = folder if wanted.permute_labels is None else folder / f"permuted-{wanted.permute_labels}"
    if wanted.again:
        require_usable(folder)
    try:
        whom = gan if isinstance(gan, GAN) else subject(gan)
    except GanatomyError as error:
        yield from _recorded(gan, what, error, folder=folder, seed=wanted.seed, failed=failed)
        return
    train, held_out, lacking = _real(whom, Source(data, wanted.data_dir, wanted.folder), trained_in(gan))
    own = [measurer_from(each, whom.format) for each in wanted.own]  # wrong ones are told before anything is done
    known = train if train is not None and train.classes else None
    train, held_out = of_its_classes(whom, train, held_out, failed)
    concepts = cache(lambda: measurers_for(whom.format, known, own=own, progress=progress("classifiers")))
    before = partial(earlier, gan) if not isinstance(gan, GAN) else dict
    run, first, applied = run_of(gan), None, False
    names = _heard(chosen(what, critic=whom.critic is not None, gan=whom), whom, what, failed)
    names = [name for name in names if what or EXPLAINERS[name].applies(whom, run)]
    asking = _asking(whom, (train, held_out), wanted, run)
    known_already = {} if wanted.again else _recalled(names if what else EXPLAINERS, folder, asking)
    names += [name for name in known_already if name not in names]
    if set(names) - set(known_already):
        require_usable(folder)
    inside = {critic: _sites(whom, wanted.sites, critic=critic) for critic in (False, True)}
    _require_sites(whom, wanted, inside, only_critic=all(EXPLAINERS[name].needs_critic for name in names))
    turn = cache(lambda: turned(whom, held_out, wanted.seed))
    for name in names:
        how = replace(wanted, sites=inside[EXPLAINERS[name].needs_critic])
        asked = Asked(whom, concepts, train, held_out, how, progress(name), before, turn, run)
        try:
            yield from known_already.get(name) or _answers(name, asked, folder, lacking, asking)
            applied = True
        except Exception as error:
            if failed is None or name in what:
                raise
            first = first or error
            failed(name, unforeseen(error))
    if first is not None and not applied:
        raise first


def chosen(what: Sequence[str], *, critic: bool, gan: GAN | None = None) -> list[str]:
    """Explainers in order, each once. Without a critic those that want one stay out, or are refused if named."""
    named = [member for name in what for member in GROUPS.get(name, (name,))]
    names = list(dict.fromkeys(named)) or [name for name, each in EXPLAINERS.items() if each.by_default]
    fit = [name for name in names if critic or not EXPLAINERS[name].needs_critic]
    if len(fit) < len(names) and (not fit or set(what) - set(fit) - set(GROUPS)):
        raise _lacking(f"{', '.join(what)} was asked of a GAN without a critic", gan)
    return fit


def _check(what: Sequence[str], wanted: Wanted) -> None:
    for name in what:
        choose({**EXPLAINERS, **GROUPS}, name, "explainer")
    if wanted.permute_labels is not None and list(what) != ["dissection"]:
        said = f"labels were to be permuted for {', '.join(what) or 'all explainers'}"
        raise UsageError(said, "it is dissection that has such a null: name it alone")


def _sites(gan: GAN, sites: tuple[str, ...] | None, *, critic: bool) -> tuple[str, ...] | None:
    """Those that lie in one of both networks; None for its own rule."""
    network = gan.critic if critic else gan.generator
    if sites is None or network is None:
        return None
    there = dict(network.named_modules(remove_duplicate=False))
    return tuple(site for site in sites if site_named(site).name in there) or None


def _require_sites(gan: GAN, wanted: Wanted, inside: Inside, *, only_critic: bool) -> None:
    """A site that is in neither network, or gives nothing, is told before anything is done."""
    if wanted.sites is None:
        return
    if only_critic and gan.critic is not None:
        critic_places(gan, wanted.sites)
        return
    known = {site for sites in inside.values() for site in sites or ()}
    looked_up = tuple(site for site in wanted.sites if site not in known) or inside[False]
    if looked_up:
        named_sites(gan, next(draws(gan, 2, seed=wanted.seed)), looked_up)


def turned(gan: GAN, held_out: Dataset | None, seed: int) -> tuple[GAN, str]:
    """Without real pictures nobody can tell which side of a score is real."""
    return (gan, "") if held_out is None else oriented(gan, order(gan, held_out, ORDERED, seed=seed))


def _heard(names: list[str], gan: GAN, what: Sequence[str], failed: Failed | None) -> list[str]:
    """Without the questions to a critic that is not there, or says the same of everything: told in one sentence."""
    try:
        if gan.critic is None:
            raise _lacking("this GAN has no critic", gan)
        if any(EXPLAINERS[name].needs_critic for name in names):
            refuse_constant_critic(gan)
    except GanatomyError as error:
        others = [name for name in names if not EXPLAINERS[name].needs_critic]
        if len(others) < len(names) and (failed is None or not others or set(what) - set(others) - set(GROUPS)):
            raise
        if failed is not None and not set(what) - set(GROUPS):
            failed("critic", error)
        return others
    return names


def _lacking(said: str, gan: GAN | None) -> UsageError:
    """A run may have one that takes other inputs than a GAN's critic."""
    if gan is not None and NO_CRITIC in gan.provenance.get("notes", ()):
        return UsageError(f"{said}: {NO_CRITIC}", "explain its generator, or train with a critic of single samples")
    return UsageError(said, "give it one: GAN(..., critic=...)")


def _real(gan: GAN, source: Source, run: Path | None) -> tuple[Dataset | None, Dataset | None, GanatomyError | None]:
    """Data that nobody named may be missing: the reason is told to those who ask for them."""
    try:
        return *real_pictures(gan, source, run), None
    except GanatomyError as error:
        if source.explicit:
            raise
        return None, None, error


def _asking(
    gan: GAN, data: tuple[Dataset | None, Dataset | None], wanted: Wanted, run: Path | None
) -> dict[str, object] | None:
    """All that the answers hang on; None where that is not known, as with concepts that a user's file makes."""
    if wanted.own:
        return None
    how = {key: value for key, value in asdict(wanted).items() if key not in ("own", "data_dir", "folder", "again")}
    beside = [None if each is None else each.fingerprint for each in data]
    return {"gan": known_as(gan), "data": beside, "how": how, "record": record_of(run), "version": version("ganatomy")}


def _recalled(names: Iterable[str], folder: Path, asking: Asking | None) -> dict[str, list[Answer]]:
    found = {name: recalled(name, folder, asking) for name in names} if asking is not None else {}
    return {name: answers for name, answers in found.items() if answers}


def _answers(
    name: str, asked: Asked, folder: Path, lacking: GanatomyError | None, asking: Asking | None
) -> Iterator[Answer]:
    explainer = EXPLAINERS[name]
    if explainer.needs_data and asked.train is None and lacking is not None:
        raise type(lacking)(f"{name!r} looks at real pictures: {lacking.said}", lacking.remedy)
    if explainer.needs_data and asked.train is None:
        said = f"{name!r} looks at real pictures, and none were named"
        raise UsageError(said, "name them: --data digits, or --data folder:PATH")
    yield from kept_as_told(name, explainer.answer(asked), folder, asking)


def _recorded(
    gan: GAN | str | Path, what: Sequence[str], error: GanatomyError, *, folder: Path, seed: int, failed: Failed | None
) -> Iterator[Answer]:
    """What a run's record tells alone, of networks that give no samples, as after divergence; or else the error."""
    run, members = run_of(gan), [member for name in what for member in GROUPS.get(name, (name,))]
    names = [name for name in RECORDED if name in members or not what]
    named_others = set(what) - set(GROUPS) - set(names)
    if run is None or not names or named_others or (failed is None and set(what) != set(names)):
        raise error
    if failed is not None and set(what) != set(names):
        failed("samples", error)
    for name in names:
        yield from kept_as_told(name, RECORDED[name](run, subject=run.name, seed=seed), folder, None)
