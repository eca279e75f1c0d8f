"""Who calls a function: by name, by class, through constructors, aliases, registries of custom ops and instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contractlint.flow.binding import Bound, bind, missing
from contractlint.flow.nodes import CallRecord, Facts, Node
from contractlint.flow.series import Series
from contractlint.flow.values import Alt, Callable, ClassValue, Instance, ModuleValue, Unknown
from contractlint.index.project import Class, External, Function

if TYPE_CHECKING:
    from contractlint.flow.evaluate import Flow

MAX_CALLERS = 400


@dataclass(frozen=True, slots=True)
class Caller:
    """One call that can reach a function. `skip` leading parameters are bound by the call itself (`self`)."""

    fn: Function
    record: CallRecord
    skip: int
    guess: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What one caller passes for one parameter: a node, or nothing, or a reason why it cannot be told."""

    fn: Function
    line: int
    facts: Facts
    node: Node | None
    missing: bool = False
    reason: str = ""
    guess: bool = False
    receiver: Class | None = None
    bound: Bound | None = None
    name: str = ""

    def values(self, flow: Flow) -> tuple[Alt, ...]:
        """The possibilities for the argument, in the caller's frame."""
        from contractlint.flow.frames import Frame

        frame = Frame.make(self.fn, self.facts, receiver=self.receiver)
        if self.node is not None:
            return flow.guess(self.node, frame) if self.guess else flow.ev(self.node, frame)
        assert self.bound is not None
        return self.bound.from_splats(flow, self.name, frame)


class Callers:
    """Finds callers, and remembers them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._callers: dict[tuple[object, ...], Series[Caller]] = {}
        self._classes: dict[tuple[int, int], tuple[Node, Facts, list[Class], bool]] = {}
        self._holders: dict[Class, Series[tuple[str, Class | None]]] = {}
        self.doubtful: set[Function] = set()  # of which there may be calls on objects whose class is not known
        self._constructions: dict[Class, Series[Caller]] = {}

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
        base, owner = function.parts[0], _owner(caller.fn)
        if owner is not None and (_is_super(base) or _is_self(base, caller.fn)):
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
        if not (_is_self(function.parts[0], caller.fn) or _is_super(function.parts[0])):
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
            yield from self._constructor(fn)
        else:
            yield from self._by_name(fn, fn.name)
            for name in self._decorated_names(fn):
                yield from self._ops_called(name)
            yield from self._aliased(fn)
        if fn.owner is not None and fn.name in ("forward", "__call__"):
            yield from self._instances(fn, receiver)

    # by name

    def _by_name(self, fn: Function, name: str, alias_owner: Class | None = None) -> Iterator[Caller]:
        owner = alias_owner or fn.owner
        for caller in self._calling(fn, name):
            if owner is not None and self._calls_its_own(caller, name, owner):
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

    def _calls_its_own(self, caller: Function, name: str, owner: Class) -> bool:
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
            if any(f == fn for f in self._plain_targets(function, caller)):
                yield Caller(caller, record, 0)
            return
        base, name = function.parts
        if _is_ops(base):
            if fn.owner is None and self._registered(fn, name):
                yield Caller(caller, record, 0)
            return
        owner = alias_owner or fn.owner
        if owner is None:
            if any(f == fn for f in self._plain_targets(function, caller)):
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

    def _plain_targets(self, function: Node, caller: Function) -> list[Function]:
        from contractlint.flow.frames import Frame

        if function.kind == "param":
            return []
        if function.kind == "attr" and not _module_chain(function):
            return []
        alts = self.flow.structural(function, Frame.make(caller))
        return [a.value.target for a in alts if isinstance(a.value, Callable) and isinstance(a.value.target, Function)]

    def _receives(
        self, base: Node, caller: Function, facts: Facts, owner: Class, fn: Function, name: str, alias: bool
    ) -> bool | None:
        """Whether a receiver can be an instance on which `name` is this method: yes, no, or not known."""
        if _is_super(base):
            cls = _owner(caller)
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
            elif self._dispatches(cls, name, fn):
                return True
        return False if complete else None

    def _tested(self, base: Node, caller: Function, facts: Facts) -> Iterator[Class]:
        """The classes that tests name of a receiver that was not followed."""
        from contractlint.flow.frames import Frame

        for alt in self.flow.structural(base, Frame.make(caller, facts)):
            if isinstance(alt.value, Unknown) and alt.value.cls is not None:
                yield alt.value.cls

    def _dispatches(self, cls: Class, name: str, fn: Function) -> bool:
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

    # constructors

    def _constructor(self, fn: Function) -> Iterator[Caller]:
        owner = fn.owner
        assert owner is not None
        yield from self.constructions(owner)
        project = self.flow.project
        for cls in project.subclasses(owner):
            own = cls.method(fn.name)
            if own is not None:
                for record in self.flow.graph(own).calls:
                    if self._initialises(record.node, owner, fn, cls):
                        explicit = record.node.parts[0].parts[0].kind != "call"
                        yield Caller(own, record, 0 if explicit else 1)
            elif project.find_method(cls, fn.name) == fn:
                yield from self.constructions(cls)

    def _initialises(self, call: Node, owner: Class, fn: Function, cls: Class) -> bool:
        """Whether a call is `super().__init__(…)` or `Base.__init__(self, …)` that reaches `fn`."""
        function = call.parts[0]
        if function.kind != "attr" or function.parts[1] != fn.name:
            return False
        base = function.parts[0]
        if base.kind == "call":
            following = self.flow.project.mro(cls)[1:]
            target = next((c.method(fn.name) for c in following if c.method(fn.name)), None)
            return last_name(base.parts[0]) == "super" and target == fn
        return last_name(base) == owner.name

    def constructions(self, cls: Class) -> Series[Caller]:
        """Calls that make an instance of exactly this class."""
        if cls not in self._constructions:
            self._constructions[cls] = Series(self._construct(cls))
        return self._constructions[cls]

    def _construct(self, cls: Class) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", cls.name):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if last_name(function) == cls.name and self._names_class(function, caller, cls):
                    yield Caller(caller, record, 1)
        for caller in self.flow.project.functions_of("calls", "cls", self.flow.project.mro(cls)):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "param" and function.parts[0] == "cls" and caller.decorated("classmethod"):
                    yield Caller(caller, record, 1)
        yield from self._class_values(cls)

    def _names_class(self, function: Node, caller: Function, cls: Class) -> bool:
        from contractlint.flow.frames import Frame

        if function.kind not in ("global", "import", "free", "class") and not _module_chain(function):
            return False
        alts = self.flow.structural(function, Frame.make(caller))
        return any(isinstance(a.value, ClassValue) and a.value.cls == cls for a in alts)

    def _class_values(self, cls: Class) -> Iterator[Caller]:
        """Constructions through a function that returns the class (`get_impl(config)(…)`)."""
        for holder in self.flow.project.functions_with("given", cls.name):
            if holder.index == 0 or not self.flow.usable(holder):
                continue
            graph = self.flow.graph(holder)
            if not any(self._is_class(n, holder, cls) for r in graph.returns for n in leaves(r.value)):
                continue
            for caller in self.of(holder):
                for record in self.flow.graph(caller.fn).calls:
                    if record.node.parts[0].id == caller.record.node.id:
                        yield Caller(caller.fn, record, 1)

    def _is_class(self, node: Node, fn: Function, cls: Class) -> bool:
        return last_name(node) == cls.name and self._names_class(node, fn, cls)

    # aliases: a function kept under another name

    def _aliased(self, fn: Function) -> Iterator[Caller]:
        for holder in self.flow.project.functions_with("refs", fn.name):
            if not self.flow.usable(holder):
                continue
            graph = self.flow.graph(holder)
            for record in graph.returns:
                if any(self._is_function(n, holder, fn) for n in leaves(record.value)):
                    yield from self._results_called(holder, fn)
                    break
            for store in graph.stores:
                if any(self._is_function(n, holder, fn) for n in leaves(store.value)):
                    yield from self._by_name(fn, store.attribute, holder.owner or fn.owner)
            for call in graph.calls:
                yield from self._registration(call.node, holder, fn)
            if holder.index == 0:
                for name, node in graph.names.items():
                    if name != fn.name and any(self._is_function(n, holder, fn) for n in leaves(node)):
                        yield from self._by_name(fn, name)

    def _is_function(self, node: Node, holder: Function, fn: Function) -> bool:
        if last_name(node) != fn.name:
            return False
        if fn.owner is not None:
            if node.kind != "attr":
                return False
            base = node.parts[0]
            if base.kind == "param" and holder.owner is not None and holder.is_method:
                return self.flow.project.related(holder.owner, fn.owner)
            classes, _ = self.classes(base, holder, ())
            return any(self._dispatches(c, fn.name, fn) for c in classes)
        return any(f == fn for f in self._plain_targets(node, holder))

    def _results_called(self, holder: Function, fn: Function) -> Iterator[Caller]:
        """Calls of what `holder` returned: `self.run = self.choose()` … `self.run(x)`, or `choose()(x)`."""
        skip = 1 if fn.is_method else 0
        for caller in self.of(holder):
            graph = self.flow.graph(caller.fn)
            result = caller.record.node
            for record in graph.calls:
                if record.node.parts[0].id == result.id:
                    yield Caller(caller.fn, record, skip)
            for store in graph.stores:
                if any(n.id == result.id for n in leaves(store.value)):
                    yield from self._by_name(fn, store.attribute, caller.fn.owner or fn.owner)

    def _registration(self, call: Node, holder: Function, fn: Function) -> Iterator[Caller]:
        """`register(op_name="x", op_func=fn)`: calls of `torch.ops.<namespace>.x` reach `fn`."""
        values = [*call.parts[1], *(v for _, v in call.parts[2])]
        if not any(self._is_function(v, holder, fn) for v in values):
            return
        for value in values:
            if value.kind == "const" and isinstance(value.parts[0], str):
                name = value.parts[0].rpartition("::")[2]
                if name.isidentifier():
                    yield from self._ops_called(name)

    def _ops_called(self, name: str) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", name):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == name and _is_ops(function.parts[0]):
                    yield Caller(caller, record, 0)
        # The op kept in an attribute: `self.forward_op = torch.ops.ns.x`.
        for holder in self.flow.project.functions_with("refs", name):
            graph = self.flow.graph(holder)
            for store in graph.stores:
                if any(_is_op(n, name) for n in leaves(store.value)):
                    yield from self._attribute_called(store.attribute)
            if any(_is_op(n, name) for r in graph.returns for n in leaves(r.value)):
                for user in self.of(holder):
                    for store in self.flow.graph(user.fn).stores:
                        if any(n.id == user.record.node.id for n in leaves(store.value)):
                            yield from self._attribute_called(store.attribute)

    def _attribute_called(self, attribute: str) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", attribute):
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == attribute and not _is_ops(function.parts[0]):
                    yield Caller(caller, record, 0)

    def _registered(self, fn: Function, name: str) -> bool:
        """Whether a function is the body of the custom op of this name."""
        return (name == fn.name and bool(fn.ir.decorators)) or name in self._decorated_names(fn)

    @staticmethod
    def _decorated_names(fn: Function) -> Iterator[str]:
        """Names that decorators give the function: `@custom_op("namespace::name")`."""
        for decorator in fn.ir.decorators:
            for arg in decorator[3] if decorator[0] == "call" else ():
                if arg[0] == "const" and isinstance(arg[2], str) and "::" in arg[2]:
                    yield arg[2].rpartition("::")[2]

    # instances that are called

    def _instances(self, fn: Function, receiver: Class | None) -> Iterator[Caller]:
        """Calls of instances: `self.experts = Experts(…)` … `self.experts(x)`."""
        owner = fn.owner
        assert owner is not None
        project = self.flow.project
        top = receiver or owner
        for cls in (top, *project.subclasses(top)):
            if project.find_method(cls, fn.name) != fn:
                continue
            for attribute, holder in self.holders(cls):
                yield from self._held_called(attribute, holder, cls, fn)
            for made in self.constructions(cls):
                for record in self.flow.graph(made.fn).calls:
                    if any(n.id == made.record.node.id for n in leaves(record.node.parts[0])):
                        yield Caller(made.fn, record, 1)

    def holders(self, cls: Class) -> Series[tuple[str, Class | None]]:
        """Attributes that keep an instance of exactly this class, with the class whose code keeps it."""
        if cls not in self._holders:
            self._holders[cls] = Series(self._holding(cls))
        return self._holders[cls]

    def _holding(self, cls: Class) -> Iterator[tuple[str, Class | None]]:
        known: set[tuple[str, Class | None]] = set()
        for construction in self.constructions(cls):
            if not self.flow.usable(construction.fn):
                continue
            for store in self.flow.graph(construction.fn).stores:
                held = (store.attribute, construction.fn.owner)
                if held not in known and any(n.id == construction.record.node.id for n in leaves(store.value)):
                    known.add(held)
                    yield held

    def _held_called(self, attribute: str, holder: Class | None, cls: Class, fn: Function) -> Iterator[Caller]:
        for caller in self.flow.project.functions_with("calls", attribute):
            if holder is not None and self._calls_its_own(caller, attribute, holder):
                continue
            for record in self.flow.graph(caller).calls:
                function = record.node.parts[0]
                if function.kind == "attr" and function.parts[1] == attribute:
                    held = self._holds(function.parts[0], caller, record.facts, holder)
                    if held is not False:
                        yield Caller(caller, record, 1, guess=held is None)

    def _holds(self, base: Node, caller: Function, facts: Facts, holder: Class | None) -> bool | None:
        """Whether an object is one of the class that keeps the instance: yes, no, or not known."""
        if _module_chain(base):
            return False
        if holder is None:
            return None
        if _is_self(base, caller):
            return caller.owner is not None and self.flow.project.related(caller.owner, holder)
        classes, complete = self.classes(base, caller, facts)
        if classes:
            return any(self.flow.project.related(c, holder) for c in classes)
        return False if complete else None


def last_name(node: Node) -> str:
    """The last name of a callee or reference, empty when it has none."""
    if node.kind == "attr":
        return str(node.parts[1])
    if node.kind in ("global", "free", "param"):
        return str(node.parts[0])
    if node.kind == "import":
        return str(node.parts[1] or node.parts[0]).rpartition(".")[2]
    if node.kind == "def":
        return str(node.fn.module.ir.functions[node.parts[0]].name)
    if node.kind == "class":
        return str(node.fn.module.ir.classes[node.parts[0]].name)
    return ""


def leaves(node: Node) -> Iterator[Node]:
    """A node, or the alternatives of a phi."""
    if node.kind == "phi":
        for _, alternative in node.parts[0]:
            yield from leaves(alternative)
    else:
        yield node


def _owner(fn: Function) -> Class | None:
    """The class of the method that a function is, or stands in."""
    inner: Function | None = fn
    while inner is not None and inner.owner is None:
        inner = inner.parent
    return inner.owner if inner is not None else None


def _is_self(node: Node, fn: Function) -> bool:
    """Whether a node is the instance on which a method runs."""
    return node.kind == "param" and fn.is_method and node.parts[0] in [p.name for p in fn.ir.params[:1]]


def _is_super(node: Node) -> bool:
    return node.kind == "call" and node.parts[0].kind == "global" and bool(node.parts[0].parts[0] == "super")


def _module_chain(node: Node) -> bool:
    """Whether an expression is names all the way down (`a.b.c`)."""
    while node.kind == "attr":
        node = node.parts[0]
    return node.kind in ("global", "import", "free")


def _is_ops(node: Node) -> bool:
    """Whether a node is `torch.ops.<namespace>`."""
    if node.kind != "attr":
        return False
    inner = node.parts[0]
    return inner.kind == "attr" and inner.parts[1] == "ops" and last_name(inner.parts[0]) == "torch"


def _is_op(node: Node, name: str) -> bool:
    return node.kind == "attr" and node.parts[1] == name and _is_ops(node.parts[0])
