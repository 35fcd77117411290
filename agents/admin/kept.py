"""What happened, in the admin: it is looked at, and not changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from circles.admin.messages import ShortPaginator


class KeptAdmin(admin.ModelAdmin):
    """A list that grows with history, and so counts no further than anybody leafs."""

    paginator = ShortPaginator
    show_full_result_count = False
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_oversee_permission(self, request: HttpRequest) -> bool:
        """For actions, which go by the same rules as REST: staff who may change agents."""
        return bool(request.user.has_perm("agents.change_agent"))
