"""Is this process alive, and can it serve: for a supervisor and for a load balancer."""

from __future__ import annotations

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gathering.protocol.errors import Unavailable

from . import doorbell, process


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers: 200, whatever else is away."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can serve: 200, or 503 and the one shape of errors, with what is away beside it."""
    parts = {
        "database": _database(),
        "doorbell": "ok" if doorbell.answers() else "away",
        "server": "draining" if process.any_draining() else "ok",
    }
    wrong = [f"{name} {state}" for name, state in parts.items() if state != "ok"]
    if not wrong:
        return JsonResponse({"status": "ok", **parts})
    error = Unavailable(f"Not ready: {', '.join(wrong)}.")
    about = {"code": error.code, "detail": error.detail, "retryable": error.retryable}
    return JsonResponse({"status": "away", **parts, **about}, status=error.status)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return "away"
    return "not migrated" if pending else "ok"
