from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "gathering.accounts"
    label = "accounts"
    verbose_name = "Accounts"
