from django.urls import path, register_converter
from django.urls.converters import StringConverter

from . import api


class NameConverter(StringConverter):
    """A name of a circle, a person or an agent; another text, or a NUL, is no address at all."""

    regex = "[a-z0-9][a-z0-9_.-]{0,62}"


register_converter(NameConverter, "name")

urlpatterns = [
    path("circles/", api.CirclesView.as_view()),
    path("circles/<name:name>/", api.CircleView.as_view()),
    path("circles/<name:name>/members/", api.MembersView.as_view()),
    path("circles/<name:name>/members/<name:member>/", api.MemberView.as_view()),
    path("circles/<name:name>/presence/", api.PresenceView.as_view()),
    path("circles/<name:name>/drafts/", api.DraftsView.as_view()),
    path("circles/<name:name>/messages/", api.MessagesView.as_view()),
    path("circles/<name:name>/messages/<int:pk>/", api.MessageView.as_view()),
    path("circles/<name:name>/read/", api.ReadView.as_view()),
    path("search/", api.SearchView.as_view()),
]
