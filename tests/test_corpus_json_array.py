"""A JSON array is streamed, and what is wrong in it is named with its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma import CorpusError
from onoma.corpus import json_array
from onoma.corpus.sources import inspect

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), max_size=6)


def elements(folder, text):
    path = folder / "a.json"
    path.write_text(text, encoding="utf-8", newline="")
    return list(json_array.elements(inspect(path)))


@settings(max_examples=60)
@given(objects=OBJECTS, indent=st.sampled_from([None, 0, 2]), step=st.integers(1, 20))
def test_elements_are_those_of_the_whole(tmp_path_factory, objects, indent, step):
    text = json.dumps(objects, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "_STEP", step)
        found = elements(tmp_path_factory.mktemp("json"), text)
    assert [element for _, element in found] == objects


def test_lines_are_counted(tmp_path):
    assert elements(tmp_path, '\n[\n{"a":\n1},\r\n\n{}]\n') == [(3, {"a": 1}), (6, {})]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[{"a": 1}\n', 2, "',' should stand here, not the end of the file"),
        ('[{"a": 1},\n{"b"', 2, "no JSON"),
        ('[{"a": 1},\n5]', 2, "must hold objects, not int"),
        ('[{"a": 1}\n{}]', 2, "',' should stand here, not '{'"),
        ("[]\n[]", 2, r"after the array stands '\['"),
        ('{"a": 1}', 1, r"'\[' should stand here"),
        ("[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, line, message):
    with pytest.raises(CorpusError, match=rf"a\.json:{line}: .*{message}"):
        elements(tmp_path, text)
