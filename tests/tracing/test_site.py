"""Sites as they are written, wrong names, and networks whose inner calls cannot be seen."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from tracing.hostile import hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site, module_at, site_named
from ganatomy.tracing.trace import watch

X = normal(5, 4)


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("up1.act", Site("up1.act")),
        ("", Site("")),
        ("block#1", Site("block", 1)),
        ("lstm[0]", Site("lstm", None, 0)),
        ("lstm#12[hidden]", Site("lstm", 12, "hidden")),
    ],
)
def test_a_site_is_read_as_it_is_written(text: str, site: Site) -> None:
    assert site_named(text) == site
    assert str(site) == text
    assert site_named(site) is site


@given(
    st.from_regex(r"[a-z_0-9]+(\.[a-z_0-9]+)*", fullmatch=True),
    st.none() | st.integers(0, 99),
    st.none() | st.integers(0, 99) | st.from_regex(r"[a-z_]+", fullmatch=True),
)
def test_writing_and_reading_are_inverse(name: str, call: int | None, part: int | str | None) -> None:
    assert site_named(str(Site(name, call, part))) == Site(name, call, part)


@pytest.mark.parametrize("text", ["a#", "a#x", "a[0", "a[]", "a[0][1]", "a[0]#1", "a#1#2", "a[-1]", None, 7.5])
def test_what_is_no_site_is_refused_or_not_found(text: str) -> None:
    with pytest.raises(UsageError, match=r"the site .* was given|there is no site called"):
        module_at(seeded(plain), site_named(text))


def test_a_wrong_name_lists_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no site called 'atc'\ndid you mean 'act'"):
        module_at(seeded(plain), Site("atc"))
    with pytest.raises(UsageError, match=r"no site called 'act\.inner'"):
        module_at(seeded(plain), Site("act.inner"))
    with pytest.raises(UsageError, match=r"legal are: .*fc1, act, fc2"):
        module_at(seeded(plain), Site("zzzzzz"))


def test_an_empty_container_on_the_way_is_no_obstacle() -> None:
    network = nn.Sequential()
    network.add_module("inner", nn.Sequential())
    assert module_at(network, Site("inner")) is network.get_submodule("inner")


def test_a_script_is_seen_from_outside_only() -> None:
    network = seeded(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripts = torch.jit.script(network), torch.jit.trace(network, X)
    for script in scripts:
        for name in ("act", "", "wrong"):
            with pytest.raises(
                UsageError, match=r"TorchScript, and runs without it\ngive the network .* nn.Sequential\(it\)"
            ):
                module_at(script, Site(name))
        outer = nn.Sequential(script, nn.Tanh())
        with watch(outer, ["", "1"]) as trace, edit(outer, {"1": lambda a: a + 1}):
            out = outer(X)
        torch.testing.assert_close(trace["1"], torch.tanh(network(X)))
        torch.testing.assert_close(out, trace["1"] + 1)
        for name in ("0", "0.act"):
            with pytest.raises(UsageError, match=rf"'{name}' cannot be seen"):
                module_at(outer, Site(name))
        assert hooks(network) == 0


def test_an_exported_program_is_refused_and_unflattened_it_works() -> None:
    network = seeded(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(network, (X,))
        module = program.module()
        unflattened = torch.export.unflatten(program)
    with pytest.raises(UsageError, match=r"a network of type ExportedProgram was given\n.*unflatten"):
        module_at(program, Site("act"))  # type: ignore[arg-type]
    for name in ("act", "fc1", "wrong"):
        with pytest.raises(
            UsageError, match=r"is a graph that does not call it\n.*give torch.export.unflatten\(program\)"
        ):
            module_at(module, Site(name))
    with watch(network, ["act"]) as wanted:
        network(X)
    with watch(unflattened, ["act", "fc2"]) as trace:
        out = unflattened(X)
    torch.testing.assert_close(trace["act"], wanted["act"])
    with edit(unflattened, {"act": torch.zeros_like}):
        changed = unflattened(X)
    with edit(network, {"act": torch.zeros_like}):
        torch.testing.assert_close(changed, network(X))
    torch.testing.assert_close(out, network(X))


def test_compiled_modules_are_refused() -> None:
    """Only wrapped, never compiled: that takes a minute."""
    network = seeded(plain)
    compiled = torch.compile(network, backend="eager")
    for name in ("act", "_orig_mod.act", ""):
        with pytest.raises(
            UsageError, match=r"is compiled, and may run without it\ngive the network that it was made of"
        ):
            module_at(compiled, Site(name))
    assert module_at(network, Site("act")) is network.act
    network.fc2.compile(backend="eager")
    assert module_at(network, Site("act")) is network.act
    with pytest.raises(UsageError, match="'fc2' cannot be seen: Linear is compiled"):
        module_at(network, Site("fc2"))


class _Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = plain()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.inner(x))


def test_an_fx_graph_that_calls_modules_works() -> None:
    network = seeded(_Functional)
    graph = torch.fx.symbolic_trace(network)
    with watch(graph, ["inner.act"]) as trace, edit(graph, {"inner.fc1": torch.neg}):
        graph(X)
    assert torch.equal(trace["inner.act"], torch.relu(-network.inner.fc1(X)))
    with pytest.raises(UsageError, match=r"_Functional is a graph that does not call it\n.*inner\.act"):
        module_at(graph, Site("inner.acct"))
    with pytest.raises(UsageError, match="does not call it"):  # containers are gone
        module_at(graph, Site("inner"))


def test_data_parallel_on_a_cpu_is_one_more_name() -> None:
    network = nn.DataParallel(seeded(plain))
    with watch(network, ["module.act"]) as trace, edit(network, {"module.fc1": torch.neg}):
        network(X)
    assert torch.equal(trace["module.act"], torch.relu(-network.module.fc1(X)))
    with pytest.raises(UsageError, match=re.escape("did you mean 'module.act'")):
        module_at(network, Site("act"))


def test_the_fast_path_of_a_transformer_does_not_pass_sites_by_in_silence() -> None:
    layer = seeded(lambda: nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True))
    x = normal(2, 3, 8)
    with torch.no_grad():
        before = layer(x)
        with watch(layer, ["linear1", "self_attn[0]"]) as trace:
            torch.testing.assert_close(layer(x), before)
        assert trace["linear1"].shape == (2, 3, 16)
        with pytest.raises(UsageError, match="did not run"), watch(layer, ["self_attn.out_proj"]):
            layer(x)  # attention uses its weights alone
    assert hooks(layer) == 0
