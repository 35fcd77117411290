"""Workspaces in the admin: what is changed here, the watcher follows within seconds."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from .models import Lease, Workspace, WorkspaceFile

LOOKS = ("state", "note", "branch", "entries", "created_at")


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("title", "circle", "path", "state", "branch", "entries", "trusted")
    list_filter = ("state", "trusted", ("circle", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("circle",)
    search_fields = ("title", "path", "circle__name")
    autocomplete_fields = ("circle",)
    fields = ("circle", "title", "path", "ignore", "trusted", *LOOKS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        return super().get_queryset(request).annotate(size=Count("files"))

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

    @admin.display(description="branch")
    def branch(self, workspace: Workspace) -> str:
        return (workspace.git or {}).get("branch") or "-"

    @admin.display(description="files and folders", ordering="size")
    def entries(self, workspace: Any) -> int:
        return int(workspace.size)
