"""The form of an agent in the admin."""

from typing import Any

from django import forms

from .guards import BOUNDS
from .models import Agent
from .providers import catalog
from .running import tools


class AgentForm(forms.ModelForm):
    """A guard that is left empty is at its default: none can be left out."""

    provider = forms.ChoiceField(required=False)
    needs_approval = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tools that are used only after a person has said yes.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict.fromkeys([*catalog.names(), self.instance.provider])
        self.fields["provider"].choices = [("", "none: it runs elsewhere")] + [(n, n) for n in names if n]
        marked = [name for name in self.instance.needs_approval if name not in tools.names()]
        self.fields["needs_approval"].choices = [(name, name) for name in [*tools.names(), *marked]]
        for name in ("history", "answers", *BOUNDS):
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("history", "answers", *BOUNDS):
            if cleaned.get(name) in (None, ""):
                cleaned[name] = Agent._meta.get_field(name).get_default()
        if catalog.costs(cleaned.get("provider", "")) and not cleaned.get("model"):
            self.add_error("model", "A language model has a name.")
        return cleaned
