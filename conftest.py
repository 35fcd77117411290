"""What all tests share."""

from django.conf import settings


def pytest_configure() -> None:
    # WhiteNoise looks at each static file when a test client makes its first request, and a run makes a
    # thousand clients; so these look for a file when it is asked for. Real servers are as they are.
    settings.WHITENOISE_AUTOREFRESH = True
