"""What a table has in one operation and graphs write out in many: normalisation over the channels, and GELU.

    y = formulas.combined(builder, "norm/Div", truediv, x_less_mean, root)     # now a LayerNorm

Older ONNX has (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) number by number, Keras x (scale / root) + (offset -
mean (scale / root)), and x / 2 (1 + erf(x / sqrt 2)) comes in every order and with every sign. So what is computed
from the mean over a map's channels, from erf or from tanh is a Formula first: a polynomial, as below, that arithmetic
changes until it is one of the two. A Formula is no operation of a table, and what becomes neither is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import add, mul, sub, truediv
from typing import Any

from .networks import Builder, Constant, Map, Step, Unknown, axis, check, joined

# Letter by letter, of one cell: x a map's number, m their mean, v their variance, d = sqrt(v + epsilon), r = 1 / d,
# e = erf(x / sqrt 2), t = tanh(sqrt(2 / pi) (x + 0.044715 x^3)). "xxm" is x^2 m, "" is 1. For each channel a factor.
Terms = dict[str, list[float]]
MOST_TERMS = 16
MOST_STEPS = 24             # that are looked through for what erf and tanh are of


class Formula(Step):
    """A polynomial in what belongs to one map."""

    def __init__(self, name: str, base: Map, terms: Terms, epsilon: float):
        super().__init__(name, "Formula", [base.step], base.shape, {})
        self.base, self.terms, self.epsilon = base, terms, epsilon


def is_formula(value: Any) -> bool:
    return isinstance(value, Map) and isinstance(value.step, Formula)


# ---- Polynomials -----------------------------------------------------------------------------------------------------

def total(one: Terms, other: Terms) -> Terms:
    result = dict(one)
    for letters, factors in other.items():
        result[letters] = list(map(add, result[letters], factors)) if letters in result else factors
    return {letters: factors for letters, factors in result.items() if any(factors)}


def product(one: Terms, other: Terms) -> Terms:
    result: Terms = {}
    for letters, factors in one.items():
        for more, others in other.items():
            result = total(result, {"".join(sorted(letters + more)): list(map(mul, factors, others))})
    return result


def times(terms: Terms, factor: float) -> Terms:
    return {letters: [factor * one for one in factors] for letters, factors in terms.items()}


def close(factors: Sequence[float], value: float, within: float = 1e-6) -> bool:
    return all(abs(one - value) <= within * abs(value) for one in factors)


def is_that(terms: Terms, wanted: dict[str, float], within: float = 1e-6) -> bool:
    """Whether these are the terms, with these factors in every channel."""
    return terms.keys() == wanted.keys() and all(
        close(terms[letters], value, within) for letters, value in wanted.items())


def expressed(step: Step, base: Step, known: dict[Step, Terms | None] | None = None) -> Terms | None:
    """A step as a polynomial in the numbers of another, of the third degree at most, if it is made of that by sums and
    products; known: what is found on the way."""
    known = {base: {"x": [1.0] * base.shape[2]}} if known is None else known
    if step not in known:
        known[step] = None
        fits = step.kind in ARITHMETIC and step.shape == base.shape and len(known) < MOST_STEPS
        parts: list[Terms | None] = [expressed(one, base, known) for one in step.inputs] if fits else [None]
        if step.weight:
            parts.append({"": step.weight[1].tolist()})
        known[step] = together(step.kind, parts)
    return known[step]


def together(kind: str, parts: Sequence[Terms | None]) -> Terms | None:
    terms = parts[0]
    for part in parts[1:]:
        if terms is not None and part is not None:
            terms = total(terms, part) if kind in ("Add", "BiasAdd") else product(terms, part)
    return None if terms is None or None in parts or max(map(len, terms), default=0) > 3 else terms


ARITHMETIC = {"Scale", "BiasAdd", "Add", "Mul"}


def arguments(step: Step) -> list[Step]:
    """A step and those that it is made of by sums and products, the nearest first."""
    found = [step]
    for one in found:
        if one.kind in ("Scale", "Add", "Mul") and len(found) < MOST_STEPS:
            found += [source for source in one.inputs if source not in found]
    return found


# ---- What nodes do ---------------------------------------------------------------------------------------------------

def combined(builder: Builder, name: str, what: Callable[[Any, Any], Any], x: Any, y: Any) -> Map:
    """x + y, x - y, x * y or x / y, at least one of them a Formula."""
    steps = [value.step for value in (x, y) if is_formula(value)]
    base, epsilon = steps[0].base, max(step.epsilon for step in steps)
    first, second = (terms_of(builder, value, base, epsilon) for value in (x, y))
    if what is truediv:
        second = inverse(second)
    elif what is sub:
        second = times(second, -1.0)
    builder.spend(base.shape[2] * len(first) * len(second))
    terms = total(first, second) if what in (add, sub) else product(first, second)
    check(len(terms) <= MOST_TERMS, "a long formula of a mean over channels, of erf or of tanh", "a usual one")
    dims = [value.dims for value in (x, y) if isinstance(value, Map)]
    dims += [base.dims for value in (x, y) if isinstance(value, Constant) and math.prod(value.shape) > 1]
    check(len(set(map(len, dims))) == 1, "a mean over channels without its dimension", "one that is kept")
    return made(builder, name, base, terms, epsilon, tuple(max(places) for places in zip(*dims)))


def terms_of(builder: Builder, value: Any, base: Map, epsilon: float) -> Terms:
    """A constant, a map or a Formula as a polynomial in the numbers of the map `base`."""
    if isinstance(value, Constant):
        return {"": list(builder.per_channel(base, value))}
    if isinstance(value.step, Formula):
        fits = value.step.base == base and value.step.epsilon in (0.0, epsilon)
        terms = value.step.terms if fits else None
    else:
        terms = expressed(value.step, base.step) if value.dims == base.dims else None
    if terms is None:
        raise Unknown("a mean over channels, erf or tanh with another map", "normalisation over channels, or GELU")
    return terms


def inverse(terms: Terms) -> Terms:
    """1 / terms"""
    if terms.keys() == {""} and all(terms[""]):
        return {"": [1.0 / one for one in terms[""]]}
    check(is_that(terms, {"d": 1.0}), "a map divided by what is computed of another", "by the root of its variance")
    return {"r": terms["d"]}


def made(builder: Builder, name: str, base: Map, terms: Terms, epsilon: float, dims: Any) -> Map:
    """The Formula, or what it has become."""
    for letter, approximate in (("e", False), ("t", True)):
        if is_that(terms, {"x": 0.5, letter + "x": 0.5}):
            return builder.plain(name, base, "Gelu", **({"approximate": True} if approximate else {}))
    factors = terms.get("rx", [])
    if "mr" in terms and terms.keys() - {""} == {"rx", "mr"} and all(
            abs(f + m) <= 1e-6 * abs(f) for f, m in zip(factors, terms["mr"])):
        scaled, shifted = not close(factors, 1.0), "" in terms
        y = builder.normalised_cells(name + "/normalised" * (scaled or shifted), base, epsilon)
        if scaled:
            y = builder.scaled(name + "/scale" * shifted, y, factors)
        return builder.shifted(name, y, terms[""]) if shifted else y
    return Map(Formula(name, base, terms, epsilon), dims)


def mean(builder: Builder, name: str, x: Map, axes: Sequence[int], keep: bool) -> Map:
    """The mean over the channels, a Formula, or over all rows and columns."""
    places = {i % len(x.dims) for i in axes}
    base = x.step.base if isinstance(x.step, Formula) else builder.settled(name, x)
    if len(places) != 1 or not is_channels(base, min(places)):
        check(not isinstance(x.step, Formula), "a mean over rows and columns of such over channels", "one or the other")
        return builder.mean(name, x, axes, keep)
    ones = [1.0] * base.shape[2]
    terms = x.step.terms if isinstance(x.step, Formula) else {"x": ones}
    if is_that(terms, {"x": 1.0}):
        terms = {"m": ones}
    else:
        check(is_that(terms, {"xx": 1.0, "mx": -2.0, "mm": 1.0}), "a mean over channels of a formula", "a variance")
        terms = {"v": ones}
    dims = tuple(() if i in places else dim for i, dim in enumerate(base.dims) if keep or i not in places)
    return Map(Formula(name, base, terms, 0.0), dims)


def is_channels(x: Map, place: int) -> bool:
    return joined(x.dims[place]) == axis("c", x.shape[2]) != ()


def root(name: str, x: Map, inverted: bool) -> Map:
    """sqrt(x) or 1 / sqrt(x) of a variance and epsilon."""
    terms = x.step.terms if isinstance(x.step, Formula) else {}
    epsilon = terms.get("", [0.0])[0]
    check(is_that(terms, {"v": 1.0, "": epsilon}), "a root of a map", "one of a variance and a number above 0")
    assert isinstance(x.step, Formula)
    return Map(Formula(name, x.step.base, {"r" if inverted else "d": [1.0] * x.shape[2]}, epsilon), x.dims)


def power(builder: Builder, name: str, x: Map, exponent: float) -> Map:
    if exponent in (0.5, -0.5):
        return root(name, x, exponent < 0.0)
    if exponent == -1.0 and is_formula(x):
        return combined(builder, name, truediv, Constant((), [1.0]), x)
    check(exponent in (2.0, 3.0), f"a map to the power of {exponent:g}", "2 or 3; of a variance also 0.5, -0.5 or -1")
    square = multiplied(builder, name if exponent == 2.0 else name + "/square", x, x)
    return square if exponent == 2.0 else multiplied(builder, name, x, square)


def multiplied(builder: Builder, name: str, x: Map, y: Map) -> Map:
    return combined(builder, name, mul, x, y) if is_formula(x) or is_formula(y) else builder.product(name, x, y)


def negative(builder: Builder, name: str, x: Map) -> Map:
    return combined(builder, name, mul, x, Constant((), [-1.0])) if is_formula(x) else builder.minus(name, x)


def function(builder: Builder, name: str, x: Map, letter: str) -> Map:
    """erf ("e") or tanh ("t") of a map times what GELU has there; in a file of float16 that is off by 1e-4. Keras has
    erf of -(-x) / sqrt 2, so the farthest of the maps that fit is meant."""
    share = math.sqrt(2.0 / math.pi)
    wanted = {"x": math.sqrt(0.5)} if letter == "e" else {"x": share, "xxx": 0.044715 * share}
    bases = arguments(x.step)
    builder.spend(x.shape[2] * len(bases) ** 2)
    for base in reversed(bases):
        terms = expressed(x.step, base) or {}
        for sign in (1.0, -1.0):
            if is_that(times(terms, sign), wanted, 1e-3):
                return Map(Formula(name, Map(base, x.dims), {letter: [sign] * base.shape[2]}, 0.0), x.dims)
    raise Unknown(f"{'erf' if letter == 'e' else 'tanh'} by itself", "GELU, x / 2 (1 + erf(x / sqrt 2))")
