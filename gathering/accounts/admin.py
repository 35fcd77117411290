"""People, agents and tokens in the admin.

No secret is shown but a new token: once, to whom makes it.
"""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Count, ForeignKey, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from . import tokens
from .models import Token, User

SOON = timedelta(days=3)  # a token that ends within them is marked
UNUSED = timedelta(days=90)
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = (
        "username",
        "display_name",
        "kind",
        "is_active",
        "is_staff",
        "token_count",
        "token_used",
        "last_login",
    )
    list_filter = ("kind", "is_active", "is_staff", "is_superuser", "last_login", "groups")
    date_hierarchy = "date_joined"
    search_fields = ("username", "display_name", "email")
    readonly_fields = ("last_login", "date_joined")
    actions = ("deactivate", "activate", "revoke_tokens")
    fieldsets = (
        (None, {"fields": ("username", "kind", "display_name", "email", "password")}),
        (
            "Rights",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "description": "An agent needs no password: disable it, and make a token instead.",
                "fields": (
                    "username",
                    "kind",
                    "display_name",
                    "usable_password",
                    "password1",
                    "password2",
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        of_tokens = {
            "token_count": Count("auth_token_set"),
            "token_used": Max("auth_token_set__last_used_at"),
        }
        return super().get_queryset(request).annotate(**of_tokens)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed = ("username", "kind") if obj else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    @admin.display(description="tokens", ordering="token_count")
    def token_count(self, user: User) -> int:
        return user.token_count  # type: ignore[attr-defined]

    @admin.display(description="a token used", ordering="token_used", empty_value="never")
    def token_used(self, user: User) -> datetime | None:
        return user.token_used  # type: ignore[attr-defined]

    @admin.action(description="Deactivate: ends every access", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        # Not oneself: there might be nobody left to undo it.
        self._set_active(request, users.exclude(username=request.user.get_username()), False)

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._set_active(request, users, True)

    @admin.action(description="Revoke tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, users: QuerySet[User]) -> None:
        count = sum(tokens.revoke_all(user) for user in users)
        self.message_user(request, f"Tokens revoked: {count}.")

    def _set_active(self, request: HttpRequest, users: QuerySet[User], active: bool) -> None:
        changed = list(users.filter(is_active=not active))
        for user in changed:  # one by one, since an update would tell no listener
            user.is_active = active
            user.save(update_fields=["is_active"])
            self.log_change(request, user, "Activated." if active else "Deactivated.")
        self.message_user(request, f"{'Activated' if active else 'Deactivated'}: {len(changed)}.")


class Standing(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("good", "good"),
            ("soon", f"ends within {SOON.days} days"),
            ("ended", "ended"),
            ("ever", "without an end"),
            ("unused", f"not used for {UNUSED.days} days"),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token] | None:
        now = timezone.now()
        ended, idle = Q(expiry__lte=now), now - UNUSED
        never = Q(last_used_at=None, created__lt=idle)
        chosen = {
            "good": ~ended | Q(expiry=None),
            "soon": Q(expiry__gt=now, expiry__lte=now + SOON),
            "ended": ended,
            "ever": Q(expiry=None),
            "unused": never | Q(last_used_at__lt=idle),
        }.get(self.value() or "")
        return None if chosen is None else rows.filter(chosen)


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    list_display = ("public_id", "name", "user", "now", "expiry", "last_used_at", "created")
    list_filter = (Standing, "user__kind", "user__is_active")
    search_fields = ("name", "user__username", "user__display_name", "digest__startswith")
    search_help_text = "What a token is for, whose it is, or how its id begins."
    date_hierarchy = "created"
    fields = ("public_id", "user", "name", "created", "expiry", "last_used_at")
    autocomplete_fields = ("user",)
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        return super().get_queryset(request).select_related("user")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)  # revoke is its name here
        return found

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("user", "name", "expiry")

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False

    @admin.display(description="state", ordering="expiry")
    def now(self, token: Token) -> SafeString:
        left = token.expiry - timezone.now() if token.expiry else None
        if left is None or left > SOON:
            return _state("good", "Good")
        return _state("soon", "Ends soon") if left > timedelta(0) else _state("ended", "Ended")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options: Any
    ) -> forms.ModelChoiceField | None:
        """Whoever may make tokens must not become a superuser by making one."""
        if db_field.name == "user" and not request.user.is_superuser:
            options["queryset"] = User.objects.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        obj.digest, text = get_digest_token()
        obj.token_key = text[: CONSTANTS.TOKEN_KEY_LENGTH]
        super().save_model(request, obj, form, change)
        self.message_user(request, f"Copy it now, it is not shown again: {text}", messages.WARNING)

    @admin.action(description="Revoke", permissions=["delete"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Token]) -> None:
        self.log_deletions(request, rows)
        for token in (found := list(rows)):
            tokens.revoke(token)
        self.message_user(request, f"Tokens revoked: {len(found)}.")


def _state(name: str, words: str) -> SafeString:
    """As ``gathering.text.state``, which stands above."""
    return format_html('<span class="state is-{}">{}</span>', name, words)
