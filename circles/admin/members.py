"""Who is in a circle, in the admin: the rules are those of REST, so its last owner stays."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from circles import actions
from circles.models import Circle, Membership
from gathering.protocol.errors import Conflict

Role = Membership.Role


class Members(BaseInlineFormSet):
    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """What a field of a row is about is told by its column and its row: here in words, too."""
        super().add_fields(form, index)
        if form.instance.pk:
            _call(form, "role", f"Role of {form.instance.user}")
            _call(form, DELETION_FIELD_NAME, f"Put out {form.instance.user}")

    def clean(self) -> None:
        """Not without an owner, if there was one: nobody but staff could let anybody in."""
        super().clean()
        self.instance.lock()
        owners = set(self.instance.memberships.filter(role=Role.OWNER).values_list("pk", flat=True))
        changed = {form.instance.pk: self._will_own(form) for form in self.initial_forms}
        if owners and not any(changed.get(pk, pk in owners) for pk in owners | set(changed)):
            raise ValidationError(actions.LAST_OWNER.format(self.instance))

    def _will_own(self, form: forms.ModelForm) -> bool:
        return form not in self.deleted_forms and form.cleaned_data.get("role") == Role.OWNER


class MembersInline(admin.TabularInline):
    """Those who are in: their user is text, for a field of choices would cost a query for each row."""

    model = Membership
    formset = Members
    verbose_name_plural = "members"
    readonly_fields = ("user", "kind", "joined_at")
    fields = ("user", "kind", "role", "joined_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "circle")

    def has_add_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False

    @admin.display(description="person or agent")
    def kind(self, membership: Membership) -> str:
        return str(membership.user.get_kind_display())


class NewMembers(BaseInlineFormSet):
    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        _call(form, "role", "Role of who is let in")

    def clean(self) -> None:
        """Nobody twice: the form of a row cannot see its circle, and so not the constraint."""
        super().clean()
        known = set(self.instance.memberships.values_list("user", flat=True)) if self.instance.pk else set()
        for form in self.forms:
            user = form.cleaned_data.get("user") if form.is_valid() else None
            if user is not None and user.pk in known:
                form.add_error("user", f"{user} is in already.")
            elif user is not None:
                known.add(user.pk)


class NewMembersInline(admin.TabularInline):
    """Those who are let in."""

    model = Membership
    formset = NewMembers
    verbose_name_plural = "let in"
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Circle | None = None) -> bool:
        return False


class MembershipForm(forms.ModelForm):
    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if self.instance.pk and role != Role.OWNER:
            _keep_an_owner(self.instance)
        return role


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    form = MembershipForm
    list_display = ("circle", "user", "kind", "role", "joined_at")
    list_filter = ("role", "user__kind", "circle__status", "joined_at")
    list_select_related = ("circle", "user")
    search_fields = ("circle__name", "circle__title", "user__username", "user__display_name")
    autocomplete_fields = ("circle", "user")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("circle", "user", "joined_at") if obj else ()

    @admin.display(description="person or agent", ordering="user__kind")
    def kind(self, membership: Membership) -> str:
        return str(membership.user.get_kind_display())

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        _keep_an_owner(obj, Conflict)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """One by one: of two owners who are chosen, the second is the last."""
        for membership in queryset.order_by("circle__name", "pk").select_related("circle"):
            self.delete_model(request, membership)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, *args, **more)
        except Conflict as error:
            messages.error(request, error.detail)
            return redirect("admin:circles_membership_change", object_id)

    def changelist_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().changelist_view(request, *args, **more)
        except Conflict as error:
            messages.error(request, f"Nobody was put out. {error.detail}")
            return redirect(request.get_full_path())


def _call(form: forms.ModelForm, field: str, words: str) -> None:
    if field in form.fields:
        form.fields[field].widget.attrs["aria-label"] = words


def _keep_an_owner(leaving: Membership, refusal: type[Exception] = ValidationError) -> None:
    leaving.circle.lock()
    if leaving.is_last_owner():
        raise refusal(actions.LAST_OWNER.format(leaving.circle))
