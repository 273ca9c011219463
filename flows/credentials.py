"""Secrets that the settings name and Prefect keeps: blocks of the type Secret."""

from prefect.blocks.system import Secret
from pydantic import SecretStr

from flows.settings import Settings


async def with_password(given: Settings) -> Settings:
    """Return the settings with the relay's password from the Prefect block they name, if they name one."""
    if not given.mail.password_block:
        return given
    secret: Secret[str] = await Secret.aload(given.mail.password_block)
    mail = given.mail.model_copy(update={"password": SecretStr(secret.get())})
    return given.model_copy(update={"mail": mail})
