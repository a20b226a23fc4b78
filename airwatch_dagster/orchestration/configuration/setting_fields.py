"""How a setting is declared: its environment variable, meaning, default and allowed values, and the error it gives."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Self

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.addresses import address_problem, without_credentials
from airwatch_dagster.orchestration.configuration.secret_files import SecretFiles

_OWN: Final = "airwatch"
"""Type of the errors that bring their own problem, which follows the value: "'1' is not an interval EPA allows"."""

_FOLLOWS: Final = "default_factory_not_called"
"""Type of the errors of defaults that need the value of another setting, which has an error of its own."""


class SettingReference(NamedTuple):
    """What a user needs to know of one setting."""

    name: str
    """The environment variable."""
    meaning: str
    default: str
    """In words where it is not a value; empty for a setting that is off by default."""
    allowed: str
    noun: str
    """What a value is, in the error "'x' is not a valid <noun>"."""
    is_secret: bool


def setting(
    name: str,
    meaning: str,
    default: Any = None,
    *,
    allowed: str,
    noun: str = "value",
    default_factory: Callable[..., Any] | None = None,
    default_text: str | None = None,
    instead: str | None = None,
    **rules: Any,
) -> Any:
    """A field read from the environment variable ``name``, or from the variable ``instead`` while that is unset.

    ``default_text`` describes a default that is computed. ``rules`` are pydantic's own, such as ``ge``.
    """
    given: dict[str, Any] = {"default_factory": default_factory} if default_factory else {"default": default}
    shown = default_text if default_text is not None else "" if default is None else str(default)
    return Field(
        **given,
        validation_alias=AliasChoices(name, instead) if instead else name,
        description=meaning,
        json_schema_extra={"name": name, "default": shown, "allowed": allowed, "noun": noun},
        **rules,
    )


class SettingsGroup(BaseSettings):
    """Settings that can be read without the others, so that a mistake in another group does not matter to the reader.

    A blank variable counts as unset. A secret may be in the file that NAME_FILE names instead.
    """

    model_config = SettingsConfigDict(
        frozen=True, case_sensitive=True, env_ignore_empty=True, hide_input_in_errors=True, str_strip_whitespace=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then files of secrets, then the environment."""
        secrets = [one.name for one in cls.reference() if one.is_secret]
        return init_settings, SecretFiles(settings_cls, secrets), env_settings

    @classmethod
    def from_environment(cls) -> Self:
        """The settings of this process. Raises ConfigurationError for the first value that is not allowed."""
        try:
            return cls()
        except ValidationError as invalid:
            raise _explained(cls.reference(), invalid.errors()[0]) from None

    @classmethod
    def problems(cls) -> list[ConfigurationError]:
        """What is wrong with the settings of this process, one error per setting; empty for valid ones."""
        try:
            cls()
        except ConfigurationError as contradiction:
            return [contradiction]
        except ValidationError as invalid:
            errors = [error for error in invalid.errors() if error["type"] != _FOLLOWS]
            return [_explained(cls.reference(), error) for error in errors]
        return []

    @classmethod
    def reference(cls) -> list[SettingReference]:
        """Every setting of the group, in the order of declaration."""
        rows = []
        for field in cls.model_fields.values():
            assert isinstance(field.json_schema_extra, dict)
            is_secret = field.annotation in (SecretStr, SecretStr | None)
            rows.append(
                SettingReference(meaning=str(field.description), is_secret=is_secret, **field.json_schema_extra)  # type: ignore[arg-type]
            )
        return rows

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}


def not_allowed(problem: str) -> PydanticCustomError:
    """What a validator raises for a value of the right kind; ``problem`` follows the value in the sentence."""
    return PydanticCustomError(_OWN, "{problem}", {"problem": problem})


def address(*schemes: str) -> AfterValidator:
    """A rule for a setting: an address of one of ``schemes``."""

    def checked(value: str | SecretStr | None) -> str | SecretStr | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        problem = address_problem(text, schemes) if text is not None else None
        if problem is not None:
            raise not_allowed(problem)
        return value

    return AfterValidator(checked)


def _explained(reference: list[SettingReference], error: ErrorDetails) -> ConfigurationError:
    if isinstance(error["input"], ConfigurationError):  # of the file of a secret
        return error["input"]
    setting = next(one for one in reference if one.name == error["loc"][0])
    problem = error["msg"] if error["type"] == _OWN else f"is not a valid {setting.noun}"
    value = "the value" if setting.is_secret else repr(without_credentials(str(error["input"])))
    fix = f"Use {setting.allowed}" + (f", or leave it unset for {setting.default}" if setting.default else "")
    return ConfigurationError(setting.name, f"{value} {problem}", fix=fix)
