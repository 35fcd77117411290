"""Who there is, person or agent, and what each can prove it with."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils import timezone
from knox.models import AbstractAuthToken

PUBLIC_ID_LENGTH = 16

validate_username = RegexValidator(
    r"^[a-z0-9][a-z0-9_.-]{0,62}\Z",
    "A name is 1 to 63 of a-z, 0-9, '_', '.' and '-', and begins with a letter or a digit.",
)


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, **{**fields, "is_staff": True, "is_superuser": True})

    def create_agent(self, username: str, **fields: Any) -> "User":
        """An agent has no password: it can only come in with a token."""
        return self.create_user(username, None, **{**fields, "kind": User.Kind.AGENT})

    def get_by_natural_key(self, username: str | None) -> "User":
        # Phones begin a name with a capital, and no two names differ by case alone.
        return super().get_by_natural_key((username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person or an agent, in one name space.

    The username is for ever, because mentions and the log keep it as text.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        AGENT = "agent"

    username = models.CharField(
        max_length=63,
        unique=True,
        validators=[validate_username],
        error_messages={"unique": "A person or an agent already has this name."},
        help_text="Lower case; cannot be changed later.",
    )
    display_name = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.PERSON)
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Switch off instead of deleting: every access ends, and what was done stays.",
    )
    is_staff = models.BooleanField(
        "staff", default=False, help_text="May use the admin, and join every circle."
    )
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.username

    def save(self, **options: Any) -> None:
        fields = options.get("update_fields")
        if fields is None or "username" in fields:
            self._guard_username(options.get("using"))
        with transaction.atomic(using=options.get("using")):  # whoever hears of it is in it too
            super().save(**options)

    @property
    def is_agent(self) -> bool:
        return self.kind == self.Kind.AGENT

    def get_full_name(self) -> str:
        return self.display_name or self.username

    get_short_name = get_full_name

    def _guard_username(self, using: str | None) -> None:
        rows = User._base_manager.using(using).filter(pk=self.pk).values_list("username", flat=True)
        stored = rows.first() if self.pk else None
        if stored == self.username:
            return
        if stored is not None:
            raise ValidationError(
                {"username": f"The name '{stored}' is for ever: mentions and the log keep it."},
                code="immutable",
            )
        validate_username(self.username)


class Token(AbstractAuthToken):
    """A bearer token: knox keeps the digest, and the plaintext is shown once, when it is made."""

    name = models.CharField(max_length=100, blank=True, default="")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name or 'token'} {self.public_id}"

    @property
    def public_id(self) -> str:
        """Names the token and is no secret: 64 bits of the digest, which leads to no plaintext."""
        return str(self.digest[:PUBLIC_ID_LENGTH])


class Ticket(models.Model):
    """A right to come in once, for half a minute, by the credential that made it.

    It goes with that credential: by its foreign key when that is a token, and at ``tickets.redeem``
    when it is a session, which may live outside of the database.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    token = models.ForeignKey(Token, null=True, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=4096, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket {self.digest[:PUBLIC_ID_LENGTH]}"
