"""Providers: the scripted one, and language models on a real HTTP server."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from agents import checks
from agents.providers import catalog, scripted
from agents.providers.interface import (
    Heard,
    Item,
    Piece,
    Provider,
    ProviderError,
    Returned,
    Spoken,
    Text,
    Tool,
    ToolCall,
    Turn,
    Usage,
)
from agents.providers.scripted import Scripted
from gathering import settings as configured
from tests.clients import eventually
from tests.model_server import ModelServer

READ = Tool(
    "read_file",
    "Read a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
LIST = Tool("list_files", "List the files.", {"type": "object", "properties": {}})
KEY = "sk-secret-0123456789"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(autouse=True)
def local(models: ModelServer, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.GATHERING_LLM_ENDPOINTS = {"local": models.url}
    monkeypatch.setattr(scripted, "PACE", 0)
    monkeypatch.setenv("GATHERING_LLM_KEY_LOCAL", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")


def turn(*conversation: Item, tools: tuple[Tool, ...] = (), most: int = 20_000) -> Turn:
    return Turn("You are Scout.", conversation or (Heard("ada", "hello"),), tools, 500, most)


async def answer(provider: Provider, asked: Turn) -> list[Piece]:
    return [piece async for piece in provider.answer(asked)]


def text(pieces: list[Piece]) -> str:
    return "".join(piece.delta for piece in pieces if isinstance(piece, Text))


async def failure(model: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await answer(catalog.make("local", model), turn())
    return caught.value


async def test_the_scripted_provider_says_that_it_is_one_in_many_deltas() -> None:
    pieces = await answer(Scripted(), turn(Heard("ada", "@scout hello there")))
    assert "scripted demonstration: no language model" in text(pieces)
    assert "Hello ada. " in text(pieces)
    assert 'You said "hello there".' in text(pieces)
    assert len(pieces) > 20
    assert isinstance(pieces[-1], Usage)


@pytest.mark.parametrize(
    ("asked", "call"),
    [
        (
            "@scout please read docs/design.md.",
            ToolCall("scripted-1", "read_file", '{"path": "docs/design.md"}'),
        ),
        ("Which files are there?", ToolCall("scripted-1", "list_files", "{}")),
    ],
)
async def test_the_scripted_provider_calls_the_tool_that_it_is_asked_for(asked: str, call: ToolCall) -> None:
    assert (await answer(Scripted(), turn(Heard("ada", asked), tools=(READ, LIST))))[0] == call
    assert not [p for p in await answer(Scripted(), turn(Heard("ada", asked))) if isinstance(p, ToolCall)]
    after = turn(Heard("ada", asked), Spoken("", [call]), Returned(call, "# Design"), tools=(READ, LIST))
    assert "# Design" in text(await answer(Scripted(), after))


async def test_a_model_streams_its_answer_and_says_what_it_cost(models: ModelServer) -> None:
    pieces = await answer(catalog.make("local", "echo", 0.3), turn(tools=(READ,)))
    assert text(pieces) == "I heard: ada: hello"
    assert len(pieces) > 3
    assert pieces[-1] == Usage(11, 7)
    (request,) = models.of("echo")
    assert request["temperature"] == 0.3
    assert request["messages"][0] == {"role": "system", "content": "You are Scout."}
    assert request["tools"][0]["function"]["name"] == "read_file"
    assert models.keys[-1] == KEY


async def test_a_model_calls_a_tool_and_gets_what_came_of_it() -> None:
    provider = catalog.make("local", 'calls:read_file:{"path": "a.txt"}')
    (call, usage) = await answer(provider, turn(tools=(READ,)))
    assert call == ToolCall("call-1", "read_file", '{"path": "a.txt"}')
    assert isinstance(usage, Usage)
    after = turn(Heard("ada", "read"), Spoken("", [call]), Returned(call, "abc"), tools=(READ,))
    assert text(await answer(provider, after)) == "It says: abc"


async def test_arguments_that_are_no_json_are_passed_on_as_written_and_not_repeated(
    models: ModelServer,
) -> None:
    provider = catalog.make("local", "calls:read_file:{path")
    (call, _) = await answer(provider, turn(tools=(READ,)))
    assert call == ToolCall("call-1", "read_file", "{path")
    await answer(provider, turn(Heard("ada", "x"), Spoken("", [call]), Returned(call, "bad"), tools=(READ,)))
    assert models.requests[-1]["messages"][-2]["tool_calls"][0]["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("refuses:401", "model_refused_key"),
        ("refuses:404", "model_not_found"),
        ("refuses:400", "model_refused"),
        ("refuses:429", "model_rate_limited"),
        ("refuses:500", "model_failed"),
        ("cuts", "model_cut_off"),
        ("nonsense", "model_failed"),
        ("floods", "too_much_output"),
    ],
)
async def test_what_goes_wrong_is_said_in_a_sentence_without_the_key(
    model: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "agents"):
        error = await failure(model)
    assert error.code == code
    assert KEY not in error.detail
    assert KEY not in caplog.text


async def test_a_request_that_is_refused_for_the_moment_is_made_again(models: ModelServer) -> None:
    before = len(models.of("refuses:429"))
    await failure("refuses:429")
    assert len(models.of("refuses:429")) == before + 3


async def test_a_server_that_is_not_there_is_said_to_be_away(settings: Any) -> None:
    settings.GATHERING_LLM_ENDPOINTS = {"local": "http://127.0.0.1:9/v1"}
    assert (await failure("echo")).code == "model_away"


async def test_a_turn_that_is_cancelled_hangs_up_at_once(models: ModelServer) -> None:
    for model in ("hangs", "slow:200"):
        given_up = len(models.given_up)
        task = asyncio.create_task(answer(catalog.make("local", model), turn()))
        await eventually(lambda model=model: bool(models.of(model)))
        task.cancel()
        await eventually(lambda given_up=given_up: len(models.given_up) == given_up + 1, seconds=2)
        assert task.cancelled()


async def test_the_key_of_another_server_is_never_sent(
    models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATHERING_LLM_KEY_LOCAL")
    await answer(catalog.make("local", "echo"), turn())
    assert models.keys[-1] == "unused"


@pytest.mark.parametrize(
    ("name", "model", "code"),
    [("http://evil.example", "m", "no_provider"), ("local", "", "no_model"), ("anthropic", "m", "no_key")],
)
def test_what_the_environment_does_not_have_is_refused(
    name: str, model: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ProviderError) as caught:
        catalog.make(name, model)
    assert caught.value.code == code


async def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydantic_ai.direct", None)
    error = await failure("echo")
    assert error.code == "not_installed"
    assert "requirements-llm.txt" in error.detail


def test_a_model_without_its_packages_is_found_by_the_system_check(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.language_models() == []
    monkeypatch.setattr(catalog, "installed", lambda: False)
    (warning,) = checks.language_models()
    assert warning.id == "gathering.W011"
    assert "local" in warning.msg


@pytest.mark.parametrize("entry", ["local", "local=ftp://x/v1", "Bad Name=http://x", "scripted=http://x"])
def test_an_endpoint_that_is_none_stops_the_start(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATHERING_LLM_ENDPOINTS", entry)
    with pytest.raises(ImproperlyConfigured, match="is no name=address"):
        configured._endpoints()
