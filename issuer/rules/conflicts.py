"""Why rules cannot be as somebody wants them: one sentence, said by the API in English and by the console in both."""

from pydantic_core import PydanticCustomError


def conflict(code: str, message: str, about: str = "", **values: str | int) -> PydanticCustomError:
    """For validators to raise. What pydantic says is the English sentence; the rest is kept for `issuer.objections`.

    :param message: English, marked by ``N_``, with ``values`` to fill in; names the value and the remedy
    :param about: the field that is meant, when the model has several
    """
    kept = {"message": message, "values": values, "about": about}
    return PydanticCustomError(code, (message % values).removesuffix("."), kept)
