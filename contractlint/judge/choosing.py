"""What the class that holds a call says about the values it is made for."""

from __future__ import annotations

from contractlint.index.project import Function
from contractlint.judge.site import JudgedSite


def asked_by_the_class(site: JudgedSite, parameter: str) -> bool:
    """Whether another method of the class names members of a parameter's enumeration: to tell which of them it takes, say."""
    enum, owner = site.view.enum_of(parameter), site.site.fn.owner
    if enum is None or owner is None:
        return False
    methods = (Function(cls.module, index) for cls in site.flow.project.mro(owner) for index in cls.ir.methods.values())
    return any(method != site.site.fn and _names(method.ir.body, enum) for method in methods)


def _names(body: object, enum: str) -> bool:
    """Whether a member of an enumeration stands in a body."""
    pending: list[object] = [body]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            if len(item) == 4 and item[0] == "attr" and isinstance(item[2], tuple) and item[2][::2] == ("name", enum):
                return True
            pending.extend(item)
    return False
