from django.urls import path

from . import api

urlpatterns = [
    path("agents/", api.AgentsView.as_view()),
    path("agents/<slug:key>/", api.AgentView.as_view()),
    path("agents/<slug:key>/status/", api.StatusView.as_view()),
]
