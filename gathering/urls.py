"""Every HTTP path of Django's; the one that waits, the log's own, is in ``routing.py``."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("gathering.accounts.urls")),
]
