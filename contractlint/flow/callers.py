"""Who calls a function: by name, by class, through constructors, aliases, registries of custom ops and instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from contractlint.flow.aliases import Aliases
from contractlint.flow.binding import bind, missing
from contractlint.flow.caller import Caller, Passed
from contractlint.flow.constructions import Constructions
from contractlint.flow.nodes import CallRecord, Facts, Node
from contractlint.flow.references import is_ops, is_self, is_super, last_name, module_chain, owner_of
from contractlint.flow.series import Series
from contractlint.flow.values import Callable, ClassValue, Instance, ModuleValue, Unknown
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow

MAX_CALLERS = 400


class Callers:
    """Finds callers, and remembers them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._callers: dict[tuple[object, ...], Series[Caller]] = {}
        self._classes: dict[tuple[int, int], tuple[Node, Facts, list[Class], bool]] = {}
        self.doubtful: set[Function] = set()  # of which there may be calls on objects whose class is not known
        self.constructions = Constructions(flow, self)
        self.aliases = Aliases(flow, self)

    def passed(self, fn: Function, name: str, receiver: Class | None) -> Iterator[Passed]:
        """What each caller of a function passes for a parameter."""
        for caller in self.reaching(fn, receiver):
            yield self._bind(caller, fn, name, receiver)

    def reaching(self, fn: Function, receiver: Class | None) -> Iterator[Caller]:
        """The callers to follow, where `receiver` is the class of `self`, as far as it is known."""
        for caller in self.of(fn, receiver):
            if self.flow.usable(caller.fn) and self._can_be_on(caller, fn, receiver):
                yield caller

    def _can_be_on(self, caller: Caller, fn: Function, receiver: Class | None) -> bool:
        """Whether a method is called on what can be an instance of the class that its `self` is known to have."""
        function = caller.record.node.parts[0]
        if receiver is None or function.kind != "attr" or function.parts[1] != fn.name:
            return True  # an instance that is called, or the method under another name: of that class already
        base, owner = function.parts[0], owner_of(caller.fn)
        if owner is not None and (is_super(base) or is_self(base, caller.fn)):
            classes, complete = [owner], True
        else:
            classes, complete = self.classes(base, caller.fn, caller.record.facts)
        project = self.flow.project
        return not complete or any(
            project.related(cls, receiver) or any(cls in project.mro(below) for below in project.subclasses(receiver))
            for cls in classes
        )

    def receiver_of(self, caller: Caller, fn: Function, receiver: Class | None) -> Class | None:
        """The class of `self` in the caller, where the call goes through its `self` and the callee knows it better."""
        function, owner = caller.record.node.parts[0], receiver or fn.owner
        if owner is None or caller.fn.owner is None or not caller.fn.is_method or function.kind != "attr":
            return None
        if not (is_self(function.parts[0], caller.fn) or is_super(function.parts[0])):
            return None
        return owner if owner != caller.fn.owner and caller.fn.owner in self.flow.project.mro(owner) else None

    def _bind(self, caller: Caller, fn: Function, name: str, receiver: Class | None) -> Passed:
        record = caller.record
        bound = bind(self.flow, record.node, fn.ir.params, caller.skip)
        node = bound.arguments.get(name)
        who = self.receiver_of(caller, fn, receiver)
        base = Passed(caller.fn, record.line, record.facts, node, name == "", "", caller.guess, who, bound, name)
        if node is not None:
            return base
        if bound.splats or bound.stars:
            return base
        return Passed(caller.fn, record.line, record.facts, None, missing=True, guess=caller.guess)

    def too_common(self, fn: Function) -> str:
        """The name by which a function is called, when it is too common to be searched for."""
        text = self.flow.project.text
        name = fn.owner.name if fn.name == "__init__" and fn.owner is not None else fn.name
        return name if text.is_common(name, "calls") else ""

    def of(self, fn: Function, receiver: Class | None = None) -> Series[Caller]:
        """All calls that can reach a function; with `receiver`, on an instance of that class or of one below it."""
        if fn.name not in ("forward", "__call__"):
            receiver = None
        key = (fn, receiver)
        if key not in self._callers:
            self._callers[key] = Series(self._distinct(fn, receiver))
        return self._callers[key]

    def _distinct(self, fn: Function, receiver: Class | None) -> Iterator[Caller]:
        """Each call once; those that only names join, where there are no others."""
        certain: set[tuple[str, int, int]] = set()
        guesses: dict[tuple[str, int, int], Caller] = {}
        for caller in self._search(fn, receiver):
            place = (caller.fn.file, caller.fn.index, caller.record.node.id)
            if caller.guess:
                guesses.setdefault(place, caller)
            elif place not in certain:
                certain.add(place)
                yield caller
            if len(certain) + len(guesses) >= MAX_CALLERS:
                break
        if not certain:
            yield from guesses.values()

    def _search(self, fn: Function, receiver: Class | None) -> Iterator[Caller]:
        if fn.owner is not None and fn.name in ("__init__", "__new__"):
            yield from self.constructions.of_constructor(fn)
        else:
            yield from self.by_name(fn, fn.name)
            for name in self.aliases.decorated_names(fn):
                yield from self.aliases.ops_called(name)
            yield from self.aliases.of(fn)
        if fn.owner is not None and fn.name in ("forward", "__call__"):
            yield from self.constructions.of_instances(fn, receiver)

    # by name

    def by_name(self, fn: Function, name: str, alias_owner: Class | None = None) -> Iterator[Caller]:
        """Calls of a function by a name; with `alias_owner`, where it is kept in an attribute of that class."""
        owner = alias_owner or fn.owner
        for caller in self._calling(fn, name):
            if owner is not None and self.calls_its_own(caller, name, owner):
                continue
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if last_name(function) != name:
                    continue
                yield from self._judge(fn, caller, record, function, alias_owner)

    def _calling(self, fn: Function, name: str) -> Iterator[Function]:
        """Functions that call something of this name. A name that stands everywhere is searched for only in files that also
        name two of the function's own parameters, the rarest ones; `too_common` tells that there may be more."""
        project = self.flow.project
        if not project.text.is_common(name, "calls"):
            required = any(
                p.default is None and p.kind in ("posonly", "pos", "kwonly") for p in fn.ir.params[fn.is_method :]
            )
            use = "calls with" if required else "calls"
            yield from project.functions_with(use, name)
            return
        names = [p.name for p in fn.ir.params if p.name not in ("self", "cls") and len(p.name) > 3]
        rarest = sorted(names, key=lambda n: (project.text.count(n), n))[:2]
        if len(rarest) == 2:
            for index in project.text.files_with_all(((name, "calls"), *((n, "word") for n in rarest))):
                module = project.module_at(index)
                for function in module.ir.using(name, "calls"):
                    yield Function(module, function)

    def calls_its_own(self, caller: Function, name: str, owner: Class) -> bool:
        """Whether a method calls something of this name on its own instance alone, which is none of a class: told by its text."""
        if not caller.is_method or caller.owner is None or self.flow.project.related(caller.owner, owner):
            return False
        return caller.index not in caller.module.ir.using(name, "calls elsewhere")

    def _judge(
        self, fn: Function, caller: Function, record: CallRecord, function: Node, alias_owner: Class | None
    ) -> Iterator[Caller]:
        skip = 1 if fn.is_method else 0
        if function.kind != "attr":
            if alias_owner is not None or fn.owner is not None:
                return
            if any(f == fn for f in self.plain_targets(function, caller)):
                yield Caller(caller, record, 0)
            return
        base, name = function.parts
        if is_ops(base):
            if fn.owner is None and self.aliases.registered(fn, name):
                yield Caller(caller, record, 0)
            return
        owner = alias_owner or fn.owner
        if owner is None:
            if any(f == fn for f in self.plain_targets(function, caller)):
                yield Caller(caller, record, 0)
            return
        verdict = self._receives(base, caller, record.facts, owner, fn, name, alias_owner is not None)
        if verdict is True:
            if self._fits(record.node, fn, skip):
                yield Caller(caller, record, skip)
        elif verdict is None:
            self.doubtful.add(fn)
            if self._plausible(record.node, fn, skip):
                yield Caller(caller, record, skip, guess=not self._only_family(owner, name))

    def _only_family(self, owner: Class, name: str) -> bool:
        """Whether nothing but this class and its relatives defines a method of this name, so that it can mean no other."""
        project = self.flow.project
        if project.text.is_common(name, "calls"):
            return False
        definers = project.definers(name)
        return 0 < len(definers) <= 12 and all(project.related(c, owner) for c in definers)

    def plain_targets(self, function: Node, caller: Function) -> list[Function]:
        """The functions that a callee of names alone means."""
        from contractlint.flow.frames import Frame

        if function.kind == "param":
            return []
        if function.kind == "attr" and not module_chain(function):
            return []
        alts = self.flow.structural(function, Frame.make(caller))
        return [a.value.target for a in alts if isinstance(a.value, Callable) and isinstance(a.value.target, Function)]

    def _receives(
        self, base: Node, caller: Function, facts: Facts, owner: Class, fn: Function, name: str, alias: bool
    ) -> bool | None:
        """Whether a receiver can be an instance on which `name` is this method: yes, no, or not known."""
        if is_super(base):
            cls = owner_of(caller)
            if cls is None:
                return False
            return any(c == owner for c in self.flow.project.mro(cls)[1:])
        classes, complete = self.classes(base, caller, facts)
        if not complete:
            classes = [*classes, *self._tested(base, caller, facts)]
        for cls in classes:
            if alias:
                if self.flow.project.related(cls, owner):
                    return True
            elif self.dispatches(cls, name, fn):
                return True
        return False if complete else None

    def _tested(self, base: Node, caller: Function, facts: Facts) -> Iterator[Class]:
        """The classes that tests name of a receiver that was not followed."""
        from contractlint.flow.frames import Frame

        for alt in self.flow.structural(base, Frame.make(caller, facts)):
            if isinstance(alt.value, Unknown) and alt.value.cls is not None:
                yield alt.value.cls

    def dispatches(self, cls: Class, name: str, fn: Function) -> bool:
        """Whether `instance.name` on an instance of `cls` (or of a subclass) can be `fn`."""
        owner = fn.owner
        assert owner is not None
        if self.flow.project.find_method(cls, name) == fn:
            return True
        return cls != owner and cls in self.flow.project.mro(owner)

    def classes(self, base: Node, caller: Function, facts: Facts) -> tuple[list[Class], bool]:
        """Project classes that a receiver can have, and whether nothing else is possible."""
        key = (id(base), id(facts))
        known = self._classes.get(key)
        if known is None:
            answer = self._classes_of(base, caller, facts)
            if not self.flow.settled:
                return answer
            # Nodes and facts are kept along, so that their identity stays theirs.
            known = self._classes[key] = (base, facts, *answer)
        return known[2], known[3]

    def _classes_of(self, base: Node, caller: Function, facts: Facts) -> tuple[list[Class], bool]:
        from contractlint.flow.frames import Frame

        found: list[Class] = []
        complete = True
        for alt in self.flow.structural(base, Frame.make(caller, facts)):
            value = alt.value
            if (isinstance(value, Instance) and isinstance(value.cls, Class)) or (
                isinstance(value, ClassValue) and isinstance(value.cls, Class)
            ):
                found.append(value.cls)
            elif isinstance(value, Unknown):
                complete = False
            elif isinstance(value, Instance) and isinstance(value.cls, External):
                complete = complete and not value.cls.name.endswith((".Module", ".Any"))
            elif isinstance(value, ModuleValue):
                pass
        return list(dict.fromkeys(found)), complete

    def _fits(self, call: Node, fn: Function, skip: int) -> bool:
        """Whether a call can run as a call of a method: one of a base class may mean other overrides only."""
        bound = bind(self.flow, call, fn.ir.params, skip)
        required = [p.name for p in fn.ir.params[skip:] if p.default is None and p.kind in ("posonly", "pos", "kwonly")]
        return not bound.error and not missing(bound, required)

    def _plausible(self, call: Node, fn: Function, skip: int) -> bool:
        """Whether a call with an unknown receiver fits: keywords that the function names, and a fitting count."""
        bound = bind(self.flow, call, fn.ir.params, skip)
        if bound.error:
            return False
        return any(name for name, _ in call.parts[2]) or len(call.parts[1]) >= 4
