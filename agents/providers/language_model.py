"""Language models, by pydantic-ai: OpenAI and all that speak like it, and Anthropic.

Needs ``requirements-llm.txt``; nothing of it is imported before the first turn.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from .interface import Heard, Item, Piece, ProviderError, Returned, Spoken, Text, ToolCall, Turn, Usage

logger = logging.getLogger(__name__)

MISSING = "Language models need the extra: pip install -r requirements-llm.txt (Anthropic: its own, too)."
NO_KEY = "unused"  # for servers that want none; the library refuses to start without one
RETRIES = 2  # of a request that was refused for the moment, before its first word


class LanguageModel:
    """``model`` on the server at ``url``, or at Anthropic's own if that is None.

    The key is sent there and nowhere else: no default of a library's is ever used with another server.
    """

    def __init__(self, model: str, temperature: float | None, *, url: str | None, key: str) -> None:
        self._model = model
        self._temperature = temperature
        self._url = url
        self._key = key

    async def answer(self, turn: Turn) -> AsyncGenerator[Piece]:
        begun = False
        try:
            async with aclosing(self._pieces(turn)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
        except ImportError:
            raise ProviderError("not_installed", MISSING) from None
        except ProviderError:
            raise
        except Exception as error:  # of three libraries, in kinds that change with their versions
            logger.warning("%s failed: %s", self._model, self._scrubbed(error))
            raise (_cut_off() if begun else _translated(error)) from None

    async def _pieces(self, turn: Turn) -> AsyncGenerator[Piece]:
        from pydantic_ai.direct import model_request_stream

        model, client = self._connect()
        async with client:
            request = model_request_stream(
                model,
                _messages(turn),
                model_settings=self._settings(turn),
                model_request_parameters=_parameters(turn),
            )
            async with request as response, aclosing(_read(response, turn.max_characters)) as pieces:
                async for piece in pieces:
                    yield piece

    def _connect(self) -> tuple[Any, Any]:
        if self._url is None:
            from anthropic import AsyncAnthropic
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            anthropic = AsyncAnthropic(api_key=self._key, max_retries=RETRIES)
            return AnthropicModel(
                self._model, provider=AnthropicProvider(anthropic_client=anthropic)
            ), anthropic
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        openai = AsyncOpenAI(api_key=self._key or NO_KEY, base_url=self._url, max_retries=RETRIES)
        return OpenAIChatModel(self._model, provider=OpenAIProvider(openai_client=openai)), openai

    def _settings(self, turn: Turn) -> Any:
        settings: dict[str, Any] = {"max_tokens": turn.max_tokens, "parallel_tool_calls": True}
        if not turn.tools:
            del settings["parallel_tool_calls"]
        if self._temperature is not None:
            settings["temperature"] = self._temperature
        return settings

    def _scrubbed(self, error: Exception) -> str:
        text = f"{type(error).__name__}: {error}"[:500]
        return text.replace(self._key, "[key]") if self._key else text


async def _read(response: Any, most: int) -> AsyncGenerator[Piece]:
    from pydantic_ai import messages as m

    size = 0
    async for event in response:
        text = ""
        if isinstance(event, m.PartStartEvent) and isinstance(event.part, m.TextPart):
            text = event.part.content
        elif isinstance(event, m.PartDeltaEvent) and isinstance(event.delta, m.TextPartDelta):
            text = event.delta.content_delta
        elif isinstance(event, m.PartDeltaEvent) and isinstance(event.delta, m.ToolCallPartDelta):
            size += len(str(event.delta.args_delta or ""))
        elif isinstance(event, m.PartEndEvent) and isinstance(event.part, m.ToolCallPart):
            yield ToolCall(event.part.tool_call_id, event.part.tool_name, _written(event.part.args))
        size += len(text)
        if size > most:
            raise ProviderError(
                "too_much_output", f"The model wrote more than {most} characters in one turn."
            )
        if text:
            yield Text(text)
    if response.finish_reason is None:
        raise _cut_off()
    usage = response.usage
    yield Usage(usage.input_tokens, usage.output_tokens)


def _written(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {})


def _messages(turn: Turn) -> list[Any]:
    from pydantic_ai import messages as m

    made: list[Any] = [m.ModelRequest(parts=[m.SystemPromptPart(content=turn.instructions)])]
    return made + [_message(item) for item in turn.conversation]


def _message(item: Item) -> Any:
    from pydantic_ai import messages as m

    match item:
        case Heard():
            return m.ModelRequest(parts=[m.UserPromptPart(content=f"{item.speaker}: {item.text}")])
        case Returned():
            part = m.ToolReturnPart(tool_name=item.call.name, content=item.text, tool_call_id=item.call.id)
            return m.ModelRequest(parts=[part])
        case Spoken():
            text = [m.TextPart(content=item.text)] if item.text else []
            calls = [
                m.ToolCallPart(tool_name=call.name, args=_whole(call.arguments), tool_call_id=call.id)
                for call in item.calls
            ]
            return m.ModelResponse(parts=[*text, *calls])


def _whole(arguments: str) -> str:
    """What was no JSON object is not repeated: servers refuse a history that holds it."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except ValueError:
        return "{}"


def _parameters(turn: Turn) -> Any:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(
            name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
        )
        for tool in turn.tools
    ]
    return ModelRequestParameters(function_tools=tools)


_SENTENCES = {
    401: ("model_refused_key", "The model's server does not take the key of this server."),
    403: ("model_refused_key", "The model's server does not take the key of this server."),
    404: ("model_not_found", "The model's server knows no model of this name."),
    429: ("model_rate_limited", "The model's server asks for patience: too many requests."),
}


def _cut_off() -> ProviderError:
    return ProviderError("model_cut_off", "The model's server ended in the middle of its answer.")


def _translated(error: Exception) -> ProviderError:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status in _SENTENCES:
        return ProviderError(*_SENTENCES[status])
    if isinstance(status, int) and status < 500:
        return ProviderError("model_refused", f"The model's server refused the request ({status}).")
    if isinstance(status, int):
        return ProviderError("model_failed", f"The model's server failed ({status}).")
    if type(error).__name__ in ("ModelConnectionError", "APIConnectionError"):
        return ProviderError("model_away", "The model's server cannot be reached.")
    return ProviderError("model_failed", "The model's server broke off, or answered with nonsense.")
