"""What a sensor remembers from one evaluation to the next, read back."""

import logging
from typing import TypeVar

from pydantic import BaseModel, ValidationError

_Model = TypeVar("_Model", bound=BaseModel)


def read_cursor(model: type[_Model], cursor: str | None, log: logging.Logger) -> _Model:
    """What the cursor holds. An empty one, where there is none, or one that cannot be read: that is said in
    the log."""
    if not cursor:
        return model()
    try:
        return model.model_validate_json(cursor)
    except ValidationError:
        log.warning("the sensor's cursor is from an earlier version or damaged: it starts anew")
        return model()
