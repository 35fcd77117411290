from django.urls import path

from . import api

urlpatterns = [
    path("me/", api.MeView.as_view()),
    path("tokens/", api.TokensView.as_view()),
    path("tokens/<str:public_id>/", api.TokenView.as_view()),
    path("tickets/", api.TicketsView.as_view()),
]
