"""Execution providers by name: the one asked for runs, or an error says what there is and what to install."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import onoma
from onoma.cli import app
from onoma.errors import InputError
from onoma.runtime import providers
from onoma.runtime.providers import PROVIDERS, available, check_running, chosen

ABSENT = sorted(set(PROVIDERS) - set(available()))


def test_the_cpu_is_always_there(tiny_bundle):
    text = "Ada Stone went to Green Hollow ."
    one, other = (onoma.load(tiny_bundle, **how)([text]) for how in ({}, {"provider": "cpu"}))
    assert one == other


@pytest.mark.parametrize("name", ABSENT)
def test_an_absent_one_names_those_there_are_and_the_package(name, tiny_bundle):
    with pytest.raises(InputError, match=rf"'{name}' is not in the .*available: .*cpu.*package onnxruntime"):
        onoma.load(tiny_bundle, provider=name)


def test_a_misspelt_one_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'tensorrt'"):
        chosen("tensor-rt")


def test_one_that_fell_back_to_the_cpu_is_no_silent_matter():
    class Session:
        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    with pytest.raises(InputError, match="could not start"):
        check_running(Session(), "cuda")


def test_the_cpu_stands_behind_the_one_chosen(monkeypatch):
    monkeypatch.setattr(providers, "available", lambda: ["cpu", "cuda"])
    assert chosen("cuda") == ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize("words", [["extract", "Ada"], ["evaluate", "en-gmb", "none.conll"]])
def test_the_commands_take_a_provider(words):
    done = CliRunner().invoke(app, [*words, "--provider", "none"], prog_name="onoma")
    assert done.exit_code == 2
    assert "there is no provider called 'none'" in done.output or "none.conll" in done.output
