"""Messages in the admin: found, and read."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

from circles.models import Message


class ShortPaginator(Paginator):
    """For lists that grow with history: counts no further than anybody leafs.

    What is older is found by a search or a filter.
    """

    @cached_property
    def count(self) -> int:
        return int(self.object_list.order_by()[:10_000].count())


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """Read-only: what was said was said, and is in the log."""

    list_display = ("id", "circle", "author", "__str__", "created_at")
    list_filter = ("circle", "author__kind", "created_at")
    list_select_related = ("circle", "author")
    search_fields = ("content", "author__username")
    ordering = ("-pk",)
    fields = ("circle", "author", "content", "reply_to", "mentions", "created_at")
    paginator = ShortPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False
