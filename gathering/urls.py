"""Every HTTP path of Django's; the one that waits, the log's own, is in ``routing.py``."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from gathering import rest
from gathering.hub import health, views

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html")),
    path("admin/", admin.site.urls),
    path("api/", include("gathering.accounts.urls")),
    path("api/", include("circles.urls")),
    path("api/", include("agents.urls")),
    path("api/streams/", views.StreamsView.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    re_path(r"^api/", rest.nothing_here),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler400 = rest.bad_request
handler403 = rest.permission_denied
handler404 = rest.not_found
handler500 = rest.server_error
