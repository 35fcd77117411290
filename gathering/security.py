"""What a browser may do with our pages: nothing but what we serve."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Answer) -> Answer:
    """Middleware: no inline script or style, nothing of another site, no frame around us."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(request))
        return response

    return middleware


def _policy(request: HttpRequest) -> str:
    host = request.headers.get("host", "")
    # 'self' does not cover WebSockets in every browser; what is no host name is left out.
    sockets = f" ws://{host} wss://{host}" if host and host.isascii() and ";" not in host else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )
