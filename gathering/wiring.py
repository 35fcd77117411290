"""What accounts announce, told to the hub: the two do not know each other.

A token that goes, a user that changes, a session that ends: the sockets that live on it are looked at
again, on every process.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from gathering.accounts.models import Token, User
from gathering.hub import access


@receiver(post_delete, sender=Token)
def token_revoked(instance: Token, **_: Any) -> None:
    access.changed(user_id=instance.user_id)


@receiver(post_save, sender=Token)
def token_changed(instance: Token, created: bool, **_: Any) -> None:
    if not created:  # its expiry may have been brought forward
        access.changed(user_id=instance.user_id)


@receiver(post_save, sender=User)
def user_changed(
    instance: User, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    if not created and (update_fields is None or set(update_fields) != {"last_login"}):
        access.changed(user_id=instance.pk)


@receiver(post_delete, sender=Session)
def session_ended(instance: Session, **_: Any) -> None:
    # Not user_logged_out, which is sent while the session is still there.
    user_id = instance.get_decoded().get(SESSION_KEY)
    if user_id is not None:
        access.changed(user_id=int(user_id))


def add_to_admin() -> None:
    """Offer :func:`close_sockets` on the page of users, which knows nothing of sockets."""
    users = admin.site.get_model_admin(User)
    users.actions = [*(users.actions or ()), close_sockets]


@admin.action(description="Close their sockets (they may come back)", permissions=["change"])
def close_sockets(_: Any, request: HttpRequest, queryset: QuerySet[User]) -> None:
    with transaction.atomic():
        for user in queryset:
            access.changed(user_id=user.pk, kick=True)
    messages.success(request, "Their sockets are being closed.")
