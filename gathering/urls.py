"""Every HTTP path of Django's; the one that waits, the log's own, is in ``routing.py``."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from agents import setup
from agents import views as agents
from circles import views as circles
from gathering import rest
from gathering.hub import health, views
from gathering.pages import account, finding, home, navigation, programs
from workspaces import views as workspaces

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("gathering.accounts.urls")),
    path("api/", include("circles.urls")),
    path("api/", include("workspaces.urls")),
    path("api/", include("agents.urls")),
    path("api/streams/", views.StreamsView.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema")),
    re_path(r"^api/", rest.nothing_here),
    # Pages
    path("", home.home, name="home"),
    path("places/", navigation.places, name="places"),
    path("search/", finding.search, name="search"),
    path("connect/", programs.connect, name="connect"),
    path("signin/", account.SignIn.as_view(), name="signin"),
    path("signout/", LogoutView.as_view(), name="signout"),
    path("tokens/", account.own_tokens, name="tokens"),
    path("tokens/try/", programs.try_token, name="try"),
    path("tokens/<slug:public_id>/revoke/", account.revoke, name="revoke"),
    path("profile/", account.profile, name="profile"),
    path("theme/", account.theme, name="theme"),
    path("new/agent/", setup.new, name="new_agent"),
    path("agents/<int:pk>/", agents.agent, name="agent"),
    path("agents/<int:pk>/runs/<int:run>/stop/", agents.stop, name="stop"),
    path("workspaces/<int:pk>/", workspaces.workspace, name="workspace"),
    path("workspaces/<int:pk>/diff/", workspaces.diff, name="diff"),
    path("workspaces/<int:pk>/files/<path:path>", workspaces.file, name="file"),
    path("approvals/", agents.approvals, name="approvals"),
    path("approvals/<int:pk>/", agents.decide, name="decide"),
    path("agents/<int:pk>/settings/", setup.settings_of, name="agent_settings"),
    path("new/circle/", circles.new, name="new_circle"),
    path("circles/<name:name>/", circles.circle, name="circle"),
    path("circles/<name:name>/messages/", circles.messages, name="messages"),
    path("circles/<name:name>/read/", circles.read, name="read"),
    path("circles/<name:name>/side/", circles.side, name="side"),
    path("circles/<name:name>/settings/", circles.settings_of, name="circle_settings"),
    path("circles/<name:name>/members/", circles.members, name="members"),
    path("circles/<name:name>/members/<name:member>/", circles.member, name="member"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler400 = rest.bad_request
handler403 = rest.permission_denied
handler404 = rest.not_found
handler500 = rest.server_error
