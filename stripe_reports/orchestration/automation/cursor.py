"""A sensor's cursor: what it remembers from one evaluation to the next."""

import logging
from typing import TypeVar

from pydantic import BaseModel, ValidationError

_Model = TypeVar("_Model", bound=BaseModel)


def read_cursor(model: type[_Model], cursor: str | None, log: logging.Logger) -> _Model:
    """Return the cursor's content; an empty one if there is none, or none that can be read (logged)."""
    if not cursor:
        return model()
    try:
        return model.model_validate_json(cursor)
    except ValidationError:
        log.warning("the sensor's cursor is damaged or from an earlier version; starting anew")
        return model()
