"""Events of AG-UI, made from the models of its own package; and the same with something broken."""

import copy
import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ag_ui.core import Event
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

MODELS: dict[str, type[BaseModel]] = {
    model.model_fields["type"].default.value: model for model in get_args(get_args(Event)[0])
}
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
junk = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | texts
anything = st.recursive(
    junk, lambda each: st.lists(each, max_size=2) | st.dictionaries(texts, each, max_size=2)
)
TAGS = ("type", "op", "role")  # which tell models apart
POINTERS = st.sampled_from(["", "/a", "/a/0", "/~0~1", "/"])


@cache
def events(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Right events of one type, with a field that nobody knows now and then."""
    extra = st.dictionaries(texts.map(lambda name: f"x{name}"), anything, max_size=1)
    return st.builds(lambda right, more: {**more, **right}, _objects(MODELS[kind]), extra)


@st.composite
def broken(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """An event of one type with one place removed or replaced, which may or may not be right."""
    event: dict[str, Any] = copy.deepcopy(draw(events(kind)))
    holder, place = draw(st.sampled_from(sorted(_places(event), key=lambda found: str(found[1]))))
    own_type = place == "type" and holder is event
    if isinstance(holder, dict) and not own_type and draw(st.booleans()):
        del holder[place]
    elif not own_type:
        holder[place] = draw(anything)
    return event


def _places(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    else:
        return []
    return [(value, name) for name, _ in inside] + [found for _, each in inside for found in _places(each)]


@cache
def _objects(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        always = field.is_required() or (name in TAGS and get_origin(field.annotation) is Literal)
        (required if always else optional)[field.alias or name] = _field(field)
    return st.fixed_dictionaries(required, optional=optional)


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _values(field.annotation, field.metadata)


def _values(kind: Any, about: Any = ()) -> st.SearchStrategy[Any]:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _values(inside[0], [more for each in inside[1:] for more in getattr(each, "metadata", [])])
    if origin in (Union, types.UnionType):
        return st.one_of([_values(each, about) for each in inside])
    if origin is Literal:
        return st.sampled_from([getattr(each, "value", each) for each in inside])
    if origin is list:
        least = max([getattr(each, "min_length", 0) or 0 for each in about], default=0)
        return st.lists(_values(inside[0]), min_size=least, max_size=2)
    if origin is dict:
        return st.dictionaries(texts, anything, max_size=2)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _objects(kind)
    return _plain(kind, about)


def _plain(kind: Any, about: Any) -> st.SearchStrategy[Any]:
    if kind is str:
        return POINTERS if any(getattr(each, "pattern", None) for each in about) else texts
    if kind is int:
        least = max([each.ge for each in about if hasattr(each, "ge")], default=0)
        return st.integers(least, 2**53 - 1)
    return {bool: st.booleans(), type(None): st.none()}.get(kind, anything)
