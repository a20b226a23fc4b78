"""The setting of the AQS parameters that are read."""

from pydantic import field_validator

from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, not_allowed, setting
from airwatch_dagster.parameters import ACCEPTABLE_PARAMETER, PARAMETERS, PM25_PARAMETER


class ParameterSettings(SettingsGroup):
    """What counts as PM2.5."""

    parameters_text: str = setting(
        "AIRWATCH_PARAMETERS",
        "AQS parameters that are read: 88101 (reference and equivalent methods), and 88502 (other monitors that show "
        "the AQI); work on the NAAQS reads 88101 alone",
        ",".join(PARAMETERS),
        allowed=f"{PM25_PARAMETER}, or {','.join(PARAMETERS)}",
        noun="choice of parameters",
    )

    @field_validator("parameters_text")
    @classmethod
    def _known_parameters(cls, text: str) -> str:
        """The parameters in order, without spaces; 88101 is among them."""
        codes = {code.strip() for code in text.split(",")}
        if "" in codes:
            raise not_allowed("names nothing after a comma")
        if not codes <= set(PARAMETERS):
            others = ", ".join(sorted(codes - set(PARAMETERS)))
            raise not_allowed(f"names {others}, which is not a parameter of daily PM2.5")
        if PM25_PARAMETER not in codes:
            raise not_allowed(f"leaves out {PM25_PARAMETER}, which counts before {ACCEPTABLE_PARAMETER} at every site")
        return ",".join(code for code in PARAMETERS if code in codes)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters to read, 88101 first."""
        return tuple(self.parameters_text.split(","))
