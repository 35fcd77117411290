from django.urls import path

from . import api, control, runs

urlpatterns = [
    path("agents/", api.AgentsView.as_view()),
    path("agents/<slug:key>/", api.AgentView.as_view()),
    path("agents/<slug:key>/status/", api.StatusView.as_view()),
    path("agents/<slug:key>/mind/", control.MindView.as_view()),
    path("agents/<slug:key>/ask/", control.AskView.as_view()),
    path("agents/<slug:key>/activity/", runs.ActivityView.as_view()),
    path("agents/<slug:key>/runs/", runs.RunsView.as_view()),
    path("agents/<slug:key>/runs/<path:run_id>/stop/", control.StopView.as_view()),
    path("agents/<slug:key>/runs/<path:run_id>/", runs.RunView.as_view()),
    path("approvals/", control.ApprovalsView.as_view()),
    path("approvals/<int:pk>/", control.ApprovalView.as_view()),
]
