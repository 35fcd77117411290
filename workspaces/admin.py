"""Workspaces in the admin: what is changed here, the watcher follows within seconds."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gathering.text import state

from .models import Lease, Workspace, WorkspaceFile

LOOKS = ("state", "note", "branch", "entries", "created_at")


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("title", "circle", "path", "now", "branch", "changed", "last_commit", "trusted", "page")
    list_filter = ("state", "trusted", "circle__status", ("circle", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("circle",)
    search_fields = ("title", "path", "circle__name")
    autocomplete_fields = ("circle",)
    fields = ("circle", "title", "path", "ignore", "trusted", *LOOKS)

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:
        return ("circle", *LOOKS) if obj else LOOKS

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        """What was changed here, and nothing else: the watcher writes to the row as well."""
        obj.save(update_fields=form.changed_data) if change else obj.save()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """What goes along is counted: Django would load and list every file.  The disk is left alone."""
        counts = {
            model._meta.verbose_name_plural: model._default_manager.filter(workspace__in=objs).count()
            for model in (WorkspaceFile, Lease)
        }
        return [f"Workspace: {workspace}" for workspace in objs], counts, set(), []

    @admin.display(description="state", ordering="state")
    def now(self, workspace: Workspace) -> SafeString:
        words = workspace.get_state_display()
        return state(workspace.state, f"{words}: {workspace.note}" if workspace.note else words)

    @admin.display(description="branch")
    def branch(self, workspace: Workspace) -> str:
        return (workspace.git or {}).get("branch") or "-"

    @admin.display(description="changed")
    def changed(self, workspace: Workspace) -> int | str:
        git = workspace.git or {}
        count = len(git.get("files") or ())
        return f"more than {count}" if git.get("truncated") else count

    @admin.display(description="last commit")
    def last_commit(self, workspace: Workspace) -> str:
        return (workspace.commit or {}).get("subject") or "-"

    @admin.display(description="files and folders")
    def entries(self, workspace: Workspace) -> int:
        """On its own page alone: there may be 50,000 in each."""
        return workspace.files.count()

    @admin.display(description="page")
    def page(self, workspace: Workspace) -> SafeString:
        return format_html('<a href="{}">Open</a>', workspace.get_absolute_url())
