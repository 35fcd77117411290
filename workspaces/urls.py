from django.urls import path, register_converter
from django.urls.converters import StringConverter

from .api import files, git, leases, workspaces


class InsideConverter(StringConverter):
    """A path in a workspace: with slashes, and with newlines, which names may have."""

    regex = r"[\s\S]+"


register_converter(InsideConverter, "inside")

urlpatterns = [
    path("workspaces/", workspaces.WorkspacesView.as_view()),
    path("workspaces/<str:key>/", workspaces.WorkspaceView.as_view()),
    path("workspaces/<str:key>/tree/", files.FolderView.as_view()),
    path("workspaces/<str:key>/files/", workspaces.FilesView.as_view()),
    path("workspaces/<str:key>/files/<inside:path>", files.FileView.as_view()),
    path("workspaces/<str:key>/move/", files.MoveView.as_view()),
    path("workspaces/<str:key>/search/", workspaces.SearchView.as_view()),
    path("workspaces/<str:key>/changes/", workspaces.ChangesView.as_view()),
    path("workspaces/<str:key>/git/status/", git.StatusView.as_view()),
    path("workspaces/<str:key>/git/log/", git.LogView.as_view()),
    path("workspaces/<str:key>/git/diff/", git.DiffView.as_view()),
    path("workspaces/<str:key>/leases/", leases.LeasesView.as_view()),
    path("workspaces/<str:key>/leases/<int:pk>/", leases.LeaseView.as_view()),
]
