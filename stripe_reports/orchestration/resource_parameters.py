"""Resources as parameters, under the resource keys of one account."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from stripe_reports.orchestration.names import REPORT_LAKE, STRIPE, AccountNames

_Function = TypeVar("_Function", bound=Callable[..., Any])


def resource_parameters(names: AccountNames) -> Callable[[_Function], _Function]:
    """Return a decorator for a function that Dagster calls with the parameters `stripe` and `report_lake`.

    Dagster finds a resource by the parameter's name, which for a named account is `stripe_eu`: the decorated
    function has parameters of these names.
    """

    def rename(function: _Function) -> _Function:
        if names.account is None:
            return function
        before = inspect.signature(function)
        keys = {name: names.of(name) for name in (STRIPE, REPORT_LAKE) if name in before.parameters}

        def arguments(given: dict[str, Any]) -> dict[str, Any]:
            return given | {name: given.pop(key) for name, key in keys.items()}

        @functools.wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            return function(*args, **arguments(given))

        @functools.wraps(function)
        def generate(*args: Any, **given: Any) -> Iterator[Any]:
            yield from function(*args, **arguments(given))

        renamed: Any = generate if inspect.isgeneratorfunction(function) else call
        renamed.__annotations__ = {
            keys.get(name, name): annotation for name, annotation in function.__annotations__.items()
        }
        parameters = [
            parameter.replace(name=keys.get(name, name)) for name, parameter in before.parameters.items()
        ]
        renamed.__signature__ = before.replace(parameters=parameters)
        return cast("_Function", renamed)

    return rename
