"""The admin's index: what this server is made of, in the order in which one asks for it."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

SECTIONS: dict[str, dict[str, str]] = {
    "Circles": {
        "circles.Circle": "Where people and agents talk",
        "circles.Membership": "Who is in which, and as what",
        "circles.Message": "What was said",
    },
    "Agents": {
        "agents.Agent": "What each does, and what it costs",
        "agents.Approval": "What they ask people for",
        "agents.Run": "What they did, one turn at a time",
        "agents.Errand": "What those that run here are called to do",
        "agents.Activity": "The events of their runs",
    },
    "Workspaces": {
        "workspaces.Workspace": "Directories on this server, and their git",
    },
    "Who comes in": {
        "accounts.User": "People, and the names of agents",
        "accounts.Token": "What programs come in by",
        "auth.Group": "Rights of staff, together",
    },
    "Behind it": {
        "hub.Stream": "The logs: where each stands, and its latest events",
        "events.DeadLetter": "What the event bus gave up",
    },
}


class Site(AdminSite):
    index_title = "What runs here"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """By sections and not by Django's apps; what none of them names comes last."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        listed = {_name(app, model): (app, model) for app in apps for model in app["models"]}
        sections = [_section(title, abouts, listed) for title, abouts in SECTIONS.items()]
        rest = [{**app, "models": [m for m in app["models"] if _name(app, m) in listed]} for app in apps]
        return [section for section in (*sections, *rest) if section["models"]]


def _section(title: str, abouts: dict[str, str], listed: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    found = {name: listed.pop(name) for name in abouts if name in listed}
    app = next((app for app, _ in found.values()), {})
    models = [{**model, "about": abouts[name]} for name, (_, model) in found.items()]
    return {**app, "name": title, "models": models}


def _name(app: Any, model: Any) -> str:
    return f"{app['app_label']}.{model['object_name']}"
